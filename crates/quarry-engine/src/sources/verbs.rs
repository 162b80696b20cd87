//! The verbs on sources.

use quarry_core::{
    Access, Action, CollectionName, ErrorKind, Fault as _, Metadata, Page, PageRequest, SourceId,
};
use quarry_store::{
    NewSource as NewRow, SourceChange, SourceItem, SourceKind, SourceRow, SourceRun, StoreError,
};
use serde::{Deserialize, Serialize};

use super::{
    scheduler,
    spec::{self, SourcePlace},
    view::SourceView,
};
use crate::{
    engine::Engine,
    error::EngineError,
    govern::{must, must_in, must_see},
    signature,
};

/// A source to add.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// Its name, unique in the tenant. Sources of its documents begin with it.
    pub name: String,
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Where its documents go.
    #[serde(default = "CollectionName::fallback")]
    pub collection: CollectionName,
    /// Of a folder: where it is, on the machine that serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of a folder: patterns of the files that belong to it; none means all.
    #[serde(default)]
    pub include: Vec<String>,
    /// Of a folder: patterns of what is left out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Of the web: the addresses.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Metadata of every document; `source_name` is added.
    #[serde(default)]
    pub metadata: Metadata,
    /// How often it is looked at by itself; only when somebody asks for it where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u64>,
    /// Whether it begins paused.
    #[serde(default)]
    pub paused: bool,
}

impl NewSource {
    fn place(&self) -> SourcePlace {
        SourcePlace {
            path: self.path.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            urls: self.urls.clone(),
            metadata: self.metadata.clone(),
        }
    }
}

/// What to change about a source. What is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateSource {
    /// Of a folder: where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of a folder: patterns of the files that belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include: Option<Vec<String>>,
    /// Of a folder: patterns of what is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<Vec<String>>,
    /// Of the web: the addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urls: Option<Vec<String>>,
    /// Metadata of documents that are read from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// How often it is looked at by itself; null for no longer.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "said")]
    pub every_seconds: Option<Option<u64>>,
    /// Whether it is not looked at by itself for now. A run that goes goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

/// A value that was said, be it null.
fn said<'de, D: serde::Deserializer<'de>>(given: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(given).map(Some)
}

impl UpdateSource {
    /// The place with what is changed about it; none where nothing is.
    fn place(&self, mut place: SourcePlace) -> Option<SourcePlace> {
        let before = place.clone();
        place.path = self.path.clone().or(place.path);
        place.include = self.include.clone().unwrap_or(place.include);
        place.exclude = self.exclude.clone().unwrap_or(place.exclude);
        place.urls = self.urls.clone().unwrap_or(place.urls);
        place.metadata = self.metadata.clone().unwrap_or(place.metadata);
        (place != before).then_some(place)
    }
}

/// Documents removed between two looks at the list.
const TOGETHER: u32 = 100;

/// The verbs on sources.
#[derive(Clone, Copy)]
pub struct Sources<'a>(pub(crate) &'a Engine);

impl Sources<'_> {
    /// Adds a source. One that is looked at by itself is looked at at once.
    ///
    /// # Errors
    /// `invalid_source`, `invalid_metadata`, `source_exists`, `collection_not_found`.
    pub async fn add(&self, access: &Access, new: NewSource) -> Result<SourceView, EngineError> {
        must(access, Action::ChangeSources)?;
        let inner = self.0.inner();
        spec::check_name(&new.name)?;
        spec::check_every(new.kind, new.every_seconds)?;
        let place = new.place();
        place.check(new.kind, inner)?;
        let collection = self.0.documents().target(access, &new.collection).await?;
        must_in(access, Action::ChangeSources, &collection)?;
        let secret = match new.kind {
            SourceKind::Push => Some(signature::secret("qs")?),
            SourceKind::Folder | SourceKind::Web => None,
        };
        let row = NewRow {
            tenant: access.tenant(),
            id: SourceId::new(),
            collection: collection.id,
            kind: new.kind,
            name: new.name,
            settings: place.stored()?,
            every_seconds: new.every_seconds,
            paused: new.paused,
            secret: secret.clone(),
            created_at: inner.clock.now(),
        };
        let row = inner.store.sources().add(access.by(), row).await?;
        inner.desk.look();
        let secret = secret.map(|secret| secret.expose().to_owned());
        Ok(SourceView { secret, ..self.view(row)? })
    }

    /// A source by name or id.
    ///
    /// # Errors
    /// `source_not_found`.
    pub async fn get(&self, access: &Access, source: &str) -> Result<SourceView, EngineError> {
        self.view(self.row(access, Action::ReadSources, source).await?)
    }

    /// A page of sources, by name.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<SourceView>, EngineError> {
        must(access, Action::ReadSources)?;
        let reach = access.reach();
        let listed = self.0.inner().store.sources().list(access.tenant(), reach.as_ref(), page).await?;
        let items = listed.items.into_iter().map(|row| self.view(row)).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor: listed.next_cursor })
    }

    /// Changes a source: where it is, how often it is looked at, whether it is paused.
    ///
    /// # Errors
    /// `source_not_found`, `invalid_source`, `invalid_metadata`.
    pub async fn update(
        &self,
        access: &Access,
        source: &str,
        change: UpdateSource,
    ) -> Result<SourceView, EngineError> {
        let inner = self.0.inner();
        let row = self.row(access, Action::ChangeSources, source).await?;
        spec::check_every(row.kind, change.every_seconds.flatten())?;
        let place = change.place(SourcePlace::of(&row)?);
        if let Some(place) = &place {
            place.check(row.kind, inner)?;
        }
        let change = SourceChange {
            settings: place.as_ref().map(SourcePlace::stored).transpose()?,
            every_seconds: change.every_seconds,
            paused: change.paused,
        };
        let row = inner.store.sources().update(access.by(), access.tenant(), row.id, change).await?;
        inner.desk.look();
        self.view(row)
    }

    /// Removes a source; with its documents, or without them. A run that goes ends.
    ///
    /// # Errors
    /// `source_not_found`.
    pub async fn remove(&self, access: &Access, source: &str, documents: bool) -> Result<(), EngineError> {
        let inner = self.0.inner();
        let row = self.row(access, Action::ChangeSources, source).await?;
        let sources = inner.store.sources();
        if documents {
            // Nothing may be added while everything is removed: neither by a run that goes nor by one that is due.
            let change = SourceChange { paused: Some(true), ..SourceChange::default() };
            sources.update(access.by(), access.tenant(), row.id, change).await?;
            scheduler::take_over(inner, &row).await?;
            self.remove_documents(access, row.id).await?;
        }
        Ok(sources.remove(access.by(), access.tenant(), row.id).await?)
    }

    async fn remove_documents(&self, access: &Access, id: SourceId) -> Result<(), EngineError> {
        let sources = self.0.inner().store.sources();
        let page = PageRequest::new(Some(TOGETHER), None);
        loop {
            let items = sources.items(access.tenant(), id, &page).await?.items;
            if items.is_empty() {
                return Ok(());
            }
            for document in items.iter().filter_map(|item| item.document_id) {
                match self.0.documents().remove(access, document).await {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    // Somebody else was quicker.
                    _ => {}
                }
            }
            let keys: Vec<String> = items.into_iter().map(|item| item.key).collect();
            sources.drop_items(access.tenant(), id, &keys).await?;
        }
    }

    /// Looks at a source now, due or not, and gives the run that does it. With `force`, as much is removed as is gone, and
    /// what was passed over is looked at again.
    ///
    /// # Errors
    /// `source_not_found`, `source_busy`, `source_not_synced`.
    pub async fn sync(&self, access: &Access, source: &str, force: bool) -> Result<SourceRun, EngineError> {
        let row = self.row(access, Action::SyncSources, source).await?;
        if row.kind == SourceKind::Push {
            return Err(EngineError::invalid(
                "source_not_synced",
                "",
                "a push source is filled by its sender; there is nothing to look at",
            ));
        }
        let number = scheduler::begin(self.0.inner(), access.by(), &row, force).await?;
        Ok(self.0.inner().store.sources().run(access.tenant(), row.id, number).await?)
    }

    /// A page of a source's runs, newest first.
    ///
    /// # Errors
    /// `source_not_found`, `invalid_cursor`.
    pub async fn runs(
        &self,
        access: &Access,
        source: &str,
        page: &PageRequest,
    ) -> Result<Page<SourceRun>, EngineError> {
        let row = self.row(access, Action::ReadSources, source).await?;
        Ok(self.0.inner().store.sources().runs(access.tenant(), row.id, page).await?)
    }

    /// A page of a source's entries, by key.
    ///
    /// # Errors
    /// `source_not_found`, `invalid_cursor`.
    pub async fn items(
        &self,
        access: &Access,
        source: &str,
        page: &PageRequest,
    ) -> Result<Page<SourceItem>, EngineError> {
        let row = self.row(access, Action::ReadSources, source).await?;
        Ok(self.0.inner().store.sources().items(access.tenant(), row.id, page).await?)
    }

    /// Runs every sync that is due, here and now, and answers how many there were. What the scheduler does by itself.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn run_due(&self) -> Result<usize, EngineError> {
        scheduler::run_due(self.0.inner()).await
    }

    /// A source by name or id, when this may be done with it. One of a collection that the caller does not see is not there.
    pub(super) async fn row(
        &self,
        access: &Access,
        action: Action,
        source: &str,
    ) -> Result<SourceRow, EngineError> {
        let sources = self.0.inner().store.sources();
        let missing = || StoreError::SourceNotFound(source.to_owned());
        let row = match sources.find_by_name(access.tenant(), source).await? {
            Some(row) => row,
            None => {
                let id = source.parse::<SourceId>().map_err(|_| missing())?;
                sources.get(access.tenant(), id).await?
            }
        };
        must_see(access, action, row.collection, missing)?;
        Ok(row)
    }

    fn view(&self, row: SourceRow) -> Result<SourceView, EngineError> {
        SourceView::of(row, self.0.inner().clock.now())
    }
}

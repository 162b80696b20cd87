//! Collections: made, listed, described, removed.

use std::collections::BTreeMap;

use quarry_core::{Access, Action, Collection, CollectionName, DocumentStatus, Page, PageRequest, Scope};
use quarry_store::NewCollection;
use serde::{Deserialize, Serialize};

use crate::{
    engine::Engine,
    error::EngineError,
    generations::{self, Change},
    govern::{must, must_in},
};

/// How many documents a collection holds, by status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Documents by status name.
    pub documents: BTreeMap<String, u64>,
    /// Searchable chunks.
    pub chunks: u64,
}

/// The verbs on collections.
#[derive(Clone, Copy)]
pub struct Collections<'a>(pub(crate) &'a Engine);

impl Collections<'_> {
    /// Makes a collection, with the configured embedder and way of cutting where none is named.
    ///
    /// # Errors
    /// `collection_exists`, `invalid_chunking`, `unknown_embedder`, `model_not_installed`.
    pub async fn add(
        &self,
        access: &Access,
        name: &CollectionName,
        description: String,
        change: Change,
    ) -> Result<Collection, EngineError> {
        must(access, Action::AddCollection)?;
        self.make(access, name, description, change).await
    }

    /// The same for a caller who may do what needs the collection.
    pub(crate) async fn make(
        &self,
        access: &Access,
        name: &CollectionName,
        description: String,
        change: Change,
    ) -> Result<Collection, EngineError> {
        let inner = self.0.inner();
        let Change { embedder, chunking } = change;
        if let Some(chunking) = &chunking {
            generations::check(chunking)?;
        }
        let embedder = embedder.unwrap_or_else(|| inner.embedders.default_id().to_owned());
        let dimension = inner.embedders.open(&embedder)?.info().dimension;
        let fresh = NewCollection {
            name: name.clone(),
            description,
            embedder,
            dimension: u32::try_from(dimension).unwrap_or(u32::MAX),
            chunking,
        };
        Ok(inner.store.collections().add(access.tenant(), fresh, access.by()).await?)
    }

    /// A collection by name.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn get(&self, access: &Access, name: &CollectionName) -> Result<Collection, EngineError> {
        self.fresh(access, Action::ReadCollection, name).await
    }

    /// A collection as it is in the database now, when this may be done in it.
    pub(crate) async fn fresh(
        &self,
        access: &Access,
        action: Action,
        name: &CollectionName,
    ) -> Result<Collection, EngineError> {
        let collection = self.0.inner().store.collections().get(access.tenant(), name).await?;
        must_in(access, action, &collection)?;
        Ok(collection)
    }

    /// How full it is.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn counts(&self, access: &Access, name: &CollectionName) -> Result<Counts, EngineError> {
        let inner = self.0.inner();
        let collection = inner.permitted(access, Action::ReadCollection, name).await?;
        let mut counts: Counts =
            inner.store.collections().document_counts(access.tenant(), collection.id).await?.into();
        let applied = inner.indexer.applied(&collection.scope());
        let behind = inner.store.documents().ready_after(access.tenant(), collection.id, applied).await?;
        // What this server's index has not applied is `ready` in the database only.
        let mut shift = |status: DocumentStatus, change: &dyn Fn(u64) -> u64| {
            counts.documents.entry(status.as_str().to_owned()).and_modify(|count| *count = change(*count));
        };
        shift(DocumentStatus::Ready, &|count| count.saturating_sub(behind));
        shift(DocumentStatus::Indexing, &|count| count + behind);
        Ok(counts)
    }

    /// A page of collections, by name.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<Collection>, EngineError> {
        must(access, Action::ReadCollection)?;
        let reach = access.reach();
        Ok(self.0.inner().store.collections().list(access.tenant(), reach.as_ref(), page).await?)
    }

    /// Changes the description.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn describe(
        &self,
        access: &Access,
        name: &CollectionName,
        description: String,
    ) -> Result<Collection, EngineError> {
        let inner = self.0.inner();
        let collection = self.fresh(access, Action::ChangeCollection, name).await?;
        let changed = inner
            .store
            .collections()
            .describe(access.tenant(), collection.id, &description, access.by())
            .await?;
        inner.forget(collection.id);
        Ok(changed)
    }

    /// Erases a collection with everything in it.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn remove(&self, access: &Access, name: &CollectionName) -> Result<(), EngineError> {
        let inner = self.0.inner();
        let collection = self.fresh(access, Action::RemoveCollection, name).await?;
        let generations = inner.store.generations().list(access.tenant(), collection.id).await?;
        inner.store.collections().remove(access.tenant(), collection.id, access.by()).await?;
        inner.forget(collection.id);
        for one in generations {
            let scope = Scope { generation: one.number, ..collection.scope() };
            inner.indexer.reset(&scope);
            inner.index.discard(&scope).await?;
        }
        inner.announce();
        Ok(())
    }
}

impl From<quarry_store::DocumentCounts> for Counts {
    fn from(counts: quarry_store::DocumentCounts) -> Self {
        let documents = [
            (DocumentStatus::Pending, counts.pending),
            (DocumentStatus::Processing, counts.processing),
            (DocumentStatus::Indexing, counts.indexing),
            (DocumentStatus::Ready, counts.ready),
            (DocumentStatus::Failed, counts.failed),
        ];
        let documents =
            documents.into_iter().map(|(status, count)| (status.as_str().to_owned(), count)).collect();
        Self { documents, chunks: counts.chunks }
    }
}

//! Generations of a collection: another embedder or another way of cutting, built beside what answers and swapped in.

use quarry_core::{Access, Action, Chunking, Collection, CollectionName, ErrorKind, Fault, Scope, Timestamp};
pub use quarry_store::GenerationState;
use quarry_store::{Generation, NewGeneration};
use serde::{Deserialize, Serialize};

use crate::{
    engine::{Engine, Inner},
    error::EngineError,
    ingest::build,
};

/// A generation, as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerationView {
    /// Its number, from 1.
    pub number: u32,
    /// The embedder's id.
    pub embedder: String,
    /// How documents are cut; absent for the server's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunking: Option<Chunking>,
    /// Where it is.
    pub state: GenerationState,
    /// Documents that it holds.
    pub done: u64,
    /// Documents that it must hold.
    pub total: u64,
    /// Why it could not be built, or what it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a generation is to have that the live one has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Another embedder.
    pub embedder: Option<String>,
    /// Another way of cutting.
    pub chunking: Option<Chunking>,
}

/// The verbs on generations.
#[derive(Clone, Copy)]
pub struct Generations<'a>(pub(crate) &'a Engine);

impl Generations<'_> {
    /// A collection's generations, newest first.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn list(
        &self,
        access: &Access,
        name: &CollectionName,
    ) -> Result<Vec<GenerationView>, EngineError> {
        self.views(access, name, |_| true).await
    }

    /// Those that are being built.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn building(
        &self,
        access: &Access,
        name: &CollectionName,
    ) -> Result<Vec<GenerationView>, EngineError> {
        self.views(access, name, |one| one.state == GenerationState::Building).await
    }

    /// How far a generation is takes counting, so that only those that are wanted are looked at.
    async fn views(
        &self,
        access: &Access,
        name: &CollectionName,
        wanted: impl Fn(&Generation) -> bool,
    ) -> Result<Vec<GenerationView>, EngineError> {
        let inner = self.0.inner();
        let collection = self.0.collections().fresh(access, Action::ReadCollection, name).await?;
        let mut views = Vec::new();
        for one in inner.store.generations().list(access.tenant(), collection.id).await? {
            if wanted(&one) {
                views.push(view(inner, &collection, one).await?);
            }
        }
        Ok(views)
    }

    /// One generation.
    ///
    /// # Errors
    /// `collection_not_found`, `generation_not_found`.
    pub async fn get(
        &self,
        access: &Access,
        name: &CollectionName,
        number: u32,
    ) -> Result<GenerationView, EngineError> {
        let inner = self.0.inner();
        let collection = self.0.collections().fresh(access, Action::ReadCollection, name).await?;
        let one = inner.store.generations().get(access.tenant(), collection.id, number).await?;
        view(inner, &collection, one).await
    }

    /// Begins the next generation. It is built in the background from the documents' original bytes and swapped in when
    /// it holds all of them; until then the live one answers. Vectors of chunks that stay the same are kept.
    ///
    /// # Errors
    /// `collection_not_found`, `invalid_chunking`, `unknown_embedder`, `model_not_installed`, `generation_busy`.
    pub async fn begin(
        &self,
        access: &Access,
        name: &CollectionName,
        change: Change,
    ) -> Result<GenerationView, EngineError> {
        let inner = self.0.inner();
        let collection = self.0.collections().fresh(access, Action::ChangeCollection, name).await?;
        if let Some(chunking) = &change.chunking {
            check(chunking)?;
        }
        let embedder = change.embedder.unwrap_or_else(|| collection.embedder.clone());
        let dimension = inner.embedders.open(&embedder)?.info().dimension;
        let new = NewGeneration {
            embedder,
            dimension: u32::try_from(dimension).unwrap_or(u32::MAX),
            chunking: change.chunking.or(collection.chunking),
        };
        let scope = (access.tenant(), collection.id);
        let one = inner.store.generations().begin(scope, &new, access.by()).await?;
        build::start(inner, Scope { generation: one.number, ..collection.scope() });
        view(inner, &collection, one).await
    }

    /// Swaps back to a kept generation, once what changed since has been made for it; tries a failed one again.
    ///
    /// # Errors
    /// `collection_not_found`, `generation_not_found`, `generation_busy`.
    pub async fn activate(
        &self,
        access: &Access,
        name: &CollectionName,
        number: u32,
    ) -> Result<GenerationView, EngineError> {
        let inner = self.0.inner();
        let collection = self.0.collections().fresh(access, Action::ChangeCollection, name).await?;
        let scope = (access.tenant(), collection.id);
        let one = inner.store.generations().resume(scope, number, access.by()).await?;
        build::start(inner, Scope { generation: one.number, ..collection.scope() });
        view(inner, &collection, one).await
    }

    /// Drops a generation that does not answer; ends one that is being built.
    ///
    /// # Errors
    /// `collection_not_found`, `generation_not_found`, `generation_busy` for the live one.
    pub async fn remove(
        &self,
        access: &Access,
        name: &CollectionName,
        number: u32,
    ) -> Result<(), EngineError> {
        let inner = self.0.inner();
        let collection = self.0.collections().fresh(access, Action::ChangeCollection, name).await?;
        let id = (access.tenant(), collection.id);
        inner.store.generations().drop_one(id, number, access.by()).await?;
        let scope = Scope { generation: number, ..collection.scope() };
        inner.indexer.reset(&scope);
        Ok(inner.index.discard(&scope).await?)
    }

    /// Waits until a generation is live, and gives the collection. `progress` is told (done, all) documents.
    ///
    /// # Errors
    /// `generation_failed` when it could not be built; `generation_not_found` when it was dropped meanwhile.
    pub async fn built(
        &self,
        access: &Access,
        name: &CollectionName,
        number: u32,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Collection, EngineError> {
        let inner = self.0.inner();
        let mut moved = inner.moved.subscribe();
        loop {
            moved.borrow_and_update();
            let one = self.get(access, name, number).await?;
            progress(one.done, one.total);
            match one.state {
                GenerationState::Live => {
                    return Ok(inner.store.collections().get(access.tenant(), name).await?);
                }
                GenerationState::Failed => {
                    return Err(EngineError::GenerationFailed(one.error.unwrap_or_default()));
                }
                GenerationState::Building | GenerationState::Kept => {}
            }
            if inner.closing.is_cancelled() {
                return Err(EngineError::Closing);
            }
            let _ = tokio::time::timeout(std::time::Duration::from_millis(500), moved.changed()).await;
        }
    }
}

/// Whether documents can be cut so.
pub(crate) fn check(chunking: &Chunking) -> Result<(), EngineError> {
    chunking.check().map_err(|problem| EngineError::invalid("invalid_chunking", "/chunking", problem))
}

async fn view(
    inner: &Inner,
    collection: &Collection,
    one: Generation,
) -> Result<GenerationView, EngineError> {
    let counted = inner.store.generations().progress(collection.id, one.chunk_set).await;
    let (lacking, total) = match counted {
        Err(error) if error.kind() == ErrorKind::NotFound => (0, 0),
        other => other?,
    };
    Ok(GenerationView {
        number: one.number,
        embedder: one.embedder,
        chunking: one.chunking,
        state: one.state,
        done: total.saturating_sub(lacking),
        total,
        error: one.error,
        created_at: one.created_at,
        updated_at: one.updated_at,
    })
}

//! Keeping the index true to the database: verify, repair, rebuild.

use quarry_core::{Access, Action, AuditAction, Collection, CollectionName, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    audit,
    engine::{Engine, Inner},
    error::EngineError,
    generations::Change,
    ingest::indexer,
};

/// What a comparison of database and index found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verification {
    /// The collection.
    pub collection: CollectionName,
    /// Whether both sides agree.
    pub clean: bool,
    /// Chunks in the database.
    pub database_chunks: u64,
    /// Chunks in the index.
    pub index_chunks: u64,
    /// In the database, not in the index.
    pub missing: u64,
    /// In the index, not in the database.
    pub orphans: u64,
    /// The database's sequence number.
    pub database_sequence: u64,
    /// The index's.
    pub index_sequence: u64,
}

/// What a repair did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Repair {
    /// Before.
    pub before: Verification,
    /// After.
    pub after: Verification,
    /// Whether the shard was thrown away and replayed.
    pub rebuilt: bool,
}

/// The verbs on the index.
#[derive(Clone, Copy)]
pub struct Maintenance<'a>(pub(crate) &'a Engine);

impl Maintenance<'_> {
    /// Compares database and index.
    ///
    /// # Errors
    /// `collection_not_found`, storage and index errors.
    pub async fn verify(
        &self,
        access: &Access,
        collection: &CollectionName,
    ) -> Result<Verification, EngineError> {
        let collection = self.0.collections().fresh(access, Action::MaintainIndex, collection).await?;
        compare(self.0.inner(), &collection).await
    }

    /// Makes the index equal to the database, by replaying it when they differ.
    ///
    /// # Errors
    /// The same.
    pub async fn repair(&self, access: &Access, collection: &CollectionName) -> Result<Repair, EngineError> {
        let inner = self.0.inner();
        let collection = self.0.collections().fresh(access, Action::MaintainIndex, collection).await?;
        let before = compare(inner, &collection).await?;
        if before.clean {
            return Ok(Repair { after: before.clone(), before, rebuilt: false });
        }
        let differs = json!({"missing": before.missing, "orphans": before.orphans});
        audit::note(inner, access, (AuditAction::IndexRepair, collection.id.to_string()), differs).await?;
        indexer::start_over(inner, collection.scope()).await?;
        let target = inner.store.collections().get(access.tenant(), &collection.name).await?.sequence;
        indexer::reached(inner, &collection.scope(), target).await?;
        let after = compare(inner, &collection).await?;
        Ok(Repair { before, after, rebuilt: true })
    }

    /// Builds the index anew from the database; with another embedder or way of cutting, also every chunk or vector that
    /// this changes. Questions are answered from the old generation until the new one is complete. `progress` is told
    /// (done, all) chunks or documents.
    ///
    /// # Errors
    /// `collection_not_found`, `unknown_embedder`, `model_not_installed`, storage, index and model errors.
    pub async fn rebuild(
        &self,
        access: &Access,
        collection: &CollectionName,
        change: Change,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Collection, EngineError> {
        let inner = self.0.inner();
        let old = self.0.collections().fresh(access, Action::MaintainIndex, collection).await?;
        let same_embedder = change.embedder.as_ref().is_none_or(|id| *id == old.embedder);
        let same_chunking = change.chunking.is_none_or(|chunking| Some(chunking) == old.chunking);
        if same_embedder && same_chunking {
            return crate::rebuild::Rebuild { inner, access, old: &old }.run(progress).await;
        }
        let generations = self.0.generations();
        let one = generations.begin(access, collection, change).await?;
        generations.built(access, collection, one.number, progress).await
    }
}

/// Both sides, compared key by key. Changes that arrive between the two reads would look like a difference, so a
/// difference is looked at again after the index has caught up.
async fn compare(inner: &Inner, collection: &Collection) -> Result<Verification, EngineError> {
    let scope = collection.scope();
    let mut last = compare_once(inner, collection, &scope).await?;
    for _ in 0..CATCH_UP {
        if last.clean {
            break;
        }
        inner.indexer.touch(scope);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        last = compare_once(inner, collection, &scope).await?;
        if last.index_sequence >= last.database_sequence {
            break;
        }
    }
    Ok(last)
}

/// How many tenths of a second an index gets to catch up before a difference counts.
const CATCH_UP: u32 = 50;

async fn compare_once(
    inner: &Inner,
    collection: &Collection,
    scope: &Scope,
) -> Result<Verification, EngineError> {
    let state = inner.index.state(scope, true).await?;
    let keys = inner.store.chunks().keys(scope.tenant, scope.collection).await?;
    let sequence = inner.store.collections().get_by_id(scope.tenant, scope.collection).await?.sequence;
    let missing = keys.iter().filter(|key| state.keys.binary_search(key).is_err()).count() as u64;
    let orphans = state.keys.iter().filter(|key| keys.binary_search(key).is_err()).count() as u64;
    Ok(Verification {
        collection: collection.name.clone(),
        clean: missing == 0 && orphans == 0 && state.sequence == sequence,
        database_chunks: keys.len() as u64,
        index_chunks: state.keys.len() as u64,
        missing,
        orphans,
        database_sequence: sequence,
        index_sequence: state.sequence,
    })
}

//! A collection's index built anew over the same chunks, beside the old one, and swapped in.

use std::time::{Duration, Instant};

use quarry_core::{Access, Collection, ErrorKind, Fault, Scope};

use crate::{engine::Inner, error::EngineError, events, ingest::indexer};

/// Chunks handed over at a time.
const PAGE: u32 = 1_000;
/// Swaps tried while documents keep arriving; each try has only what arrived since to do.
const TRIES: u32 = 50;

/// A rebuild under way.
pub(crate) struct Rebuild<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) access: &'a Access,
    pub(crate) old: &'a Collection,
}

impl Rebuild<'_> {
    /// Builds, swaps and discards the old index.
    ///
    /// Until the swap everything is in the new shard's folder, so a crash leaves the old index as it was. The swap fails
    /// when the collection changed since it was read; then only the difference is done again.
    pub(crate) async fn run(
        self,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Collection, EngineError> {
        let started = Instant::now();
        let generation = self.inner.store.generations().begin_index(self.old.tenant, self.old.id).await?;
        let scope = Scope { generation, ..self.old.scope() };
        self.inner.index.discard(&scope).await?;
        let mut done = 0;
        for _ in 0..TRIES {
            let current = self.inner.store.collections().get_by_id(scope.tenant, scope.collection).await?;
            done += self.hand_over(&scope).await?;
            progress(done, done);
            let swapped = self
                .inner
                .store
                .collections()
                .swap_index(
                    (scope.tenant, scope.collection),
                    (scope.generation, current.sequence),
                    self.access.by(),
                )
                .await;
            match swapped {
                Ok(collection) => {
                    self.retire(&scope).await?;
                    events::rebuilt(&scope, done, started.elapsed());
                    return Ok(collection);
                }
                // Documents arrived meanwhile.
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.inner.index.discard(&scope).await?;
        Err(EngineError::Busy)
    }

    /// Feeds the new shard what it has not. Gives the changes handed over.
    async fn hand_over(&self, scope: &Scope) -> Result<u64, EngineError> {
        let mut at = self.inner.index.state(scope, false).await?.sequence;
        let mut done = 0;
        loop {
            let pages = self.inner.store.chunks().changes_after(scope, at, PAGE).await?;
            let Some(last) = pages.last() else { break };
            at = last.sequence;
            for page in pages {
                let batch = indexer::batch_of(page);
                done += batch.changes.len() as u64;
                self.inner.index.apply(scope, batch).await?;
            }
        }
        self.inner.index.commit(scope).await?;
        Ok(done)
    }

    /// Questions go to the new index from here on; the old one's files are of no more use.
    async fn retire(&self, scope: &Scope) -> Result<(), EngineError> {
        self.inner.forget(scope.collection);
        self.inner.indexer.touch(*scope);
        let old = self.old.scope();
        self.inner.indexer.reset(&old);
        Ok(self.inner.index.discard(&old).await?)
    }
}

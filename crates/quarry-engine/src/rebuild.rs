//! A new generation of a collection's index, built beside the old one and swapped in.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use quarry_core::{Access, Collection, ErrorKind, Fault, Scope};
use quarry_index::{Change, vector};
use quarry_models::{EmbedRequest, Embedder, Purpose};
use quarry_store::Swap;

use crate::{engine::Inner, error::EngineError, events, ingest::indexer};

/// Chunks embedded or handed over at a time.
const PAGE: u32 = 1_000;
/// Swaps tried while documents keep arriving; each try has only what arrived since to do.
const TRIES: u32 = 50;

/// A rebuild under way.
pub(crate) struct Rebuild<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) access: &'a Access,
    pub(crate) old: &'a Collection,
    pub(crate) id: String,
    pub(crate) model: Arc<dyn Embedder>,
}

impl Rebuild<'_> {
    /// Builds, swaps and discards the old generation.
    ///
    /// Until the swap everything is in memory and in the new shard's folder, so a crash leaves the old generation as
    /// it was. The swap itself is one transaction that fails when the collection changed since it was read; then
    /// only the difference is done again.
    pub(crate) async fn run(
        self,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<Collection, EngineError> {
        let started = Instant::now();
        let collections = self.inner.store.collections();
        let generation = collections.begin_generation(self.old.tenant, self.old.id).await?;
        let scope = Scope { generation, ..self.old.scope() };
        self.inner.index.discard(&scope).await?;
        let embeds = self.id != self.old.embedder;
        let mut vectors: HashMap<u64, Option<Vec<u8>>> = HashMap::new();
        let mut done = 0;
        for _ in 0..TRIES {
            let current = self.inner.store.collections().get_by_id(scope.tenant, scope.collection).await?;
            if embeds {
                self.embed(&mut vectors, progress).await?;
            }
            done += self.hand_over(&scope, embeds.then_some(&vectors), progress).await?;
            let swap = Swap {
                generation: scope.generation,
                embedder: self.id.clone(),
                dimension: u32::try_from(self.model.info().dimension).unwrap_or(u32::MAX),
                expected_sequence: current.sequence,
            };
            let fresh: Option<Vec<(u64, Vec<u8>)>> = embeds
                .then(|| vectors.iter().filter_map(|(key, vector)| Some((*key, vector.clone()?))).collect());
            let swapped = self
                .inner
                .store
                .collections()
                .swap_generation(
                    (scope.tenant, scope.collection),
                    &swap,
                    fresh.as_deref(),
                    self.access.actor(),
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

    /// Embeds every chunk that has no new vector yet.
    async fn embed(
        &self,
        vectors: &mut HashMap<u64, Option<Vec<u8>>>,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<(), EngineError> {
        let store = &self.inner.store;
        let keys = store.chunks().keys(self.old.tenant, self.old.id).await?;
        let missing: Vec<u64> = keys.iter().copied().filter(|key| !vectors.contains_key(key)).collect();
        vectors.retain(|key, _| keys.binary_search(key).is_ok());
        let all = keys.len() as u64;
        for page in missing.chunks(PAGE as usize) {
            let rows = store.chunks().hydrate(self.old.tenant, self.old.id, page).await?;
            let texts: Vec<String> = rows
                .iter()
                .map(|row| crate::ingest::embedded_text(&row.title, &row.headings, None, &row.text))
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let embedded =
                self.model.embed(EmbedRequest { texts: &texts, purpose: Purpose::Document }).await?;
            let encoded = embedded.iter().map(|numbers| vector::encode(numbers));
            vectors.extend(rows.iter().map(|row| row.key).zip(encoded));
            progress(vectors.len() as u64, all);
        }
        Ok(())
    }

    /// Feeds the new shard what it has not, with the new vectors where there are some. Gives the chunks handed over.
    async fn hand_over(
        &self,
        scope: &Scope,
        vectors: Option<&HashMap<u64, Option<Vec<u8>>>>,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<u64, EngineError> {
        let mut at = self.inner.index.state(scope, false).await?.sequence;
        let mut done = 0;
        loop {
            let pages =
                self.inner.store.chunks().changes_after(scope.tenant, scope.collection, at, PAGE).await?;
            let Some(last) = pages.last() else { break };
            at = last.sequence;
            for page in pages {
                let mut batch = indexer::batch_of(page);
                for change in &mut batch.changes {
                    if let (Change::Add(chunk), Some(vectors)) = (change, vectors) {
                        chunk.vector = vectors.get(&chunk.key).cloned().flatten().map(Arc::from);
                    }
                }
                done += batch.changes.len() as u64;
                self.inner.index.apply(scope, batch).await?;
            }
            if vectors.is_none() {
                progress(done, done);
            }
        }
        self.inner.index.commit(scope).await?;
        Ok(done)
    }

    /// Questions go to the new generation from here on; the old one's files are of no more use.
    async fn retire(&self, scope: &Scope) -> Result<(), EngineError> {
        self.inner.forget(scope.collection);
        self.inner.indexer.touch(*scope);
        let old = self.old.scope();
        self.inner.indexer.reset(&old);
        Ok(self.inner.index.discard(&old).await?)
    }
}

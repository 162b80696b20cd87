//! From chunks to vectors: what is known is not embedded again, and what was embedded is not lost.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use quarry_core::{Collection, ErrorKind, Fault};
use quarry_index::vector;
use quarry_models::{EmbedRequest, Embedder, ModelError, Purpose};
use quarry_store::JobStage;

use super::{
    Held,
    cut::{Cut, CutChunk, Hash},
    pace::Pace,
};
use crate::{engine::Inner, error::EngineError, events};

/// Vectors by the hash of what was embedded; none where the embedder knows nothing of a text.
pub(super) type Vectors = HashMap<Hash, Option<Vec<u8>>>;

/// How often the vectors of a slow document are kept.
const KEEP_EVERY: Duration = Duration::from_secs(5);

/// A document with its chunks, or what became of it.
pub(super) type Read = (Held, Result<Cut, EngineError>);

/// Whose chunks are embedded, by what, for whom.
pub(super) struct Embedding<'a> {
    pub(super) inner: &'a Inner,
    pub(super) collection: &'a Collection,
    pub(super) embedder: &'a Arc<dyn Embedder>,
    pub(super) worker: &'a str,
}

impl Embedding<'_> {
    /// Embeds the chunks of documents together. A document whose vectors could not all be had is an error afterwards;
    /// the others are not touched by it.
    pub(super) async fn run(&self, read: &mut [Read]) -> Vectors {
        let mut vectors = self.known(read).await;
        let pace = self.inner.paces.of(&self.collection.embedder);
        let together = self.all(read, &pace, &mut vectors).await;
        let Err(error) = together else { return vectors };
        if passes(&error) {
            let failed = EngineError::Embedding {
                reason: error.to_string(),
                retry_after: pace.rest().or_else(|| error.retry_after()),
            };
            fail(read, &vectors, &failed);
            return vectors;
        }
        // One text that the embedder does not take must not cost the other documents.
        for one in read.iter_mut() {
            let alone = self.all(std::slice::from_ref(one), &pace, &mut vectors).await;
            if let Err(error) = alone {
                let failed = match passes(&error) {
                    true => {
                        EngineError::Embedding { reason: error.to_string(), retry_after: error.retry_after() }
                    }
                    false => EngineError::Model(error),
                };
                fail(std::slice::from_mut(one), &vectors, &failed);
            }
        }
        vectors
    }

    /// The vectors of unchanged chunks of the versions before, and those that an earlier attempt kept.
    async fn known(&self, read: &[Read]) -> Vectors {
        let mut known = Vectors::new();
        let model = (self.collection.embedder.as_str(), self.collection.dimension);
        for (held, outcome) in read {
            let job = &held.job;
            if outcome.is_err() {
                continue;
            }
            if job.version > 1 {
                let chunks = self.inner.store.chunks();
                match chunks.known_vectors(job.tenant, job.document, model).await {
                    Ok(before) => {
                        known
                            .extend(before.into_iter().map(|chunk| (chunk.content_hash, Some(chunk.vector))));
                    }
                    // They are embedded again, which costs time and nothing else.
                    Err(error) => events::worker_failed(&error.into()),
                }
            }
            if job.stage >= JobStage::Chunked {
                match self.inner.store.jobs().kept(job.id).await {
                    Ok(parts) => {
                        let own = parts.iter().filter(|(part, _)| part.starts_with(&self.parts()));
                        own.for_each(|(_, data)| unpack(data, &mut known));
                        events::resumed(job.id, JobStage::Chunked);
                    }
                    Err(error) => events::worker_failed(&error.into()),
                }
            }
        }
        known
    }

    /// Embeds what is not known yet, as many texts a call as the embedder does at its pace.
    async fn all(&self, read: &[Read], pace: &Pace, vectors: &mut Vectors) -> Result<(), ModelError> {
        let fresh: Vec<(&Held, &CutChunk)> = read
            .iter()
            .filter_map(|(held, outcome)| Some((held, outcome.as_ref().ok()?)))
            .flat_map(|(held, document)| document.chunks.iter().map(move |chunk| (held, chunk)))
            .filter(|(_, chunk)| !vectors.contains_key(&chunk.hash))
            .collect();
        let (mut kept_at, mut unkept) = (Instant::now(), Vec::new());
        let mut rest = fresh.as_slice();
        while !rest.is_empty() {
            if let Some(rest) = pace.rest() {
                return Err(resting(&self.collection.embedder, rest));
            }
            let (now, later) = rest.split_at(pace.batch().min(rest.len()));
            let new = self.call(now, pace).await?;
            for ((held, chunk), vector) in now.iter().zip(new) {
                held.progress.add(1);
                vectors.insert(chunk.hash, vector);
            }
            unkept.extend(now.iter().map(|(_, chunk)| chunk.hash));
            rest = later;
            if let [(held, _)] = read
                && !rest.is_empty()
                && kept_at.elapsed() >= KEEP_EVERY
            {
                self.keep(held, &std::mem::take(&mut unkept), vectors).await;
                kept_at = Instant::now();
            }
        }
        Ok(())
    }

    async fn call(
        &self,
        chunks: &[(&Held, &CutChunk)],
        pace: &Pace,
    ) -> Result<Vec<Option<Vec<u8>>>, ModelError> {
        let texts: Vec<&str> = chunks.iter().map(|(_, chunk)| chunk.embedded.as_str()).collect();
        let started = Instant::now();
        match self.embedder.embed(EmbedRequest { texts: &texts, purpose: Purpose::Document }).await {
            Ok(vectors) => {
                pace.went(texts.len(), started.elapsed());
                Ok(vectors.iter().map(|numbers| vector::encode(numbers)).collect())
            }
            Err(error) => {
                if passes(&error) {
                    pace.refused(error.retry_after());
                }
                Err(error)
            }
        }
    }

    /// Keeps vectors of a document that takes long, so that a crash does not cost what was paid for.
    async fn keep(&self, held: &Held, hashes: &[Hash], vectors: &Vectors) {
        let (_, done, _) = held.progress.get();
        let part = format!("{}{done:012}", self.parts());
        let data = pack(hashes, vectors);
        let jobs = self.inner.store.jobs();
        let kept = jobs.keep((held.job.id, self.worker), JobStage::Chunked, (&part, &data));
        if let Err(error) = kept.await {
            // The work goes on; only a crash would have to do more again.
            events::worker_failed(&error.into());
        }
    }

    /// How the names of checkpoints begin: vectors of another model are never taken for these.
    fn parts(&self) -> String {
        format!("vectors:{}:{}:", self.collection.embedder, self.collection.dimension)
    }
}

fn passes(error: &ModelError) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RateLimited)
}

fn resting(embedder: &str, rest: Duration) -> ModelError {
    let problem = "it refused before and is left alone for a moment".to_owned();
    ModelError::Unavailable { id: embedder.to_owned(), problem, retry_after: Some(rest) }
}

/// Documents that lack vectors have failed.
fn fail(read: &mut [Read], vectors: &Vectors, error: &EngineError) {
    for (_, outcome) in read {
        let lacks = outcome
            .as_ref()
            .is_ok_and(|document| document.chunks.iter().any(|chunk| !vectors.contains_key(&chunk.hash)));
        if lacks {
            *outcome = Err(error.again());
        }
    }
}

/// Hash, length and bytes of each vector.
fn pack(hashes: &[Hash], vectors: &Vectors) -> Vec<u8> {
    let known: Vec<(Hash, Option<&[u8]>)> =
        hashes.iter().filter_map(|hash| Some((*hash, vectors.get(hash)?.as_deref()))).collect();
    // Bytes in memory always can be written.
    postcard::to_stdvec(&known).unwrap_or_default()
}

fn unpack(data: &[u8], into: &mut Vectors) {
    // What another version of the program wrote is embedded again.
    if let Ok(known) = postcard::from_bytes::<Vec<(Hash, Option<Vec<u8>>)>>(data) {
        into.extend(known);
    }
}

#[cfg(test)]
mod tests {
    use super::{Vectors, pack, unpack};

    #[test]
    fn kept_vectors_come_back() {
        let vectors: Vectors = [([1; 16], Some(vec![1, 2, 3])), ([2; 16], None)].into();
        let mut back = Vectors::new();
        unpack(&pack(&[[1; 16], [2; 16], [3; 16]], &vectors), &mut back);
        assert_eq!(back, vectors);
        unpack(b"\xff\xff\xff", &mut back);
        assert_eq!(back.len(), 2);
    }
}

//! Equal texts are embedded once: a cache of vectors by content hash, bounded by bytes.

use std::sync::Arc;

use async_trait::async_trait;
use lru::LruCache;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::{
    embed::{EmbedRequest, Embedder, EmbedderInfo, Purpose},
    error::ModelError,
    events,
};

/// SHA-256 and not a faster hash: nobody can make two texts that share a vector.
type Key = [u8; 32];

/// What an entry costs beside its numbers: key, list links and allocations, rounded up.
const ENTRY_BYTES: usize = 160;

struct Vectors {
    entries: LruCache<Key, Arc<[f32]>>,
    bytes: usize,
}

/// An embedder that remembers the vectors of recent texts.
pub struct Cached {
    inner: Arc<dyn Embedder>,
    vectors: Mutex<Vectors>,
    limit: usize,
}

impl Cached {
    /// Remembers up to `limit` bytes.
    #[must_use]
    pub fn new(inner: Arc<dyn Embedder>, limit: usize) -> Self {
        Self { inner, vectors: Mutex::new(Vectors { entries: LruCache::unbounded(), bytes: 0 }), limit }
    }

    /// The embedder itself when the limit is 0, else with a cache around it.
    #[must_use]
    pub fn wrap(inner: Arc<dyn Embedder>, limit: usize) -> Arc<dyn Embedder> {
        if limit == 0 { inner } else { Arc::new(Self::new(inner, limit)) }
    }

    fn look_up(&self, keys: &[Key]) -> Vec<Option<Arc<[f32]>>> {
        let mut vectors = self.vectors.lock();
        keys.iter().map(|key| vectors.entries.get(key).cloned()).collect()
    }

    fn keep(&self, key: Key, vector: &[f32]) {
        let cost = |length: usize| ENTRY_BYTES + 4 * length;
        let mut vectors = self.vectors.lock();
        vectors.bytes += cost(vector.len());
        if let Some(before) = vectors.entries.put(key, vector.into()) {
            vectors.bytes -= cost(before.len());
        }
        while vectors.bytes > self.limit {
            let Some((_, oldest)) = vectors.entries.pop_lru() else { break };
            vectors.bytes -= cost(oldest.len());
        }
    }
}

fn key(text: &str, purpose: Purpose) -> Key {
    let mut hash = Sha256::new();
    hash.update([match purpose {
        Purpose::Query => b'q',
        Purpose::Document => b'd',
    }]);
    hash.update(text.as_bytes());
    hash.finalize().into()
}

#[async_trait]
impl Embedder for Cached {
    fn info(&self) -> &EmbedderInfo {
        self.inner.info()
    }

    async fn embed(&self, request: EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        let keys: Vec<Key> = request.texts.iter().map(|text| key(text, request.purpose)).collect();
        let mut found = self.look_up(&keys);
        // A text that stands twice in one batch is asked for once.
        let mut asked = std::collections::HashMap::new();
        let mut missing = Vec::new();
        for ((key, text), vector) in keys.iter().zip(request.texts).zip(&found) {
            if vector.is_none() && !asked.contains_key(key) {
                asked.insert(*key, missing.len());
                missing.push(*text);
            }
        }
        let hits = found.iter().flatten().count();
        events::cache_looked_up(&self.info().id, hits, keys.len() - hits);
        if !missing.is_empty() {
            let fresh = self.inner.embed(EmbedRequest { texts: &missing, purpose: request.purpose }).await?;
            for (key, slot) in keys.iter().zip(&mut found) {
                let position = asked.get(key);
                if slot.is_none()
                    && let Some(vector) = position.and_then(|position| fresh.get(*position))
                {
                    *slot = Some(vector.as_slice().into());
                }
            }
            for (key, position) in asked {
                if let Some(vector) = fresh.get(position) {
                    self.keep(key, vector);
                }
            }
        }
        let found = found.into_iter().flatten().map(|vector| vector.to_vec()).collect::<Vec<_>>();
        if found.len() == keys.len() {
            return Ok(found);
        }
        let problem = format!("{} vectors for {} texts", found.len(), keys.len());
        Err(ModelError::mismatch(&self.info().id, problem))
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.inner.count_tokens(text)
    }
}

//! An index in memory that does everything the slow and obvious way, so that other engines can be held to it.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use parking_lot::Mutex;
use quarry_core::Scope;

use crate::{
    index::{Batch, Candidate, Candidates, Change, Index, IndexChunk, IndexError, IndexState, Leg, Search},
    vector,
};

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Brute force over a map. Nothing survives the value.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    scopes: Mutex<HashMap<Scope, Shard>>,
}

#[derive(Debug, Default)]
struct Shard {
    committed: State,
    applied: State,
}

#[derive(Clone, Debug, Default)]
struct State {
    sequence: u64,
    dimension: usize,
    chunks: BTreeMap<u64, IndexChunk>,
}

impl MemoryIndex {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses everything that was not committed, as a crash would.
    pub fn crash(&self) {
        for shard in self.scopes.lock().values_mut() {
            shard.applied = shard.committed.clone();
        }
    }
}

impl State {
    fn check(&self, batch: &Batch) -> Result<usize, IndexError> {
        let mut dimension = self.dimension;
        for change in &batch.changes {
            let Change::Add(IndexChunk { vector: Some(bytes), .. }) = change else { continue };
            let found = vector::dimension(bytes);
            if dimension == 0 {
                dimension = found;
            } else if found != dimension {
                return Err(IndexError::Dimension { expected: dimension, found });
            }
        }
        Ok(dimension)
    }

    fn apply(&mut self, batch: Batch) {
        for change in batch.changes {
            match change {
                Change::Add(chunk) => {
                    self.chunks.insert(chunk.key, chunk);
                }
                Change::Remove(document) => self.chunks.retain(|_, chunk| chunk.document != document),
            }
        }
        self.sequence = batch.sequence;
    }

    fn search(&self, search: &Search<'_>) -> Candidates {
        let tokens: usize = self.chunks.values().map(|chunk| chunk.terms.len()).sum();
        let average_length =
            if self.chunks.is_empty() { 0.0 } else { tokens as f32 / self.chunks.len() as f32 };
        let frequencies: Vec<u64> = search.stems.iter().map(|&stem| self.frequency(stem)).collect();
        let allowed = || {
            self.chunks
                .values()
                .filter(|chunk| search.filter.is_none_or(|filter| filter.matches(&chunk.metadata)))
        };
        let lexical = best(
            allowed().map(|chunk| (self.bm25(chunk, search.stems, &frequencies, average_length), chunk.key)),
            search.depth,
        );
        let dense = search.vector.map_or_else(Vec::new, |query| {
            let scored = allowed().filter(|chunk| chunk.vector.is_some());
            nearest(scored.map(|chunk| (cosine(query, chunk), chunk.key)), search.depth)
        });
        let mut found = Candidates {
            chunks: self.chunks.len() as u64,
            average_length,
            frequencies,
            ..Candidates::default()
        };
        let mut union: BTreeMap<u64, (Option<Leg>, Option<Leg>)> = BTreeMap::new();
        for (place, &(score, key)) in lexical.iter().enumerate() {
            union.entry(key).or_default().0 = Some(Leg { rank: place as u32 + 1, score });
        }
        for (place, &(score, key)) in dense.iter().enumerate() {
            union.entry(key).or_default().1 = Some(Leg { rank: place as u32 + 1, score });
        }
        for (key, (lexical, dense)) in union {
            let Some(chunk) = self.chunks.get(&key) else { continue };
            let start = found.terms.len();
            if search.terms {
                found.terms.extend_from_slice(&chunk.terms.0);
            }
            let cosine = search.vector.map_or(0.0, |query| cosine(query, chunk));
            found.items.push(Candidate { key, lexical, dense, cosine, terms: start..found.terms.len() });
        }
        found
    }

    fn frequency(&self, stem: u32) -> u64 {
        self.chunks.values().filter(|chunk| chunk.terms.iter().any(|term| term.stem() == stem)).count() as u64
    }

    fn bm25(&self, chunk: &IndexChunk, stems: &[u32], frequencies: &[u64], average: f32) -> f32 {
        let count = self.chunks.len() as f32;
        let length = chunk.terms.len() as f32;
        stems
            .iter()
            .zip(frequencies)
            .map(|(&stem, &frequency)| {
                let times = chunk.terms.iter().filter(|term| term.stem() == stem).count() as f32;
                let frequency = frequency as f32;
                let idf = (1.0 + (count - frequency + 0.5) / (frequency + 0.5)).ln();
                idf * times * (K1 + 1.0)
                    / (times + K1 * (1.0 - B + B * length / average.max(f32::MIN_POSITIVE)))
            })
            .sum()
    }
}

/// The highest scores above zero, ties in order of the key.
fn best(scored: impl Iterator<Item = (f32, u64)>, depth: usize) -> Vec<(f32, u64)> {
    nearest(scored.filter(|&(score, _)| score > 0.0), depth)
}

fn nearest(scored: impl Iterator<Item = (f32, u64)>, depth: usize) -> Vec<(f32, u64)> {
    let mut all: Vec<_> = scored.collect();
    all.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    all.truncate(depth);
    all
}

fn cosine(query: &[f32], chunk: &IndexChunk) -> f32 {
    let Some(bytes) = &chunk.vector else { return 0.0 };
    let stored = vector::decode(bytes);
    let dot: f32 = query.iter().zip(&stored).map(|(left, right)| left * right).sum();
    let norm = |numbers: &[f32]| numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    let norms = norm(query) * norm(&stored);
    if norms > 0.0 { dot / norms } else { 0.0 }
}

#[async_trait]
impl Index for MemoryIndex {
    async fn apply(&self, scope: &Scope, batch: Batch) -> Result<(), IndexError> {
        let mut scopes = self.scopes.lock();
        let shard = scopes.entry(*scope).or_default();
        if batch.sequence <= shard.applied.sequence {
            return Ok(());
        }
        shard.applied.dimension = shard.applied.check(&batch)?;
        shard.applied.apply(batch);
        Ok(())
    }

    async fn commit(&self, scope: &Scope) -> Result<u64, IndexError> {
        let mut scopes = self.scopes.lock();
        let Some(shard) = scopes.get_mut(scope) else { return Ok(0) };
        shard.committed = shard.applied.clone();
        Ok(shard.committed.sequence)
    }

    async fn search(&self, scope: &Scope, search: Search<'_>) -> Result<Candidates, IndexError> {
        let scopes = self.scopes.lock();
        let Some(shard) = scopes.get(scope) else {
            return Ok(Candidates { frequencies: vec![0; search.stems.len()], ..Candidates::default() });
        };
        let expected = shard.committed.dimension;
        match search.vector {
            Some(query) if expected != 0 && query.len() != expected => {
                Err(IndexError::Dimension { expected, found: query.len() })
            }
            _ => Ok(shard.committed.search(&search)),
        }
    }

    async fn state(&self, scope: &Scope, with_keys: bool) -> Result<IndexState, IndexError> {
        let scopes = self.scopes.lock();
        let Some(shard) = scopes.get(scope) else { return Ok(IndexState::default()) };
        let keys = if with_keys { shard.committed.chunks.keys().copied().collect() } else { Vec::new() };
        Ok(IndexState {
            sequence: shard.committed.sequence,
            chunks: shard.committed.chunks.len() as u64,
            keys,
            bytes: 0,
        })
    }

    async fn discard(&self, scope: &Scope) -> Result<(), IndexError> {
        self.scopes.lock().remove(scope);
        Ok(())
    }
}

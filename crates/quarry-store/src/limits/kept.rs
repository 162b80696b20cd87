//! Where buckets in memory are kept: a bounded map from which the least recently asked falls out.

use std::num::NonZeroUsize;

use governor::{nanos::Nanos, state::StateStore};
use lru::LruCache;
use parking_lot::Mutex;

/// At most so many buckets, by the hash of their name. Whoever fills it up with new names pushes out those that were not
/// asked for longest, which are then as good as new: memory is bounded, and nobody is refused by mistake.
pub(super) struct Kept {
    buckets: Mutex<LruCache<u64, Nanos>>,
    most: NonZeroUsize,
}

impl Kept {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        // A map that has a bound of its own takes all its memory at once.
        Self { buckets: Mutex::new(LruCache::unbounded()), most }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.lock().len()
    }
}

/// The map as `governor` sees it while it decides about one bucket.
pub(super) struct Sheet<'a> {
    pub(super) kept: &'a Kept,
    /// Whether what is decided is written down; otherwise it is only looked at.
    pub(super) writes: bool,
}

impl StateStore for Sheet<'_> {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut buckets = self.kept.buckets.lock();
        let (outcome, next) = decide(buckets.get(key).copied())?;
        if self.writes {
            buckets.put(*key, next);
            if buckets.len() > self.kept.most.get() {
                buckets.pop_lru();
            }
        }
        Ok(outcome)
    }
}

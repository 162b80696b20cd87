//! What became of the entries, and what went wrong.

use parking_lot::Mutex;
use quarry_store::{SourceCounts, SourceFailure};

/// Failures of a run that are told one by one; the rest is counted.
const MOST_FAILURES: usize = 100;
/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

/// Shared between the run and its signs of life.
#[derive(Default)]
pub(crate) struct Tally(Mutex<(SourceCounts, Vec<SourceFailure>)>);

impl Tally {
    /// Counts.
    pub(crate) fn count(&self, add: impl FnOnce(&mut SourceCounts)) {
        add(&mut self.0.lock().0);
    }

    /// An entry could not be read.
    pub(crate) fn fail(&self, key: &str, reason: &str) {
        let mut all = self.0.lock();
        all.0.failed += 1;
        if all.1.len() < MOST_FAILURES {
            let reason = reason.chars().take(LONGEST_REASON).collect();
            all.1.push(SourceFailure { key: key.to_owned(), reason });
        }
    }

    /// The counts so far.
    pub(crate) fn counts(&self) -> SourceCounts {
        self.0.lock().0
    }

    /// The counts and the first failures.
    pub(crate) fn told(&self) -> (SourceCounts, Vec<SourceFailure>) {
        let all = self.0.lock();
        (all.0, all.1.clone())
    }
}

//! How fast an embedder is asked: as many texts a call as it does in about a second, and not at all while it rests.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Texts of the first call.
const FIRST: usize = 64;
/// Fewest and most texts of a call.
const BOUNDS: (usize, usize) = (4, 4_096);
/// A call that takes less is followed by a larger one.
const QUICK: Duration = Duration::from_millis(250);
/// A call that takes more is followed by a smaller one.
const SLOW: Duration = Duration::from_secs(2);
/// Longest rest after refusals in a row where the embedder does not say how long.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The pace of one embedder, shared by all workers.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    batch: usize,
    until: Option<Instant>,
    refusals: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State { batch: FIRST, until: None, refusals: 0 }))
    }
}

impl Pace {
    /// Texts of the next call.
    pub(super) fn batch(&self) -> usize {
        self.0.lock().batch
    }

    /// How long the embedder still rests.
    pub(super) fn rest(&self) -> Option<Duration> {
        let until = self.0.lock().until?;
        Some(until.saturating_duration_since(Instant::now())).filter(|rest| !rest.is_zero())
    }

    /// A call went well.
    pub(super) fn went(&self, texts: usize, took: Duration) {
        let mut state = self.0.lock();
        (state.refusals, state.until) = (0, None);
        if took > SLOW {
            state.batch = (state.batch / 2).max(BOUNDS.0);
        } else if took < QUICK && texts >= state.batch {
            state.batch = (state.batch * 2).min(BOUNDS.1);
        }
    }

    /// A call was refused or failed for a reason that passes. Says how long to rest: what the embedder asked for, or
    /// longer with every refusal in a row.
    pub(super) fn refused(&self, retry_after: Option<Duration>) -> Duration {
        let mut state = self.0.lock();
        state.refusals = state.refusals.saturating_add(1);
        state.batch = (state.batch / 2).max(BOUNDS.0);
        let grown = Duration::from_secs(1 << state.refusals.min(6)).min(LONGEST_REST);
        let rest = retry_after.unwrap_or_else(|| jittered(grown));
        state.until = Some(Instant::now() + rest);
        rest
    }
}

/// Between half of a time and all of it, so that those who wait for one thing do not come back together.
pub(super) fn jittered(time: Duration) -> Duration {
    time.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// The paces of all embedders, by id.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<String, Arc<Pace>>>);

impl Paces {
    pub(super) fn of(&self, embedder: &str) -> Arc<Pace> {
        let mut paces = self.0.lock();
        match paces.get(embedder) {
            Some(known) => Arc::clone(known),
            None => Arc::clone(paces.entry(embedder.to_owned()).or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BOUNDS, FIRST, Pace};

    #[test]
    fn batches_grow_while_it_is_quick_and_shrink_when_it_is_not() {
        let pace = Pace::default();
        for _ in 0..20 {
            pace.went(pace.batch(), Duration::from_millis(10));
        }
        assert_eq!(pace.batch(), BOUNDS.1);
        pace.went(7, Duration::from_millis(10));
        assert_eq!(pace.batch(), BOUNDS.1);
        for _ in 0..20 {
            pace.went(pace.batch(), Duration::from_secs(9));
        }
        assert_eq!(pace.batch(), BOUNDS.0);
    }

    #[test]
    fn a_refusal_rests_and_halves() {
        let pace = Pace::default();
        assert_eq!(pace.rest(), None);
        assert_eq!(pace.refused(Some(Duration::from_secs(30))), Duration::from_secs(30));
        assert!(pace.rest().is_some_and(|rest| rest > Duration::from_secs(29)));
        assert_eq!(pace.batch(), FIRST / 2);
        pace.went(1, Duration::from_secs(1));
        assert_eq!(pace.rest(), None);
        let rests: Vec<u64> = (0..9).map(|_| pace.refused(None).as_secs()).collect();
        assert!(rests.iter().all(|rest| *rest <= 60) && rests[8] >= 30, "{rests:?}");
    }
}

//! Leaves alone for a moment what does not answer.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// How long nothing is asked after a failure. Short: whoever tries next waits at most one timeout, and only one tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether to ask.
pub(super) struct Circuit {
    began: Instant,
    /// Milliseconds after the beginning at which one may try again; zero while all is well.
    again: AtomicU64,
}

impl Circuit {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), again: AtomicU64::new(0) }
    }

    /// Whether the caller may ask. During a failure one caller may, once in a while.
    pub(super) fn lets(&self) -> bool {
        self.lets_at(self.began.elapsed())
    }

    fn lets_at(&self, now: Duration) -> bool {
        let again = self.again.load(Ordering::Relaxed);
        if again == 0 {
            return true;
        }
        let next = moment(now + PAUSE);
        moment(now) >= again
            && self.again.compare_exchange(again, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// It answered; whether it had not before.
    pub(super) fn succeeded(&self) -> bool {
        // Nearly always so, and then nothing needs to be written that others read.
        self.again.load(Ordering::Relaxed) != 0 && self.again.swap(0, Ordering::Relaxed) != 0
    }

    /// It did not answer; whether it had before.
    pub(super) fn failed(&self) -> bool {
        self.failed_at(self.began.elapsed())
    }

    fn failed_at(&self, now: Duration) -> bool {
        self.again.swap(moment(now + PAUSE), Ordering::Relaxed) == 0
    }
}

/// Never zero, which means that all is well.
fn moment(now: Duration) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_one_tries_once_in_a_while() {
        let circuit = Circuit::new();
        let at = Duration::from_millis;
        assert!(circuit.lets_at(at(0)) && circuit.lets_at(at(0)));
        assert!(circuit.failed_at(at(10)));
        assert!(!circuit.failed_at(at(10)), "it is told once");
        assert!(!circuit.lets_at(at(1_009)));
        assert!(circuit.lets_at(at(1_010)));
        assert!(!circuit.lets_at(at(1_010)), "the others go on without it");
        assert!(circuit.lets_at(at(2_010)), "whoever tried may have been cut off");
        assert!(circuit.succeeded());
        assert!(!circuit.succeeded(), "it is told once");
        assert!(circuit.lets_at(at(2_011)) && circuit.lets_at(at(2_011)));
    }
}

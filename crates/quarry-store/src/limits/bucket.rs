//! What is limited, how, and what came of it.

use std::{num::NonZeroU32, time::Duration};

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    interval: Duration,
    burst: NonZeroU32,
}

impl Quota {
    /// `count` tokens in each `period`, one after the other, of which `burst` may be saved up. Less than one of either is one.
    #[must_use]
    pub fn new(count: u32, period: Duration, burst: u32) -> Self {
        // Whole microseconds, which is what Redis counts, so that both places count alike.
        let micros = u64::try_from(period.as_micros()).unwrap_or(u64::MAX) / u64::from(count.max(1));
        let interval = Duration::from_micros(micros.max(1));
        Self { interval, burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN) }
    }

    /// The time in which one token comes.
    #[must_use]
    pub const fn interval(self) -> Duration {
        self.interval
    }

    /// The most tokens there are.
    #[must_use]
    pub const fn burst(self) -> NonZeroU32 {
        self.burst
    }

    /// The time in which so many tokens come.
    fn filling(self, tokens: u32) -> Duration {
        self.interval.saturating_mul(tokens)
    }
}

/// A bucket to take a token from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Whose it is, and for what.
    pub name: String,
    /// How it fills.
    pub quota: Quota,
    /// Whether anybody can make up more of its kind: addresses are many, keys are not. The memory keeps both apart, so that
    /// a flood of the one does not push the other out.
    pub open: bool,
}

/// What came of taking a token from several buckets: the tightest of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which one, by its place among those given.
    pub place: usize,
    /// Tokens left in it.
    pub remaining: u32,
    /// When it is full again.
    pub reset: Duration,
    /// When there is a token in it; `None` when there was one, and the request may go on.
    pub wait: Option<Duration>,
}

/// Finds the tightest of several buckets.
#[derive(Default)]
pub(super) struct Tightest(Option<Verdict>);

impl Tightest {
    /// A bucket with what is left in it, or with the time until there is a token.
    pub(super) fn see(&mut self, place: usize, quota: Quota, level: Result<u32, Duration>) {
        let burst = quota.burst.get();
        let verdict = match level {
            Ok(remaining) => {
                let reset = quota.filling(burst.saturating_sub(remaining));
                Verdict { place, remaining, reset, wait: None }
            }
            Err(wait) => {
                let reset = quota.filling(burst - 1).saturating_add(wait);
                Verdict { place, remaining: 0, reset, wait: Some(wait) }
            }
        };
        let tighter = self.0.is_none_or(|known| match (verdict.wait, known.wait) {
            (Some(wait), Some(longest)) => wait > longest,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => verdict.remaining < known.remaining,
        });
        if tighter {
            self.0 = Some(verdict);
        }
    }

    /// Whether one of them was empty.
    pub(super) fn refused(&self) -> bool {
        self.0.is_some_and(|verdict| verdict.wait.is_some())
    }

    /// The tightest; `None` when there was no bucket.
    pub(super) const fn verdict(self) -> Option<Verdict> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_is_tighter_than_any_other_and_the_emptiest_is_the_tightest() {
        let quota = Quota::new(1, Duration::from_secs(1), 10);
        let seen = |levels: &[Result<u32, u64>]| {
            let mut tightest = Tightest::default();
            for (place, level) in levels.iter().enumerate() {
                tightest.see(place, quota, level.map_err(Duration::from_secs));
            }
            tightest.verdict().map(|verdict| (verdict.place, verdict.reset.as_secs()))
        };
        assert_eq!(seen(&[Ok(4), Ok(2), Ok(2)]), Some((1, 8)));
        assert_eq!(seen(&[Ok(0), Err(1), Err(3), Err(2)]), Some((2, 12)));
        assert_eq!(seen(&[Ok(10)]), Some((0, 0)));
        assert_eq!(seen(&[]), None);
    }

    #[test]
    fn a_quota_is_never_nothing() {
        let quota = Quota::new(0, Duration::from_secs(60), 0);
        assert_eq!((quota.interval(), quota.burst().get()), (Duration::from_secs(60), 1));
        assert_eq!(Quota::new(u32::MAX, Duration::from_secs(1), 1).interval(), Duration::from_micros(1));
    }
}

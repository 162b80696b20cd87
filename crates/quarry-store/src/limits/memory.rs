//! Buckets in this process.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use governor::{
    RateLimiter,
    clock::Clock,
    middleware::{StateInformationMiddleware, StateSnapshot},
};

use super::{
    bucket::{Bucket, Quota, Tightest, Verdict},
    kept::{Kept, Sheet},
};

/// The buckets of this process.
pub(super) struct Memory {
    /// Buckets count from here.
    began: Instant,
    /// Buckets that anybody can make up.
    open: Kept,
    /// The others.
    closed: Kept,
    /// With a secret of this process, so that nobody can choose names that fall together.
    names: RandomState,
}

impl Memory {
    /// With room for so many buckets of either kind.
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self {
            began: Instant::now(),
            open: Kept::new(most),
            closed: Kept::new(most),
            names: RandomState::new(),
        }
    }

    /// Takes a token from each, or from none.
    pub(super) fn take(&self, buckets: &[Bucket]) -> Option<Verdict> {
        self.take_at(buckets, self.began.elapsed())
    }

    /// The same at a given time since the beginning.
    ///
    /// All are looked at before any is written, so that a request that is refused by one bucket costs nothing in the others.
    /// Nothing is locked between the two: of requests at the same instant, one may be refused when it has already paid.
    fn take_at(&self, buckets: &[Bucket], now: Duration) -> Option<Verdict> {
        let looked = self.pass(buckets, now, false);
        if looked.refused() {
            return looked.verdict();
        }
        self.pass(buckets, now, true).verdict()
    }

    fn pass(&self, buckets: &[Bucket], now: Duration, writes: bool) -> Tightest {
        let mut tightest = Tightest::default();
        for (place, bucket) in buckets.iter().enumerate() {
            let kept = if bucket.open { &self.open } else { &self.closed };
            // With its quota, so that a bucket whose quota changes begins anew and is not measured by the other's numbers.
            let name = self.names.hash_one((&bucket.name, bucket.quota));
            let decided = decide(Sheet { kept, writes }, bucket.quota, name, now);
            let level = decided.map(|state| state.remaining_burst_capacity());
            tightest.see(place, bucket.quota, level);
        }
        tightest
    }
}

/// `governor` decides. A limiter of it is its numbers and what it is given, so that one is made for each decision; what lasts
/// is the map.
fn decide(sheet: Sheet<'_>, quota: Quota, name: u64, now: Duration) -> Result<StateSnapshot, Duration> {
    let Some(fills) = governor::Quota::with_period(quota.interval()) else { return Err(quota.interval()) };
    let limiter: RateLimiter<u64, Sheet<'_>, Moment, StateInformationMiddleware> =
        RateLimiter::new(fills.allow_burst(quota.burst()), sheet, Moment::default());
    limiter.clock().0.set(now);
    limiter.check_key(&name).map_err(|refused| refused.wait_time_from(now))
}

/// The time of one decision. A limiter counts from when it was made, which is zero here for all of them.
#[derive(Default)]
struct Moment(Cell<Duration>);

impl Clock for Moment {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(most: usize) -> Memory {
        Memory::new(NonZeroUsize::new(most).unwrap())
    }

    fn bucket(name: &str, burst: u32) -> Bucket {
        let quota = Quota::new(1, Duration::from_secs(1), burst);
        Bucket { name: name.to_owned(), quota, open: true }
    }

    fn at(tenths: u64) -> Duration {
        Duration::from_millis(tenths * 100)
    }

    #[test]
    fn tokens_come_back_one_by_one_and_never_more_than_fit() {
        let memory = memory(10);
        let one = [bucket("a", 3)];
        let take = |tenths| memory.take_at(&one, at(tenths)).unwrap();
        assert_eq!((take(0).remaining, take(0).remaining, take(0).remaining), (2, 1, 0));
        assert_eq!(take(0).wait, Some(at(10)));
        assert_eq!(take(4).wait, Some(at(6)));
        assert_eq!(take(10).wait, None);
        assert_eq!(take(10).wait, Some(at(10)));
        // A day later there are three, not thousands.
        assert_eq!(take(864_000).remaining, 2);
        assert_eq!(take(864_000).reset, at(20));
    }

    #[test]
    fn a_refusal_costs_nothing_in_the_other_buckets() {
        let memory = memory(10);
        let both = [bucket("wide", 10), bucket("narrow", 1)];
        assert_eq!(memory.take_at(&both, at(0)).unwrap().place, 1);
        for _ in 0..5 {
            let refused = memory.take_at(&both, at(0)).unwrap();
            assert_eq!((refused.place, refused.wait), (1, Some(at(10))));
        }
        assert_eq!(memory.take_at(&both[..1], at(0)).unwrap().remaining, 8);
    }

    #[test]
    fn many_names_take_bounded_memory_and_push_out_only_their_own_kind() {
        let memory = memory(100);
        let key = [Bucket { open: false, ..bucket("key", 1) }];
        assert_eq!(memory.take_at(&key, at(0)).unwrap().wait, None);
        for name in 0..1_000 {
            let stranger = [bucket(&name.to_string(), 1)];
            assert_eq!(memory.take_at(&stranger, at(0)).unwrap().wait, None);
        }
        assert_eq!((memory.open.len(), memory.closed.len()), (100, 1));
        assert!(memory.take_at(&key, at(0)).unwrap().wait.is_some());
        assert!(memory.take_at(&[bucket("999", 1)], at(0)).unwrap().wait.is_some());
    }

    #[test]
    fn another_quota_is_another_bucket() {
        let memory = memory(10);
        assert_eq!(memory.take_at(&[bucket("a", 1)], at(0)).unwrap().remaining, 0);
        assert_eq!(memory.take_at(&[bucket("a", 9)], at(0)).unwrap().remaining, 8);
    }
}

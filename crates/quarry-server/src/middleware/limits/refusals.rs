//! Addresses that were refused a moment ago.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    time::{Duration, Instant},
};

use lru::LruCache;
use parking_lot::Mutex;

use super::limit::Limit;

/// Most that are remembered. Beyond it an address is only looked up in its bucket again.
const MOST: usize = 16_384;

/// A refusal, for as long as it holds.
#[derive(Clone, Copy)]
struct Held {
    until: Instant,
    full: Instant,
}

/// Addresses that need not be looked up, because their bucket cannot have a token yet.
pub(super) struct Refusals {
    held: Mutex<LruCache<u64, Held>>,
    names: RandomState,
}

impl Refusals {
    pub(super) fn new() -> Self {
        Self { held: Mutex::new(LruCache::unbounded()), names: RandomState::new() }
    }

    /// A bucket was found empty: when it has a token, and when it is full.
    pub(super) fn remember(&self, limit: Limit, network: IpAddr, (wait, reset): (Duration, Duration)) {
        let now = Instant::now();
        let mut held = self.held.lock();
        held.put(self.names.hash_one((limit, network)), Held { until: now + wait, full: now + reset });
        if held.len() > MOST {
            held.pop_lru();
        }
    }

    /// How long it still has no token, and until it is full.
    pub(super) fn find(&self, limit: Limit, network: IpAddr) -> Option<(Duration, Duration)> {
        let mut held = self.held.lock();
        if held.is_empty() {
            return None;
        }
        let name = self.names.hash_one((limit, network));
        let Held { until, full } = *held.get(&name)?;
        let now = Instant::now();
        if until <= now {
            held.pop(&name);
            return None;
        }
        Some((until - now, full.saturating_duration_since(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_holds_for_its_time_and_its_address_only() {
        let refusals = Refusals::new();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let hour = Duration::from_secs(3_600);
        assert!(refusals.find(Limit::Failures, one).is_none());
        refusals.remember(Limit::Failures, one, (hour, hour));
        assert!(refusals.find(Limit::Failures, one).unwrap().0 > hour / 2);
        assert!(refusals.find(Limit::Failures, other).is_none());
        assert!(refusals.find(Limit::Anonymous, one).is_none());
        refusals.remember(Limit::Failures, one, (Duration::ZERO, hour));
        assert!(refusals.find(Limit::Failures, one).is_none());
    }

    #[test]
    fn many_addresses_take_bounded_memory() {
        let refusals = Refusals::new();
        let hour = Duration::from_secs(3_600);
        for number in 0..MOST as u32 + 100 {
            refusals.remember(Limit::Anonymous, IpAddr::V4(number.into()), (hour, hour));
        }
        assert_eq!(refusals.held.lock().len(), MOST);
    }
}

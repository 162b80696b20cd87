//! Takes the tokens of a request.

use std::{fmt, time::Duration};

use quarry_core::{Access, Actor};
use quarry_engine::limits::{Bucket, Limiter};

use super::{
    class::Door,
    limit::{Kind, Limit},
    rate::Rate,
    refusals::Refusals,
    settings::LimitsSettings,
    standing::{Asking, Told},
};
use crate::{events, problem::Problem};

/// The limits in force, and what is used up of them.
pub struct RateLimits {
    settings: LimitsSettings,
    limiter: Limiter,
    refusals: Refusals,
}

/// Who pays, once it is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subject {
    /// The key's public name.
    pub(crate) key: String,
    /// The person, where there is one.
    pub(crate) user: Option<String>,
    /// The tenant's id.
    pub(crate) tenant: String,
    /// How many times as often as others the key may ask.
    pub(crate) scale: f64,
}

impl Subject {
    /// Of somebody with a right key.
    pub(crate) fn of(access: &Access) -> Self {
        let (key, tenant) = (access.actor().to_string(), access.tenant().to_string());
        let user = matches!(access.actor(), Actor::User(_)).then(|| format!("{tenant}/{key}"));
        Self { key: format!("{tenant}/{key}"), user, tenant, scale: 1.0 }
    }
}

/// A limit that is asked about, and its rate for this caller.
type Asked = (Limit, Rate);

impl RateLimits {
    /// With what is configured, and where the buckets are.
    #[must_use]
    pub fn new(settings: LimitsSettings, limiter: Limiter) -> Self {
        Self { settings, limiter, refusals: Refusals::new() }
    }

    /// Whether this address was refused a moment ago. Nothing is waited for, and nothing is done for a request before.
    pub(crate) fn recalled(&self, asking: &Asking, keyed: bool) -> Result<(), Problem> {
        if !self.settings.enabled || asking.door == Door::Probe {
            return Ok(());
        }
        let of_class = asking.class.map(|class| Limit::Class(class, Kind::Address));
        let proves = keyed || asking.door == Door::Proof;
        let own = if proves { Some(Limit::Failures) } else { asking.class.map(|_| Limit::Anonymous) };
        for limit in own.into_iter().chain(of_class) {
            if let Some((wait, reset)) = self.refusals.find(limit, asking.network) {
                return Err(self.refuse(asking, (limit, self.rate(limit)), (wait, reset)));
            }
        }
        Ok(())
    }

    /// Counts a request to a route that asks for no key.
    pub(crate) async fn entered(&self, asking: &Asking) -> Result<(), Problem> {
        let anonymous = (asking.door == Door::Open).then_some(Limit::Anonymous);
        self.take_of_address(asking, anonymous).await
    }

    /// Counts a request that was turned away: `keyed` when it showed something that is wrong, and not only nothing.
    pub(crate) async fn turned_away(&self, asking: &Asking, keyed: bool) -> Result<(), Problem> {
        let limit = if keyed { Limit::Failures } else { Limit::Anonymous };
        self.take_of_address(asking, Some(limit)).await
    }

    /// Counts a request of somebody who is known.
    pub(crate) async fn admit(&self, asking: &Asking, subject: &Subject) -> Result<(), Problem> {
        let Some(class) = asking.class.filter(|_| self.settings.enabled) else { return Ok(()) };
        let mut basket = Basket::default();
        if asking.pays() {
            basket.add(self.asked(Limit::Class(class, Kind::Address)), &asking.network);
        }
        let (limit, rate) = self.asked(Limit::Class(class, Kind::Key));
        basket.add((limit, rate.times(subject.scale)), &subject.key);
        if let Some(user) = &subject.user {
            basket.add(self.asked(Limit::Class(class, Kind::User)), user);
        }
        basket.add(self.asked(Limit::Class(class, Kind::Tenant)), &subject.tenant);
        self.take(asking, basket).await
    }

    async fn take_of_address(&self, asking: &Asking, besides: Option<Limit>) -> Result<(), Problem> {
        if !self.settings.enabled {
            return Ok(());
        }
        let mut basket = Basket::default();
        if let Some(limit) = besides {
            basket.add(self.asked(limit), &asking.network);
        }
        if let Some(class) = asking.class.filter(|_| asking.pays()) {
            basket.add(self.asked(Limit::Class(class, Kind::Address)), &asking.network);
        }
        self.take(asking, basket).await
    }

    async fn take(&self, asking: &Asking, basket: Basket) -> Result<(), Problem> {
        let Some(verdict) = self.limiter.take(&basket.buckets).await else { return Ok(()) };
        let Some((limit, rate)) = basket.asked.get(verdict.place).copied() else { return Ok(()) };
        let Some(wait) = verdict.wait else {
            events::within_rate(limit.name(), limit.kind().name());
            asking.tell(Told { rate, remaining: verdict.remaining, reset: verdict.reset });
            return Ok(());
        };
        if limit.kind() == Kind::Address {
            self.refusals.remember(limit, asking.network, (wait, verdict.reset));
        }
        Err(self.refuse(asking, (limit, rate), (wait, verdict.reset)))
    }

    fn refuse(&self, asking: &Asking, (limit, rate): Asked, (wait, reset): (Duration, Duration)) -> Problem {
        events::over_rate(limit.name(), limit.kind().name());
        asking.tell(Told { rate, remaining: 0, reset });
        limit.refusal(rate, wait)
    }

    fn asked(&self, limit: Limit) -> Asked {
        (limit, self.rate(limit))
    }

    const fn rate(&self, limit: Limit) -> Rate {
        match limit {
            Limit::Anonymous => self.settings.anonymous,
            Limit::Failures => self.settings.failures,
            Limit::Class(class, kind) => {
                let rates = self.settings.rate.of(class);
                match kind {
                    Kind::Address => rates.address,
                    Kind::Key => rates.key,
                    Kind::User => rates.user,
                    Kind::Tenant => rates.tenant,
                }
            }
        }
    }
}

/// The buckets of a request, each with the limit that it is of.
#[derive(Default)]
struct Basket {
    buckets: Vec<Bucket>,
    asked: Vec<Asked>,
}

impl Basket {
    /// Adds a bucket, where there is a limit.
    fn add(&mut self, (limit, rate): Asked, whose: &dyn fmt::Display) {
        let Some(quota) = rate.quota() else { return };
        let kind = limit.kind();
        let name = format!("{}:{}:{whose}", limit.name(), kind.name());
        self.buckets.push(Bucket { name, quota, open: kind == Kind::Address });
        self.asked.push((limit, rate));
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use axum::http::{HeaderMap, Method};

    use super::*;

    fn limits(change: impl FnOnce(&mut LimitsSettings)) -> RateLimits {
        let mut settings = LimitsSettings::default();
        change(&mut settings);
        RateLimits::new(settings, Limiter::in_memory(NonZeroUsize::new(100).unwrap()))
    }

    fn asking(route: &str) -> Asking {
        Asking::new(&Method::POST, route, [192, 0, 2, 1].into())
    }

    fn subject(key: &str) -> Subject {
        Subject { key: key.to_owned(), user: Some("ann".to_owned()), tenant: "t".to_owned(), scale: 1.0 }
    }

    async fn passes(limits: &RateLimits, subject: &Subject) -> bool {
        limits.admit(&asking("/v1/search"), subject).await.is_ok()
    }

    #[tokio::test]
    async fn two_keys_do_not_share_and_their_tenant_and_user_do() {
        let limits = limits(|limits| {
            limits.rate.search.key = Rate::per_minute(1, 2);
            limits.rate.search.user = Rate::per_minute(1, 3);
        });
        let (one, other) = (subject("a"), subject("b"));
        assert!(passes(&limits, &one).await && passes(&limits, &one).await);
        assert!(!passes(&limits, &one).await, "its key is used up");
        assert!(passes(&limits, &other).await);
        assert!(!passes(&limits, &other).await, "the user is used up");
        let stranger = Subject { user: None, ..subject("b") };
        assert!(passes(&limits, &stranger).await);
        assert!(!passes(&limits, &stranger).await);
    }

    #[tokio::test]
    async fn a_key_may_have_a_multiple_of_the_limit() {
        let limits = limits(|limits| limits.rate.search.key = Rate::per_minute(1, 2));
        let more = Subject { scale: 3.0, ..subject("a") };
        for _ in 0..6 {
            assert!(passes(&limits, &more).await);
        }
        assert!(!passes(&limits, &more).await);
    }

    #[tokio::test]
    async fn an_address_pays_once_for_a_request() {
        let limits = limits(|limits| limits.rate.login.address = Rate::per_minute(1, 2));
        for expected in [true, true, false] {
            let asking = asking("/v1/auth/login");
            let entered = limits.entered(&asking).await.is_ok();
            assert_eq!(entered, expected);
            assert!(limits.turned_away(&asking, true).await.is_ok());
        }
        assert!(limits.recalled(&asking("/v1/auth/login"), false).is_err(), "at once, from now on");
        assert!(limits.recalled(&asking("/v1/search"), true).is_ok());
    }

    #[tokio::test]
    async fn what_was_not_counted_shows_nothing() {
        let limits = limits(|_| {});
        let (probe, counted) = (asking("/healthz"), asking("/v1/search"));
        limits.admit(&probe, &subject("a")).await.unwrap();
        limits.admit(&counted, &subject("a")).await.unwrap();
        let shown = |asking: &Asking| {
            let mut headers = HeaderMap::new();
            asking.show(&mut headers);
            headers.len()
        };
        assert_eq!((shown(&probe), shown(&counted)), (0, 4));
    }
}

//! Which limits there are.

use std::time::Duration;

use axum::http::StatusCode;

use super::{class::RouteClass, rate::Rate};
use crate::problem::Problem;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Address,
    Key,
    User,
    Tenant,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Key => "key",
            Self::User => "user",
            Self::Tenant => "tenant",
        }
    }
}

/// One limit, as the configuration has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Limit {
    /// `limits.rate.<class>.<kind>`
    Class(RouteClass, Kind),
    /// `limits.anonymous`
    Anonymous,
    /// `limits.failures`
    Failures,
}

impl Limit {
    /// What it is called in metrics and in the names of buckets.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Class(class, _) => class.name(),
            Self::Anonymous => "anonymous",
            Self::Failures => "failures",
        }
    }

    /// Whose requests it counts together.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Class(_, kind) => kind,
            Self::Anonymous | Self::Failures => Kind::Address,
        }
    }

    /// The answer to a request that is over it.
    pub(super) fn refusal(self, rate: Rate, wait: Duration) -> Problem {
        let seconds = wait.as_millis().div_ceil(1_000).max(1);
        let what = match self {
            Self::Failures => "too many wrong keys or signatures came from this address".to_owned(),
            Self::Anonymous => "too many requests without a key came from this address".to_owned(),
            Self::Class(class, Kind::Address) => {
                format!("too many requests of the class `{}` came from this address", class.name())
            }
            Self::Class(class, kind) => {
                format!("too many requests of the class `{}` were made by this {}", class.name(), kind.name())
            }
        };
        let key = match self {
            Self::Failures => "limits.failures".to_owned(),
            Self::Anonymous => "limits.anonymous".to_owned(),
            Self::Class(class, kind) => format!("limits.rate.{}.{}", class.name(), kind.name()),
        };
        let detail = format!("{what}: the limit is {rate} (`{key}`); try again in {seconds} s");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).retry_after(wait)
    }
}

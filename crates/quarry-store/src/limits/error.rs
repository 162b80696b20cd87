//! What can be wrong with where buckets are kept. Nothing of it happens after the start.

use quarry_core::{ErrorKind, Fault};

/// A configuration that cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// The URL is not one of Redis. It may hold a password, so that it is not shown.
    #[error(
        "`redis.url` is not a URL of Redis: write `redis://HOST:6379`, `rediss://HOST:6379` for TLS, or `unix:///PATH`"
    )]
    InvalidUrl,
    /// The client of Redis was left out.
    #[error(
        "`redis.url` is set, but this program was built without Redis (its feature `redis`): take it out, or build with it"
    )]
    NotBuilt,
}

impl Fault for LimitsError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl => "invalid_redis_url",
            Self::NotBuilt => "redis_not_built",
        }
    }
}

//! The `[redis]` section of the configuration.

use quarry_core::Secret;
use serde::Deserialize;

use super::error::LimitsError;

/// `[redis]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSettings {
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER]`, `rediss://` with TLS, or `unix:///PATH`. Without it every process counts
    /// for itself.
    pub url: Option<Secret>,
    /// What the names of all entries begin with: installations that share a Redis have different ones.
    pub prefix: String,
    /// Milliseconds that a request waits for it at most.
    pub timeout_ms: u64,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self { url: None, prefix: "quarry".to_owned(), timeout_ms: 50 }
    }
}

impl RedisSettings {
    /// Whether it can be used; nothing is connected.
    ///
    /// # Errors
    /// The URL is not one of Redis, or this program was built without it.
    pub fn check(&self) -> Result<(), LimitsError> {
        self.url.as_ref().map_or(Ok(()), usable)
    }
}

#[cfg(feature = "redis")]
fn usable(url: &Secret) -> Result<(), LimitsError> {
    super::redis::address(url).map(drop)
}

#[cfg(not(feature = "redis"))]
fn usable(_: &Secret) -> Result<(), LimitsError> {
    Err(LimitsError::NotBuilt)
}

//! The one place that takes tokens, wherever the buckets are.

use std::num::NonZeroUsize;

use super::{
    bucket::{Bucket, Verdict},
    error::LimitsError,
    memory::Memory,
    settings::RedisSettings,
};
#[cfg(feature = "redis")]
use super::{circuit::Circuit, redis::Redis};
#[cfg(feature = "redis")]
use crate::events;

/// Takes tokens from buckets: from Redis where there is one that answers, from the memory of this process otherwise.
pub struct Limiter {
    memory: Memory,
    #[cfg(feature = "redis")]
    shared: Option<Shared>,
}

#[cfg(feature = "redis")]
struct Shared {
    redis: Redis,
    circuit: Circuit,
}

impl Limiter {
    /// For this process alone, with room for so many buckets of callers that are known, and as many of those that are not.
    #[must_use]
    pub fn in_memory(most: NonZeroUsize) -> Self {
        Self {
            memory: Memory::new(most),
            #[cfg(feature = "redis")]
            shared: None,
        }
    }

    /// As configured. A Redis that does not answer is no error: it is used as soon as it does.
    ///
    /// # Errors
    /// The URL is not one of Redis, or this program was built without it.
    pub async fn open(settings: &RedisSettings, most: NonZeroUsize) -> Result<Self, LimitsError> {
        settings.check()?;
        #[cfg(feature = "redis")]
        if let Some(url) = &settings.url {
            let redis = Redis::new(url, settings)?;
            let circuit = Circuit::new();
            match redis.greet().await {
                Ok(()) => events::redis_answers(),
                Err(reason) => {
                    circuit.failed();
                    events::redis_fails(&reason);
                }
            }
            return Ok(Self { memory: Memory::new(most), shared: Some(Shared { redis, circuit }) });
        }
        Ok(Self::in_memory(most))
    }

    /// Takes a token from each bucket, or from none when one is empty. `None` when no bucket was given.
    pub async fn take(&self, buckets: &[Bucket]) -> Option<Verdict> {
        if buckets.is_empty() {
            return None;
        }
        #[cfg(feature = "redis")]
        if let Some(shared) = &self.shared {
            if let Some(verdict) = shared.take(buckets).await {
                return Some(verdict);
            }
            events::limited_alone();
        }
        self.memory.take(buckets)
    }
}

#[cfg(feature = "redis")]
impl Shared {
    /// `None` when Redis does not answer.
    async fn take(&self, buckets: &[Bucket]) -> Option<Verdict> {
        if !self.circuit.lets() {
            return None;
        }
        match self.redis.take(buckets).await {
            Ok(verdict) => {
                if self.circuit.succeeded() {
                    events::redis_answers();
                }
                verdict
            }
            Err(reason) => {
                if self.circuit.failed() {
                    events::redis_fails(&reason);
                }
                None
            }
        }
    }
}

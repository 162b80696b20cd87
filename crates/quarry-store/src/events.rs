//! What the store tells operators beyond its errors: one function an event does the log line and the metric together.

#[cfg(feature = "redis")]
use metrics::{counter, gauge};

/// Redis answers, or answers again.
#[cfg(feature = "redis")]
pub(crate) fn redis_answers() {
    gauge!("quarry_redis_up").set(1.0);
    tracing::info!("Redis answers: rate limits are shared with the other replicas");
}

/// Redis stopped answering.
#[cfg(feature = "redis")]
pub(crate) fn redis_fails(reason: &str) {
    gauge!("quarry_redis_up").set(0.0);
    tracing::warn!(
        reason,
        "Redis does not answer: until it does, rate limits are counted by this process alone"
    );
}

/// A rate limit was decided by this process alone, since Redis does not answer.
#[cfg(feature = "redis")]
pub(crate) fn limited_alone() {
    counter!("quarry_rate_limits_alone_total").increment(1);
}

//! Buckets that all replicas share, in Redis 5 or later.

use std::time::Duration;

use quarry_core::Secret;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::{
    bucket::{Bucket, Tightest, Verdict},
    error::LimitsError,
    settings::RedisSettings,
};

/// How long a connection may take to be made. Requests do not wait for it: it goes on in the background.
const CONNECTING: Duration = Duration::from_secs(2);
/// Tries of one connection; the next request that is let through begins anew.
const TRIES: usize = 1;
/// How long the system keeps trying to send before it gives a connection up that went away without a word.
#[cfg(target_os = "linux")]
const UNANSWERED: Duration = Duration::from_secs(5);

/// A connection that is made again when it broke.
pub(super) struct Redis {
    connection: ConnectionManager,
    script: Script,
    /// One hash slot for all, so that a script may name several also where there are many.
    prefix: String,
    timeout: Duration,
}

/// Reads an address. The error shows nothing of it, since a password may stand in it.
pub(super) fn address(url: &Secret) -> Result<ConnectionInfo, LimitsError> {
    url.expose().into_connection_info().map_err(|_| LimitsError::InvalidUrl)
}

impl Redis {
    /// Does not connect yet.
    pub(super) fn new(url: &Secret, settings: &RedisSettings) -> Result<Self, LimitsError> {
        let info = address(url)?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            // TLS asks for the program's provider; where there is one already, it stays.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        #[cfg(target_os = "linux")]
        let info = {
            let patient = info.tcp_settings().clone().set_nodelay(true).set_user_timeout(UNANSWERED);
            info.set_tcp_settings(patient)
        };
        let client = Client::open(info).map_err(|_| LimitsError::InvalidUrl)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            // The timeout around each call is ours, and covers the wait for a connection too.
            .set_response_timeout(None)
            .set_number_of_retries(TRIES);
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(|_| LimitsError::InvalidUrl)?;
        Ok(Self {
            connection,
            script: Script::new(include_str!("take.lua")),
            prefix: format!("{{{}}}:rate:", settings.prefix),
            timeout: Duration::from_millis(settings.timeout_ms.max(1)),
        })
    }

    /// Connects and asks for a sign of life, with more patience than a request has.
    pub(super) async fn greet(&self) -> Result<(), String> {
        let mut connection = self.connection.clone();
        let ping = redis::cmd("PING");
        let asked = ping.query_async::<String>(&mut connection);
        in_time(CONNECTING, asked).await.map(drop)
    }

    /// Takes a token from each, or from none.
    pub(super) async fn take(&self, buckets: &[Bucket]) -> Result<Option<Verdict>, String> {
        let mut invocation = self.script.prepare_invoke();
        for bucket in buckets {
            invocation.key(format!("{}{}", self.prefix, bucket.name));
            let interval = u64::try_from(bucket.quota.interval().as_micros()).unwrap_or(u64::MAX);
            invocation.arg(interval).arg(bucket.quota.burst().get());
        }
        let mut connection = self.connection.clone();
        let left: Vec<i64> = in_time(self.timeout, invocation.invoke_async(&mut connection)).await?;
        if left.len() != buckets.len() {
            return Err(format!("it answered about {} buckets of {}", left.len(), buckets.len()));
        }
        let mut tightest = Tightest::default();
        for (place, (bucket, left)) in buckets.iter().zip(left).enumerate() {
            tightest.see(place, bucket.quota, level(bucket, left));
        }
        Ok(tightest.verdict())
    }
}

/// Microseconds of tokens as whole tokens; negative, as the time until there is one.
fn level(bucket: &Bucket, left: i64) -> Result<u32, Duration> {
    let micros = left.unsigned_abs();
    if left < 0 {
        return Err(Duration::from_micros(micros));
    }
    let interval = bucket.quota.interval().as_micros().max(1);
    Ok(u32::try_from(u128::from(micros) / interval).unwrap_or(u32::MAX))
}

/// Waits no longer than it may.
async fn in_time<T>(most: Duration, asked: impl Future<Output = redis::RedisResult<T>>) -> Result<T, String> {
    match tokio::time::timeout(most, asked).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} ms", most.as_millis())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_address_is_told_without_its_password() {
        for url in ["http://:hunter2@host", "redis://:hunter2@host:port", "hunter2", ""] {
            let error = address(&Secret::new(url)).unwrap_err().to_string();
            assert!(error.contains("redis://HOST:6379") && !error.contains("hunter2"), "{error}");
        }
        for url in ["redis://h", "redis://:p@h:1/2", "rediss://h", "unix:///run/redis.sock"] {
            assert!(address(&Secret::new(url)).is_ok(), "{url}");
        }
    }
}

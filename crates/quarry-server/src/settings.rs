//! The `[server]` section of the configuration.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::middleware::TrustedProxies;

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port to listen on. Anything but the loopback address belongs behind a proxy with TLS.
    pub listen: SocketAddr,
    /// Networks of proxies whose word about the client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Largest upload in bytes, all files of the request together. Other requests are capped at 2 MiB.
    pub max_body_bytes: usize,
    /// Seconds a request may take. Waiting for documents (`?wait=`) comes on top; index repairs and rebuilds have
    /// no limit.
    pub request_timeout_seconds: u64,
    /// Connections open at once; more wait to be accepted.
    pub max_connections: usize,
    /// Requests worked on at once; more are refused with `503` and `Retry-After`.
    pub max_requests: usize,
    /// Runs that clients listen to or wait for at once; more are refused with `503` and `Retry-After`. They do not
    /// count as requests, and the request timeout does not end them: their budgets do.
    pub max_streams: usize,
    /// Whether `/metrics` is served without the key.
    pub metrics_open: bool,
    /// Seconds that requests at hand get to finish when the server stops.
    pub shutdown_grace_seconds: u64,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7700)),
            trusted_proxies: TrustedProxies::default(),
            max_body_bytes: 512 * 1024 * 1024,
            request_timeout_seconds: 60,
            max_connections: 4_096,
            max_requests: 256,
            max_streams: 2_000,
            metrics_open: false,
            shutdown_grace_seconds: 20,
        }
    }
}

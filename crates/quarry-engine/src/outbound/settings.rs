//! What an operator can say about addresses that others supply.

use serde::{Deserialize, Serialize};

/// Rules and limits of the guarded client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundSettings {
    /// Whether plain `http` is allowed.
    pub allow_http: bool,
    /// Ports besides 80 and 443.
    pub ports: Vec<u16>,
    /// Hosts that may be reached, as `docs.example.com` or `*.example.com`; none means every public host.
    pub allow_hosts: Vec<String>,
    /// Hosts that may not be reached, written like `allow_hosts`; they win.
    pub deny_hosts: Vec<String>,
    /// Private places that are opened: a network as `10.1.0.0/16`, or a place as `mcp.internal:8080`, which also opens
    /// its port and plain `http` to it.
    pub allow_private: Vec<String>,
    /// Largest answer in bytes.
    pub most_bytes: u64,
    /// Milliseconds for a whole request, redirects included.
    pub deadline_ms: u64,
    /// Milliseconds for making a connection.
    pub connect_ms: u64,
    /// Milliseconds of silence within an answer.
    pub idle_ms: u64,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allow_http: false,
            ports: Vec::new(),
            allow_hosts: Vec::new(),
            deny_hosts: Vec::new(),
            allow_private: Vec::new(),
            most_bytes: 10 * 1024 * 1024,
            deadline_ms: 30_000,
            connect_ms: 5_000,
            idle_ms: 10_000,
        }
    }
}

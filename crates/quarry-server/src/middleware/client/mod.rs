//! Who is at the other end of a connection, and who is behind the proxies in front of it.

mod address;
mod forwarded;
mod proxies;

pub(crate) use address::{ClientAddress, Peer, network};
pub use proxies::{ProxyError, TrustedProxies};

//! The one HTTP client for addresses that users, documents or models supply: fetching, MCP servers, webhooks.
//!
//! Whoever supplies an address must not be able to reach what only this machine can: so every rule is applied to
//! every hop, and the name server's answer is checked by the very resolver that connections are made with. There is
//! no second lookup between the check and the connection that could say something else.
//!
//! * [`address`]: which addresses nobody may be sent to.
//! * [`opening`]: what an operator opened all the same.
//! * [`rules`]: what a URL must be like.
//! * [`resolve`]: names into checked addresses.
//! * [`client`]: requests, redirects, limits of size and time.
//!
//! Compressed answers are not read: the client asks for none and refuses one that comes, so that a few bytes cannot
//! become many. Proxies of the environment are not used: a proxy would look names up itself.

mod address;
mod client;
mod error;
mod opening;
mod request;
mod resolve;
mod rules;
mod settings;

#[cfg(test)]
mod tests;

pub use client::Outbound;
pub use error::OutboundError;
pub use request::{OutboundMethod, OutboundRequest, OutboundResponse, OutboundStream, Purpose};
pub use resolve::Resolve;
pub use settings::OutboundSettings;

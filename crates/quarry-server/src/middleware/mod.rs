//! What happens around every request: one layer, so that a search pays for one.

mod client;
mod front;
mod idempotency;
mod limits;
mod request_id;
mod room;

pub(crate) use client::{ClientAddress, Peer};
pub use client::{ProxyError, TrustedProxies};
pub(crate) use front::front;
pub(crate) use idempotency::{Fingerprint, Kept, Repeatable};
pub(crate) use limits::{Asking, Subject};
pub use limits::{ClassRates, LimitsSettings, Period, Rate, RateError, RateLimits, Rates};
pub(crate) use request_id::RequestId;
pub(crate) use room::{Place, Room};

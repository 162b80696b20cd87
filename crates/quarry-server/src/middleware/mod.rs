//! What happens around every request: one layer, so that a search pays for one.

mod front;
mod idempotency;
mod request_id;
mod room;

pub(crate) use front::front;
pub(crate) use idempotency::{Fingerprint, Kept, Repeatable};
pub(crate) use request_id::RequestId;
pub(crate) use room::{Place, Room};

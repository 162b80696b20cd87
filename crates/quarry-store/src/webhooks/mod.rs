//! Addresses that are told what becomes of documents, and the messages on their way to them.
//!
//! * `keep`: webhooks are added, listed, removed.
//! * `enqueue`: messages are written in the transaction of what they tell, so that none is lost and none tells what did
//!   not happen.
//! * `deliver`: messages are leased to whoever sends them, and end.

mod deliver;
mod enqueue;
mod keep;

pub use deliver::{Delivery, DeliveryEnd, DeliveryInfo, DeliveryState};
pub(crate) use enqueue::{Told, enqueue};
pub use keep::{NewWebhook, WebhookRow};

use crate::store::Store;

/// A document became searchable.
pub const EVENT_READY: &str = "document.ready";
/// A document was given up.
pub const EVENT_DEAD: &str = "document.dead";

/// The webhooks of a store.
pub struct Webhooks<'a> {
    pub(crate) store: &'a Store,
}

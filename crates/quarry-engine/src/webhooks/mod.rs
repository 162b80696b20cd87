//! Webhooks: addresses that are told when a document is searchable, or was given up.
//!
//! Messages are queued in the transaction of what they tell and sent from there, again and again for a day, through the
//! client for addresses that users supply. Each is signed with the webhook's secret ([`crate::signature`]).
//!
//! * `verbs`: what people do with webhooks; `send`: the sender of each process.

mod send;
mod verbs;

pub use quarry_store::{DeliveryInfo, DeliveryState};
pub(crate) use send::run;
pub use verbs::{NewWebhook, WebhookView, Webhooks};

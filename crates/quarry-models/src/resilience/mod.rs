//! Behaviour around a call, each a [`crate::ChatModel`] around another. Their order is written in [`crate::chat_open`].

pub mod breaker;
pub mod bulkhead;
pub mod deadline;
pub mod fallback;
pub mod meter;
mod opening;
pub mod retry;
mod watch;

pub use breaker::{Breaker, BreakerRules, Guarded};
pub use bulkhead::Bulkhead;
pub use deadline::{Deadline, Deadlines};
pub use fallback::Fallback;
pub use meter::Meter;
pub use retry::Retry;

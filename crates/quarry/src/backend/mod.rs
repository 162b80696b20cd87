//! The verbs of the command line, on a data folder or through a server: the same calls, the same types.

mod acting;
mod auditing;
mod choose;
mod events;
mod governing;
mod http;
mod local;
mod remote;
mod syncing;
mod verbs;
mod views;

pub(crate) use acting::{AgentUpdate, Decision, RunStream};
pub(crate) use choose::Need;
pub(crate) use local::Local;
pub(crate) use quarry_models::EXTRACTIVE;
pub(crate) use remote::Remote;
pub(crate) use verbs::{Backend, Progress};
pub(crate) use views::{AddedView, CollectionView, LIMIT_REMOTE_BYTES, NumberedEvent, RunRecord};

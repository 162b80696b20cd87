//! Sources: places whose documents are kept in sync.
//!
//! * [`Source`]: what a place can do; `folder` and `web` are such places. A sender that brings its documents itself
//!   (`push`) is not looked at and implements nothing.
//! * `sync`: one run: what is listed is compared with what is known, what is new or changed is read, what is gone is
//!   removed. `scheduler`: runs what is due, one process at a time by leases in the store.
//! * `verbs`: what people do with sources; `spec`: what they may say of one; `view`: what they see.
//!
//! A sync never guesses: a listing that failed removes nothing, an entry that could not be read keeps its document, and
//! a source that seems to have lost most of its entries keeps them until somebody says that it is meant.

mod contract;
mod folder;
mod glob;
mod push;
mod readable;
mod scheduler;
mod spec;
mod sync;
pub mod testing;
mod verbs;
mod view;
mod web;

pub use contract::{Content, Entry, Fetched, Fingerprint, Listed, Source, SourceError, Unread};
pub use push::{PushGrant, Pushed, PushedDocument};
pub use quarry_store::{SourceCounts, SourceFailure, SourceItem, SourceKind, SourceRun, SourceRunState};
pub use readable::worth_reading;
pub(crate) use scheduler::{Desk, run};
pub use spec::{SourcePlace, SourcesSettings};
pub use verbs::{NewSource, Sources, UpdateSource};
pub use view::SourceView;

//! One file a command: its arguments, the verbs it calls, and how the result is shown.

pub(crate) mod agents;
mod answering;
pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod chat;
pub(crate) mod collections;
pub(crate) mod completions;
pub(crate) mod config;
mod cutting;
mod definition;
mod dispatch;
pub(crate) mod documents;
mod duration;
pub(crate) mod eval;
pub(crate) mod facts;
mod generations;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod ingest;
pub(crate) mod jobs;
pub(crate) mod mcp;
pub(crate) mod models;
mod offer;
pub(crate) mod paging;
pub(crate) mod parse_worker;
pub(crate) mod runs;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod sessions;
pub(crate) mod sources;
mod stop;
pub(crate) mod switches;
pub(crate) mod watch;
pub(crate) mod webhooks;

pub(crate) use dispatch::{refuse, run};

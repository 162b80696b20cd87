//! The engine through its own verbs: real store, real index, real embedder, in a temporary folder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::too_many_lines,
    missing_docs
)]

mod answers;
mod audit;
mod crashes;
mod documents;
mod ingestion;
mod injections;
mod mcp;
mod pages;
mod rebuilds;
mod runs;
mod script;
mod searches;
mod sources;
mod tools;
mod webhooks;
mod world;

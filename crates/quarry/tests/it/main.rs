//! Drives the built binary as a person or a script would, and shows what they read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a panic is how a test fails, and a skipped one says so"
)]

mod api;
mod asking;
mod auditing;
mod complaints;
mod configuration;
mod crash;
mod harness;
mod ingesting;
mod locking;
mod mcp;
mod model;
mod refusing;
mod remembering;
mod serving;
mod shape;
mod syncing;
mod talking;
mod traps;

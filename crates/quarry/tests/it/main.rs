//! Drives the built binary as a person or a script would, and shows what they read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asking;
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
mod talking;

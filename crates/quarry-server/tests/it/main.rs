//! The door from outside: a server on a port of its own, asked over HTTP by somebody with the key and somebody
//! without. Every JSON response of every story is held against the OpenAPI document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod app;
mod collections;
mod documents;
mod idempotency;
mod mcp;
mod multipart;
mod openapi;
mod refusals;
mod schema;
mod search;
mod serving;

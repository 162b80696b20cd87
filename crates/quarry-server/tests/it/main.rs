//! The door from outside: a server on a port of its own, asked over HTTP by somebody with the key and somebody
//! without. Every JSON response of every story is held against the OpenAPI document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
// A skipped test says so.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod agents;
mod app;
mod audit;
mod clients;
mod collections;
mod documents;
mod failures;
mod fuzzed;
mod idempotency;
mod identity;
mod ingestion;
mod issuer;
mod limits;
mod listening;
mod mcp;
mod memory;
mod multipart;
mod openai;
mod openai_clients;
mod openapi;
mod query;
mod readers;
mod refusals;
mod roles;
mod runs;
mod schema;
mod search;
mod serving;
mod sources;
mod talking;
mod tenants;
mod tokens;
mod webhooks;

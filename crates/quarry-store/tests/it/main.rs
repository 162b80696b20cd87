//! One suite of stories, told on SQLite and on PostgreSQL.
//!
//! `QUARRY_TEST_POSTGRES` names an administrator's database of a PostgreSQL server, in which every story makes a
//! database of its own; without it that half says that it is left out. `tests/postgres.sh start` starts such a server.
//! `QUARRY_TEST_REDIS` names a Redis in the same way, for the rate limits; `tests/redis.sh start` starts one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs
)]

mod world;

mod agents;
mod audit;
mod chunks;
mod collections;
mod documents;
mod facts;
mod generations;
mod jobs;
#[cfg(feature = "redis")]
mod limits;
mod opening;
mod others;
mod replay;
mod runs;
mod sessions;
mod sources;
mod tenants;
mod webhooks;

//! Token buckets: who may ask how often.
//!
//! A [`Bucket`] has a name and a [`Quota`]; [`Limiter::take`] takes one token from each of several, or from none when one of
//! them is empty, and the [`Verdict`] tells the tightest. Both places that buckets can be in count by the same algorithm, the
//! generic cell rate algorithm (GCRA), which keeps one number for each bucket:
//!
//! * `memory`: in this process, decided by `governor` over a map of our own whose size is bounded;
//! * `redis`: shared by all replicas, one script and one round trip for all buckets of a request. `circuit` leaves a Redis that
//!   does not answer alone for a moment; meanwhile the memory decides, so that a request never waits for it or fails by it.
//!
//! They live in the store because they are remembered state with a client of a server behind it, like the database; the door
//! reaches them through the engine and knows neither place. They are not in the database: a token is taken by every request,
//! and losing all of them costs nothing but one burst.

mod bucket;
#[cfg(feature = "redis")]
mod circuit;
mod error;
mod kept;
mod limiter;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod settings;

pub use bucket::{Bucket, Quota, Verdict};
pub use error::LimitsError;
pub use limiter::Limiter;
pub use settings::RedisSettings;

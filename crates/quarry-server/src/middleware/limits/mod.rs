//! Rate limits: which buckets a request takes a token from, and what it is told about them.
//!
//! * `settings` and `rate`: the `[limits]` section; `class`: what kind of work a route is; `limit`: which limits there are.
//! * `admit`: takes the tokens. A caller with a right key pays by its key, user and tenant; everybody else by their address,
//!   and whoever shows a wrong key from a bucket that is soon empty.
//! * `refusals`: addresses that were refused a moment ago are refused again at once, before anything is done for them and
//!   without asking where the buckets are.
//! * `standing`: the `RateLimit-*` headers.
//!
//! Where the buckets are, in memory or in Redis, is [`quarry_engine::limits`]'s.

mod admit;
mod class;
mod limit;
mod rate;
mod refusals;
mod settings;
mod standing;

pub use admit::RateLimits;
pub(crate) use admit::Subject;
pub(crate) use class::Door;
pub use rate::{Period, Rate, RateError};
pub use settings::{ClassRates, LimitsSettings, Rates};
pub(crate) use standing::Asking;

//! What every reportable error can say about itself.
//!
//! Each crate has its own precise error type; the door maps them to status codes by [`Fault::kind`] alone, so a
//! new error needs no change there.

use std::time::Duration;

/// What kind of failure this is. The list is closed: `quarry-server` maps it to HTTP in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller sent something that can never work.
    Invalid,
    /// Nobody is known to be asking.
    Unauthenticated,
    /// Somebody is, who may not.
    Forbidden,
    /// It is not there, or not for this caller.
    NotFound,
    /// It clashes with what is there.
    Conflict,
    /// It is over a size limit.
    TooLarge,
    /// Too many requests.
    RateLimited,
    /// A deadline passed.
    Timeout,
    /// Something needed is down; the same call may work later.
    Unavailable,
    /// Our mistake.
    Internal,
}

/// What a reportable error implements.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// The kind, which decides the status code and the exit code.
    fn kind(&self) -> ErrorKind;

    /// A stable snake_case code that clients may match on. Never renamed.
    fn code(&self) -> &'static str;

    /// How long to wait before trying again, where that is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// For invalid input: a JSON pointer to what was wrong.
    fn pointer(&self) -> Option<String> {
        None
    }
}

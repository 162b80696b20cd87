//! Why an address was not reached. No message repeats an address or what a name stands for: whoever supplied it could
//! map a private network that way.

use std::time::Duration;

use quarry_core::{ErrorKind, Fault};

/// A failure of the guarded client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The URL can never work.
    #[error("the URL cannot be used: {0}")]
    BadUrl(String),
    /// The rules do not let it be reached.
    #[error("this address may not be reached: {0}")]
    Forbidden(String),
    /// It took too long.
    #[error("the address {0}")]
    Timeout(String),
    /// It answered too much.
    #[error("the address answers with more than {most} bytes, which is the most that is read")]
    TooLarge {
        /// The limit.
        most: u64,
    },
    /// It did not work.
    #[error("the address could not be read: {0}")]
    Failed(String),
    /// The settings contradict themselves.
    #[error("the rules for outbound requests cannot be used: {0}")]
    Settings(String),
}

impl OutboundError {
    pub(super) fn bad(reason: &str) -> Self {
        Self::BadUrl(reason.to_owned())
    }

    pub(super) fn forbidden(reason: &str) -> Self {
        Self::Forbidden(reason.to_owned())
    }

    /// What the HTTP library says, in our words: a refusal by our own resolver is found in its chain of causes.
    pub(super) fn from_request(error: &reqwest::Error) -> Self {
        let mut cause: &dyn std::error::Error = error;
        loop {
            if let Some(refused) = cause.downcast_ref::<Self>() {
                return refused.clone();
            }
            match cause.source() {
                Some(next) => cause = next,
                None => break,
            }
        }
        if error.is_timeout() {
            return Self::Timeout("did not answer in time".to_owned());
        }
        if error.is_connect() {
            return Self::Failed("no connection could be made".to_owned());
        }
        Self::Failed("the connection broke, or what came was not HTTP".to_owned())
    }
}

impl Fault for OutboundError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadUrl(_) | Self::Settings(_) => ErrorKind::Invalid,
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::Timeout(_) => ErrorKind::Timeout,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Failed(_) => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadUrl(_) => "outbound_bad_url",
            Self::Forbidden(_) => "outbound_forbidden",
            Self::Timeout(_) => "outbound_timeout",
            Self::TooLarge { .. } => "outbound_too_large",
            Self::Failed(_) => "outbound_failed",
            Self::Settings(_) => "outbound_settings_invalid",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Failed(_) | Self::Timeout(_)).then(|| Duration::from_secs(1))
    }
}

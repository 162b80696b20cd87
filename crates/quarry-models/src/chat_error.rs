//! Every way a chat model can fail, as sentences a person can act on.

use std::time::Duration;

use quarry_core::{ErrorKind, Fault};

/// What was being waited for when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The connection.
    Connect,
    /// The first piece.
    FirstToken,
    /// The next piece.
    NextToken,
    /// The end.
    Whole,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "a connection",
            Self::FirstToken => "the first token",
            Self::NextToken => "the next token",
            Self::Whole => "the whole reply",
        })
    }
}

/// Why a chat model did not answer, or not to the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// No model has this name.
    #[error("there is no chat model `{name}`; configured are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The settings cannot work.
    #[error("`models.{key}`: {problem}")]
    Settings {
        /// The key in the section `models`.
        key: String,
        /// Why.
        problem: String,
    },
    /// No connection, or HTTP 5xx.
    #[error("the model `{name}` is not available: {problem}")]
    Unavailable {
        /// The model.
        name: String,
        /// Why.
        problem: String,
        /// When to try again, where it said so.
        retry_after: Option<Duration>,
    },
    /// HTTP 429.
    #[error("the model `{name}` is asked too often: {problem}")]
    RateLimited {
        /// The model.
        name: String,
        /// What it said.
        problem: String,
        /// When to try again, where it said so.
        retry_after: Option<Duration>,
    },
    /// The request was refused, and would be again.
    #[error("the model `{name}` refused the request (HTTP {status}): {problem}")]
    Rejected {
        /// The model.
        name: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        problem: String,
    },
    /// Time ran out.
    #[error("the model `{name}` took longer than {} ms for {phase}", limit.as_millis())]
    Timeout {
        /// The model.
        name: String,
        /// What for.
        phase: Phase,
        /// The limit.
        limit: Duration,
    },
    /// The reply broke off.
    #[error("the reply of the model `{name}` broke off: {problem}")]
    Cut {
        /// The model.
        name: String,
        /// Why.
        problem: String,
    },
    /// The reply cannot be read.
    #[error("the model `{name}` sent something that is not a reply: {problem}")]
    Malformed {
        /// The model.
        name: String,
        /// What was wrong.
        problem: String,
    },
    /// The reply is larger than anyone may send.
    #[error("the reply of the model `{name}` is larger than {limit} bytes and was ended")]
    TooLarge {
        /// The model.
        name: String,
        /// The limit.
        limit: usize,
    },
    /// The circuit breaker is open.
    #[error("the provider of the model `{name}` failed often and is left alone for {} s more", retry_after.as_secs())]
    Resting {
        /// The model.
        name: String,
        /// Until then.
        retry_after: Duration,
    },
    /// The bulkhead is full.
    #[error("the model `{name}` has {limit} calls running and no place was free within {} ms", waited.as_millis())]
    Busy {
        /// The model.
        name: String,
        /// The most calls at a time.
        limit: usize,
        /// How long the call waited.
        waited: Duration,
    },
}

impl ChatError {
    pub(crate) fn cut(name: &str, problem: impl Into<String>) -> Self {
        Self::Cut { name: name.to_owned(), problem: problem.into() }
    }

    pub(crate) fn malformed(name: &str, problem: impl Into<String>) -> Self {
        Self::Malformed { name: name.to_owned(), problem: problem.into() }
    }

    /// Whether the same call may work a moment later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::RateLimited { .. }
            | Self::Timeout { .. }
            | Self::Cut { .. }
            | Self::Malformed { .. }
            | Self::Resting { .. }
            | Self::Busy { .. } => true,
            Self::Rejected { status, .. } => matches!(status, 408 | 409 | 425),
            Self::Unknown { .. } | Self::Settings { .. } | Self::TooLarge { .. } => false,
        }
    }
}

impl Fault for ChatError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } | Self::Settings { .. } => ErrorKind::Invalid,
            Self::RateLimited { .. } => ErrorKind::RateLimited,
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::Rejected { status: 400 | 413 | 422, .. } => ErrorKind::Invalid,
            Self::Unavailable { .. }
            | Self::Rejected { .. }
            | Self::Cut { .. }
            | Self::Malformed { .. }
            | Self::TooLarge { .. }
            | Self::Resting { .. }
            | Self::Busy { .. } => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_chat_model",
            Self::Settings { .. } => "model_settings",
            Self::Unavailable { .. } => "model_unavailable",
            Self::RateLimited { .. } => "model_rate_limited",
            Self::Rejected { .. } => "model_rejected",
            Self::Timeout { .. } => "model_timeout",
            Self::Cut { .. } => "model_cut",
            Self::Malformed { .. } => "model_malformed",
            Self::TooLarge { .. } => "model_too_large",
            Self::Resting { .. } => "model_resting",
            Self::Busy { .. } => "model_busy",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::RateLimited { retry_after, .. } => *retry_after,
            Self::Resting { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

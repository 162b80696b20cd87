//! Why a token is not taken.
//!
//! Whoever cannot sign learns nothing: everything up to the signature is one sentence. What is wrong with a token that an
//! issuer did sign is told to whoever holds it.

use std::time::Duration;

use quarry_core::{ErrorKind, Fault};

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenRefusal {
    /// No issuer is configured.
    #[error("this server takes no tokens, only keys: no issuer is set below `[auth.jwt]`")]
    NotTaken,
    /// It is larger than any token of a reasonable issuer.
    #[error(
        "the token has more than 8 KiB, which is the most that is read; have the issuer put fewer claims into it"
    )]
    TooLong,
    /// It is no token, of no known issuer, or not signed as it should be.
    #[error(
        "the token is not one that an issuer of this server signed: take a new one; which issuers, keys and algorithms are taken \
         is set below `[auth.jwt]`"
    )]
    Broken,
    /// The keys of its issuer are not here.
    #[error(
        "the keys that tokens are checked with cannot be had from their issuer now; try again in a moment"
    )]
    NoKeys(Duration),
    /// Its time is over.
    #[error("the token has expired; take a new one")]
    Expired,
    /// Its time has not come.
    #[error(
        "the token is not valid yet; if it is new, the clocks of its issuer and this server differ too much"
    )]
    Early,
    /// It was issued too long ago.
    #[error("the token was issued longer ago than this server takes; take a new one")]
    Old,
    /// It is for somebody else.
    #[error("the token is for another program: its `aud` holds none of this server's audiences")]
    Audience,
    /// A claim is not there, or not as it has to be.
    #[error("the token's claim `{0}` {1}")]
    Claim(String, &'static str),
    /// The tenant that it names does not take it.
    #[error("the token names a tenant that its issuer does not speak for here")]
    Tenant,
}

impl TokenRefusal {
    /// The value of its label among the metrics.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::NotTaken => "not_taken",
            Self::TooLong => "too_long",
            Self::Broken => "broken",
            Self::NoKeys(_) => "no_keys",
            Self::Expired => "expired",
            Self::Early => "early",
            Self::Old => "old",
            Self::Audience => "audience",
            Self::Claim(..) => "claim",
            Self::Tenant => "tenant",
        }
    }
}

impl Fault for TokenRefusal {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoKeys(_) => ErrorKind::Unavailable,
            _ => ErrorKind::Unauthenticated,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoKeys(_) => "issuer_unavailable",
            _ => "invalid_token",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NoKeys(wait) => Some(*wait),
            _ => None,
        }
    }
}

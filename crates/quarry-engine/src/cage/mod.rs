//! Parsing in a cage: untrusted bytes are read in a child process that can be killed, and can do nothing but answer.
//!
//! * [`Cage`]: the pool of children, each with one document at a time; [`CageSettings`]: what they may cost.
//! * `process`: one child as its keeper sees it; `protocol`: what goes over its pipes; [`serve`]: the child's side;
//!   `confine`: what the child gives up before it reads a byte.
//!
//! A crash, a hang or a bomb costs one document, which says so. Memory that parsing took goes back to the system with
//! the child. Documents that no parser touches (plain UTF-8 text) are read here: there is nothing to protect from.

mod child;
mod confine;
mod error;
mod pool;
mod process;
mod protocol;
mod settings;

pub use child::serve;
pub use error::CageError;
pub use pool::Cage;
pub use settings::CageSettings;

use bytes::Bytes;
use quarry_parse::{Limits, ParseError, Parsed, Source};

/// A document to be parsed.
#[derive(Clone, Debug)]
pub struct ToParse {
    /// Its content.
    pub bytes: Bytes,
    /// Its file name.
    pub name: String,
    /// The media type a caller states.
    pub media_type: Option<String>,
    /// What opens it, where it is encrypted.
    pub password: Option<String>,
}

impl ToParse {
    /// The document as the parser takes it.
    #[must_use]
    pub fn source(&self) -> Source<'_> {
        Source {
            bytes: &self.bytes,
            name: &self.name,
            media_type: self.media_type.as_deref(),
            password: self.password.as_deref(),
        }
    }

    /// Reads it in this process.
    ///
    /// # Errors
    /// Says why there is no text.
    pub fn parse_here(&self, limits: &Limits) -> Result<Parsed, ParseError> {
        quarry_parse::parse(&self.source(), limits)
    }
}

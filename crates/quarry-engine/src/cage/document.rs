//! A document on its way to a parser.

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

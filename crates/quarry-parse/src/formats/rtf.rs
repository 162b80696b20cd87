//! Rich Text Format, with the encodings of its fonts.
//!
//! [`tokens`] cuts the bytes, [`header`] keeps what fonts and styles mean, [`group`] the state that groups nest, and
//! [`document`] follows the tokens and [`blocks`] writes paragraphs and tables. What is no text of the document (pictures, field codes, revision
//! tables) is skipped with its group.

mod blocks;
mod document;
mod group;
mod header;
mod tokens;

use super::Input;
use crate::{ParseError, Parsed};

/// Reads a document.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    document::read(input)
}

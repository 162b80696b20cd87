//! Bytes to blocks to chunks: reading documents and cutting them.
//!
//! [`parse`] finds out what a file is from its bytes, reads it under [`Limits`] and returns its text with the blocks
//! (headings, paragraphs, list items, table rows, code) the text is made of. [`chunk`] cuts that text by structure
//! into pieces of bounded size, each with its heading path, page and exact place. Both are pure: no files, no
//! network, no clock, the same answer every time. Hostile input stops here, as a [`ParseError`] that a person can
//! act on; embedding, storing and searching happen elsewhere.

mod archive;
mod budget;
pub mod chunk;
mod codepage;
mod decode;
mod encrypted;
mod error;
mod format;
mod formats;
mod limits;
mod nested;
mod parsed;
mod reader;
mod scans;
mod sniff;
mod writer;

pub use chunk::{ChunkDraft, ChunkSettings, InvalidChunkSettings, Strategy, chunk};
pub use error::ParseError;
pub use format::Format;
pub use limits::Limits;
pub use parsed::{Block, BlockKind, Member, Parsed, Scan};
pub use reader::{Source, is_plain, parse};
pub use sniff::{Sniffed, sniff};

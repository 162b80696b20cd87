//! What reading a document gives.

use std::{collections::BTreeMap, ops::Range};

/// The text of a document and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// What the bytes are, as a media type.
    pub media_type: String,
    /// The document's own title, where it has one.
    pub title: Option<String>,
    /// All text. Line ends are `\n`.
    pub text: String,
    /// The pieces of `text` in order, never overlapping. Text between two blocks is white space.
    pub blocks: Vec<Block>,
    /// Pages, or sheets of a workbook.
    pub pages: Option<u32>,
    /// What was left out or guessed, as sentences.
    pub warnings: Vec<String>,
    /// What the format records beside the text: `author`, `created`, `modified`, `language`, `subject`, `keywords`.
    pub metadata: BTreeMap<String, String>,
}

/// One piece of a document's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Where it is, in bytes of the text.
    pub range: Range<usize>,
    /// Its page from 1, where the format has pages.
    pub page: Option<u32>,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// A heading; 1 is the highest level.
    Heading(u8),
    /// Running text.
    Paragraph,
    /// One item of a list, with its mark. Items that follow each other are one list.
    ListItem,
    /// One row of a table, its cells joined by ` | `.
    TableRow {
        /// The number of the table in the document, from 1.
        table: u32,
        /// Whether it names the columns.
        header: bool,
    },
    /// Source code or preformatted text, line by line.
    Code,
    /// Quoted text.
    Quote,
}

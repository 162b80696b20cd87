//! What reading a document gives.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};

/// The text of a document and what it is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What the format records beside the text: `author`, `created`, `modified`, `language`, `subject`, `keywords`; of
    /// a web page also `description` and `canonical`.
    pub metadata: BTreeMap<String, String>,
    /// The files inside it, in order: members of an archive, attachments of a message. Those that could be read
    /// stand in `text`, each under a heading of its name.
    pub members: Vec<Member>,
    /// Pictures that stand where text should be: an image file itself, the pages of a scanned PDF. For whoever
    /// can recognise text in pictures; see [`Parsed::recognised`].
    pub scans: Vec<Scan>,
}

/// A file inside a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its path inside, with the names of the containers it is in before it, joined by `/`.
    pub name: String,
    /// What its bytes are, as a media type.
    pub media_type: String,
    /// Its size when expanded.
    pub bytes: u64,
    /// Why its text is missing, where it is.
    pub problem: Option<String>,
}

/// A picture of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// The page it stands for, from 1, where the document has pages.
    pub page: Option<u32>,
    /// What `image` is, as a media type.
    pub media_type: String,
    /// The picture.
    pub image: Vec<u8>,
}

/// One piece of a document's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Where it is, in bytes of the text.
    pub range: Range<usize>,
    /// Its page from 1, where the format has pages.
    pub page: Option<u32>,
}

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

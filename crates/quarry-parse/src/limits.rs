//! How much a document may cost to read.

use serde::{Deserialize, Serialize};

/// Bounds on one document. Each is checked while reading, so that an input that lies about its size stops early.
/// A document and all files inside it share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest file, in bytes.
    pub input_bytes: u64,
    /// Longest extracted text, in characters.
    pub text_chars: usize,
    /// Most pages of a paged document, slides of a presentation or sheets of a workbook.
    pub pages: usize,
    /// Most entries in containers such as DOCX, ZIP or a message with attachments.
    pub archive_entries: usize,
    /// Most bytes that all entries of a container may expand to.
    pub expanded_bytes: u64,
    /// Most times that a container may grow when it is expanded. Counted only above one megabyte, since short
    /// repetitive parts compress very well.
    pub expansion_ratio: u64,
    /// Deepest nesting of elements, objects, lists or tables.
    pub nesting: usize,
    /// Deepest nesting of files in files: a message in an archive in an archive has 2.
    pub file_nesting: usize,
    /// Most rows over all tables.
    pub table_rows: usize,
    /// Most pictures that are kept for the recognition of their text. More are left out with a warning.
    pub scans: usize,
    /// Most bytes that all these pictures may have.
    pub scan_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 100 << 20,
            text_chars: 20_000_000,
            pages: 10_000,
            archive_entries: 20_000,
            expanded_bytes: 500 << 20,
            expansion_ratio: 200,
            nesting: 100,
            file_nesting: 5,
            table_rows: 1_000_000,
            scans: 1_000,
            scan_bytes: 256 << 20,
        }
    }
}

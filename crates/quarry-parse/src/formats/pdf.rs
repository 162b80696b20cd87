//! PDF: spans of text from the reader, joined into lines, blocks and pages here.

mod attached;
mod blocks;
mod bookmarks;
mod columns;
mod furniture;
mod glyphs;
mod info;
mod lines;
mod locked;
mod names;
mod notes;
mod outline;
mod scans;
mod sizes;
mod vertical;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use pdf_oxide::{Error, PdfDocument, ReadingOrder};

use super::Input;
use crate::{BlockKind, ParseError, Parsed, error::page_list, writer::Writer};
use lines::Line;
use notes::Note;
use scans::Scans;

const LABEL: &str = "PDF";

/// Reads a PDF page by page. Pages that cannot be read cost a warning each; pages that are pictures become scans.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let document = open(input)?;
    let count = document.page_count().map_err(|error| refused(&error, input))?;
    if count > input.limits.pages {
        return Err(ParseError::over("pages", input.limits.pages));
    }
    let mut found = Found::new(input);
    let mut chars = 0;
    for index in 0..count {
        // Readers of others meet pages that nobody foresaw; one page must not cost the others.
        let page = catch_unwind(AssertUnwindSafe(|| page(&document, index))).ok().flatten();
        chars += page.iter().flat_map(|page| &page.lines).map(|line| line.text.len()).sum::<usize>();
        // Bytes, so up to four times the characters; the writer counts exactly.
        if chars > input.limits.text_chars.saturating_mul(4) {
            return Err(ParseError::over("characters of text", input.limits.text_chars));
        }
        found.add(&document, index, page);
    }
    furniture::remove(&mut found.pages);
    bookmarks::mark(&mut found.pages, &outline::read(&document));
    let mut writer = Writer::new(input.limits);
    blocks::write(&found.pages, &found.notes, &mut writer)?;
    let mut parsed = writer.finish();
    parsed.pages = u32::try_from(count).ok();
    parsed.warnings = found.warnings();
    parsed.scans = found.scans.found;
    parsed.members = attached::read(&document, input.limits);
    let mut metadata: BTreeMap<String, String> = info::read(&document);
    parsed.title = metadata.remove("title").or(parsed.title);
    parsed.metadata = metadata;
    Ok(parsed)
}

/// Opens the file, with its password where it needs one.
fn open(input: &Input<'_>) -> Result<PdfDocument, ParseError> {
    let document = PdfDocument::from_bytes(input.bytes.to_vec()).map_err(|error| refused(&error, input))?;
    if document.is_encrypted() && !(document.is_authenticated() && locked::opens_for_all(&document)) {
        let password = input.password.unwrap_or_default();
        // Old files have their passwords in Latin letters of one byte each.
        let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(password);
        let opens = |bytes: &[u8]| document.authenticate(bytes).unwrap_or(false);
        if password.is_empty() || (!opens(password.as_bytes()) && !opens(&latin)) {
            return Err(ParseError::encrypted(LABEL, input.password));
        }
    }
    Ok(document)
}

fn refused(error: &Error, input: &Input<'_>) -> ParseError {
    let message = error.to_string();
    let lower = message.to_ascii_lowercase();
    if matches!(error, Error::EncryptedPdf) || lower.contains("password") || lower.contains("encrypt") {
        ParseError::encrypted(LABEL, input.password)
    } else {
        ParseError::damaged(LABEL, message)
    }
}

/// What a page holds.
struct Page {
    lines: Vec<Line>,
    /// What has no place among the lines.
    notes: Vec<Note>,
}

/// The lines of all pages, and what is not text.
struct Found<'a> {
    pages: Vec<Vec<Line>>,
    notes: Vec<Vec<Note>>,
    scans: Scans<'a>,
    broken: Vec<u32>,
}

impl<'a> Found<'a> {
    fn new(input: &Input<'a>) -> Self {
        Self { pages: Vec::new(), notes: Vec::new(), scans: Scans::new(input.limits), broken: Vec::new() }
    }

    fn add(&mut self, document: &PdfDocument, index: usize, page: Option<Page>) {
        let mut page = page.unwrap_or_else(|| {
            self.broken.extend(u32::try_from(index + 1));
            Page { lines: Vec::new(), notes: Vec::new() }
        });
        if page.lines.is_empty() {
            // A picture that breaks its decoder costs itself only.
            let before = self.scans.found.len();
            let _ = catch_unwind(AssertUnwindSafe(|| self.scans.add(document, index)));
            // A remark on a page of which nothing else can be read is mostly a stamp on a broken one.
            page.notes.retain(|note| !note.free || self.scans.found.len() > before);
        }
        self.pages.push(page.lines);
        self.notes.push(page.notes);
    }

    fn warnings(&mut self) -> Vec<String> {
        let mut warnings = self.scans.warnings();
        if !self.broken.is_empty() {
            warnings.push(format!("pages that could not be read: {}", page_list(&self.broken)));
        }
        warnings
    }
}

/// The lines of a page in reading order and its notes; `None` when the page is broken.
fn page(document: &PdfDocument, index: usize) -> Option<Page> {
    let mut spans = document.extract_spans_with_reading_order(index, ReadingOrder::TopToBottom).ok()?;
    if vertical::is_vertical(&spans)
        && let Ok(letters) = document.extract_chars(index)
    {
        return Some(Page { lines: vertical::lines(letters), notes: notes::read(document, index) });
    }
    if spans.iter().all(|span| span.text.trim().is_empty()) {
        // Remarks do not make a page that is a picture one of text.
        return Some(Page { lines: Vec::new(), notes: notes::read(document, index) });
    }
    let turned = document.get_page_rotation(index).unwrap_or(0) % 360 != 0;
    let notes = notes::place(notes::read(document, index), &mut spans, turned);
    Some(Page { lines: lines::join(spans), notes })
}

/// Writes what has no place on its page: a field with its name, a comment with its author.
fn write_notes(notes: &[Note], writer: &mut Writer<'_>) -> Result<(), ParseError> {
    for note in notes {
        let lead = if note.name.is_empty() { String::new() } else { format!("{}: ", note.name) };
        writer.push(BlockKind::Paragraph, &format!("{lead}{}", note.text))?;
    }
    Ok(())
}

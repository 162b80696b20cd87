//! PDF: spans of text from the reader, joined into lines, blocks and pages here.

mod blocks;
mod columns;
mod furniture;
mod info;
mod lines;

use std::collections::BTreeMap;

use pdf_oxide::{Error, PdfDocument, ReadingOrder};

use super::Input;
use crate::{BlockKind, ParseError, Parsed, writer::Writer};
use lines::Line;

const LABEL: &str = "PDF";

/// Reads a PDF page by page. Pages that cannot be read cost a warning each; a document without any text says
/// whether it consists of images.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let document = PdfDocument::from_bytes(input.bytes.to_vec()).map_err(|error| refused(&error))?;
    if document.is_encrypted() && !document.is_authenticated() {
        return Err(ParseError::encrypted(LABEL, None));
    }
    let count = document.page_count().map_err(|error| refused(&error))?;
    if count > input.limits.pages {
        return Err(ParseError::over("pages", input.limits.pages));
    }
    let mut found = Found::default();
    let mut chars = 0;
    for index in 0..count {
        let lines = page(&document, index);
        chars += lines.iter().flatten().map(|line| line.text.len()).sum::<usize>();
        // Bytes, so up to four times the characters; the writer counts exactly.
        if chars > input.limits.text_chars.saturating_mul(4) {
            return Err(ParseError::over("characters of text", input.limits.text_chars));
        }
        found.add(&document, index, lines);
    }
    furniture::remove(&mut found.pages);
    let mut writer = Writer::new(input.limits);
    blocks::write(&found.pages, &mut writer)?;
    fields(&document, &found, &mut writer)?;
    let mut parsed = writer.finish();
    parsed.pages = u32::try_from(count).ok();
    parsed.warnings = found.warnings();
    let mut metadata: BTreeMap<String, String> = info::read(&document);
    parsed.title = metadata.remove("title").or(parsed.title);
    parsed.metadata = metadata;
    Ok(parsed)
}

fn refused(error: &Error) -> ParseError {
    let message = error.to_string();
    let lower = message.to_ascii_lowercase();
    if matches!(error, Error::EncryptedPdf) || lower.contains("password") || lower.contains("encrypt") {
        ParseError::encrypted(LABEL, None)
    } else {
        ParseError::damaged(LABEL, message)
    }
}

/// The lines of all pages, and the pages without any.
#[derive(Default)]
struct Found {
    pages: Vec<Vec<Line>>,
    scanned: Vec<usize>,
    broken: Vec<usize>,
}

impl Found {
    fn add(&mut self, document: &PdfDocument, index: usize, lines: Option<Vec<Line>>) {
        match &lines {
            None => self.broken.push(index + 1),
            Some(lines) if lines.is_empty() && has_image(document, index) => self.scanned.push(index + 1),
            Some(_) => {}
        }
        self.pages.push(lines.unwrap_or_default());
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.scanned.is_empty() {
            let pages = list(&self.scanned);
            warnings.push(format!("page images without text need OCR: {pages}"));
        }
        if !self.broken.is_empty() {
            warnings.push(format!("pages that could not be read: {}", list(&self.broken)));
        }
        warnings
    }
}

fn list(pages: &[usize]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = pages.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if pages.len() > SHOWN { format!(" and {} more", pages.len() - SHOWN) } else { String::new() };
    format!("page {}{more}", shown.join(", "))
}

fn has_image(document: &PdfDocument, index: usize) -> bool {
    document.page_image_handles(index).is_ok_and(|images| !images.is_empty())
}

/// The lines of a page in reading order; `None` when the page is broken.
fn page(document: &PdfDocument, index: usize) -> Option<Vec<Line>> {
    let spans = document.extract_spans_with_reading_order(index, ReadingOrder::TopToBottom).ok()?;
    Some(lines::join(spans))
}

/// What people filled into a form, unless the page shows it already.
fn fields(document: &PdfDocument, found: &Found, writer: &mut Writer<'_>) -> Result<(), ParseError> {
    use pdf_oxide::extractors::forms::{FieldValue, FormExtractor};
    let Ok(fields) = FormExtractor::extract_fields(document) else { return Ok(()) };
    writer.page = None;
    for field in fields {
        let FieldValue::Text(value) = &field.value else { continue };
        let value = value.trim();
        let shown = || found.pages.iter().flatten().any(|line| line.text.contains(value));
        if value.is_empty() || shown() {
            continue;
        }
        let name = field.tooltip.as_deref().unwrap_or(&field.full_name).trim();
        writer.push(BlockKind::Paragraph, &format!("{name}: {value}"))?;
    }
    Ok(())
}

//! From a file to its text: checks, detection, the right reader, and the net under it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    Format, Limits, ParseError, Parsed,
    budget::Budget,
    encrypted,
    formats::{self, Input},
    sniff::{self, sniff_source},
};

/// A document as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its content.
    pub bytes: &'a [u8],
    /// Its file name. The extension is a hint where the bytes leave a choice (Markdown or plain text).
    pub name: &'a str,
    /// The media type a caller states, a hint of the same weight.
    pub media_type: Option<&'a str>,
    /// What opens it, where it is encrypted.
    pub password: Option<&'a str>,
}

/// Reads a document. What it is comes from its bytes; its name decides only between kinds of text.
///
/// Contract, checked in `tests/it/scans.rs`: what comes back has text, or pictures that stand where text should be
/// ([`Parsed::scans`]), or both. With pictures the caller has text recognised in them and hands it to
/// [`Parsed::recognised`], or has nothing that can; either way [`Parsed::or_needs_ocr`] then says whether there is a
/// document. Without pictures that call changes nothing, so it may follow every `parse`.
///
/// # Errors
/// Says why there is no text: see [`ParseError`].
pub fn parse(source: &Source<'_>, limits: &Limits) -> Result<Parsed, ParseError> {
    let budget = Budget::new(source.bytes.len(), limits);
    parse_within(source, limits, &budget, 0)
}

/// Reads a document that may be inside another, `depth` files deep, on the budget of the outermost.
pub(crate) fn parse_within(
    source: &Source<'_>,
    limits: &Limits,
    budget: &Budget,
    depth: usize,
) -> Result<Parsed, ParseError> {
    if source.bytes.is_empty() {
        return Err(ParseError::Empty);
    }
    if source.bytes.len() as u64 > limits.input_bytes {
        return Err(ParseError::over("bytes", limits.input_bytes));
    }
    let sniffed = sniff_source(source.bytes, source.name, source.media_type);
    if sniffed.encrypted {
        if depth > limits.file_nesting {
            return Err(ParseError::over("levels of files in files", limits.file_nesting));
        }
        let package = encrypted::open(source.bytes, source.password, budget)?;
        return parse_within(&Source { bytes: &package, ..*source }, limits, budget, depth + 1);
    }
    let format = sniff::check_name(&sniffed, source.name)?;
    let Source { bytes, name, password, .. } = *source;
    let input = Input { bytes, name, password, limits, budget, depth };
    // Readers of others meet bytes that nobody foresaw. A panic in one is an answer about the file, not the end
    // of the process; nothing is shared with it but counters, so nothing can be left half-changed.
    let result = catch_unwind(AssertUnwindSafe(|| formats::read(format, &input)));
    let mut parsed = result.unwrap_or_else(|_| {
        Err(ParseError::damaged(format.label(), "its reader could not make sense of it"))
    })?;
    if parsed.media_type.is_empty() {
        sniffed.media_type.clone_into(&mut parsed.media_type);
    }
    if let Some(warning) = sniff::name_warning(&sniffed, source.name) {
        parsed.warnings.push(warning);
    }
    if parsed.text.trim().is_empty() && parsed.scans.is_empty() {
        return Err(no_text(format.label(), &parsed));
    }
    Ok(parsed)
}

/// Whether a document is plain UTF-8 text: there is nothing in it that a reader could stumble over, so that it needs no
/// protection while it is read.
#[must_use]
pub fn is_plain(source: &Source<'_>) -> bool {
    let format = sniff_source(source.bytes, source.name, source.media_type).format;
    format == Some(Format::Text) && std::str::from_utf8(source.bytes).is_ok()
}

/// What to say of a document that holds nothing.
pub(crate) fn no_text(format: &'static str, parsed: &Parsed) -> ParseError {
    let detail = if parsed.warnings.is_empty() {
        "it holds nothing but white space".to_owned()
    } else {
        parsed.warnings.join("; ")
    };
    ParseError::NoText { format: format.into(), detail }
}

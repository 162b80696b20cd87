//! What a file is, from its bytes; the name is a hint between kinds of text.

mod magic;

use crate::{
    Format, ParseError, decode,
    format::{by_extension, by_media_type},
};
use magic::magic;

/// The formats with a reader, for the sentence that refuses the rest.
pub(crate) const SUPPORTED: &str = "PDF, DOCX, XLSX, XLS, ODS, HTML, Markdown, CSV, TSV, JSON, JSON lines, plain text, source code and images";

/// What [`sniff`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sniffed {
    /// The media type, also for what cannot be read.
    pub media_type: &'static str,
    /// What the bytes are, with its article: "a PNG image".
    pub found: &'static str,
    /// The reader, where there is one.
    pub format: Option<Format>,
    /// Whether it is an encrypted Office document.
    pub encrypted: bool,
}

impl Sniffed {
    const fn readable(format: Format) -> Self {
        Self {
            media_type: format.media_type(),
            found: format.found(),
            format: Some(format),
            encrypted: false,
        }
    }

    const fn image(media_type: &'static str, found: &'static str) -> Self {
        Self { media_type, found, format: Some(Format::Image), encrypted: false }
    }

    const fn other(media_type: &'static str, found: &'static str) -> Self {
        Self { media_type, found, format: None, encrypted: false }
    }
}

/// Finds out what a file is. Looks at the first kilobytes, and at the directory of a container; reads no content.
#[must_use]
pub fn sniff(bytes: &[u8], name: &str) -> Sniffed {
    sniff_source(bytes, name, None)
}

pub(crate) fn sniff_source(bytes: &[u8], name: &str, media_type: Option<&str>) -> Sniffed {
    magic(bytes).unwrap_or_else(|| {
        if is_text(bytes) {
            Sniffed::readable(text_format(bytes, name, media_type))
        } else {
            Sniffed::other("application/octet-stream", "binary data of an unknown kind")
        }
    })
}

/// The format to read as, or why the file is refused.
pub(crate) fn check_name(sniffed: &Sniffed, name: &str) -> Result<Format, ParseError> {
    if sniffed.encrypted {
        return Err(ParseError::encrypted("Office document", None));
    }
    let extension = extension(name);
    let promised = by_extension(&extension);
    match (sniffed.format, promised) {
        // A text under the name of a container is a failed download or a placeholder, not the document.
        (Some(format), Some(promised)) if format.is_text() && !promised.is_text() => {
            Err(ParseError::WrongFormat { extension, found: sniffed.found.into() })
        }
        (Some(format), _) => Ok(format),
        (None, Some(_)) => Err(ParseError::WrongFormat { extension, found: sniffed.found.into() }),
        (None, None) => Err(ParseError::Unsupported { found: sniffed.found.into() }),
    }
}

/// What to say when the name and the bytes differ and the bytes can be read.
pub(crate) fn name_warning(sniffed: &Sniffed, name: &str) -> Option<String> {
    let extension = extension(name);
    let promised = by_extension(&extension)?;
    let format = sniffed.format?;
    let same = promised == format || (promised.is_text() && format.is_text());
    (!same).then(|| format!("named .{extension}, but its bytes are {}; read as that", sniffed.found))
}

/// Text has hardly any control characters; UTF-16 and UTF-32 are known by their marks or their zero bytes.
fn is_text(bytes: &[u8]) -> bool {
    let sample = bytes.get(..8192).unwrap_or(bytes);
    if sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff") {
        return true;
    }
    if sample.contains(&0) {
        return decode::utf16_without_mark(bytes).is_some();
    }
    let control = sample.iter().filter(|byte| matches!(byte, 1..=8 | 14..=26 | 28..=31 | 127)).count();
    control * 50 <= sample.len()
}

fn text_format(bytes: &[u8], name: &str, media_type: Option<&str>) -> Format {
    let hint = by_extension(&extension(name)).or_else(|| by_media_type(media_type?));
    let head = bytes.get(..2048).unwrap_or(bytes);
    let starts = head.trim_ascii_start();
    match hint {
        Some(Format::Html) => Format::Html,
        Some(format) if format.is_text() && format != Format::Text => format,
        _ if looks_like_html(head) => Format::Html,
        Some(Format::Text) => Format::Text,
        _ if matches!(starts.first(), Some(b'{' | b'[')) => json_format(bytes),
        _ => Format::Text,
    }
}

/// Nameless text that opens a bracket is JSON only when it parses, which costs less than reading it wrongly.
fn json_format(bytes: &[u8]) -> Format {
    let valid = |part: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(part).is_ok();
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .take(3)
        .collect();
    if lines.len() > 1 && lines.iter().all(|line| line.starts_with(b"{") && valid(line)) {
        Format::JsonLines
    } else if valid(bytes) {
        Format::Json
    } else {
        Format::Text
    }
}

fn looks_like_html(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if !head.starts_with(b"<") {
        return false;
    }
    let lower = head.get(..1024).unwrap_or(head).to_ascii_lowercase();
    let holds = |mark: &[u8]| lower.windows(mark.len()).any(|window| window == mark);
    holds(b"<!doctype html") || holds(b"<html") || holds(b"<head>") || holds(b"<body")
}

pub(crate) fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

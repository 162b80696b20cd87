//! What a file is, from its bytes; the name is a hint between kinds of text.

mod guess;
mod magic;

pub(crate) use magic::is_tar;

use crate::{Format, ParseError, decode, format::by_extension};
use guess::looks_like_html;
use magic::magic;

/// The formats with a reader, for the sentence that refuses the rest.
pub(crate) const SUPPORTED: &str = "PDF, DOCX, DOC, RTF, ODT, PPTX, PPT, ODP, XLSX, XLS, ODS, EPUB, EML, MSG, HTML, XML, Markdown, CSV, TSV, JSON, \
     JSON lines, Jupyter notebooks, SRT, VTT, plain text, source code, images, and ZIP, TAR and GZ archives of these";

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
        // A message is text with any bytes in it.
        if guess::is_message(bytes) && by_extension(&extension(name)) == Some(Format::Mail) {
            Sniffed::readable(Format::Mail)
        } else if is_text(bytes) {
            Sniffed::readable(guess::text_format(bytes, name, media_type))
        } else {
            Sniffed::other("application/octet-stream", "binary data of an unknown kind")
        }
    })
}

/// The format to read as, or why the file is refused.
pub(crate) fn check_name(sniffed: &Sniffed, name: &str) -> Result<Format, ParseError> {
    let extension = extension(name);
    let promised = by_extension(&extension);
    match (sniffed.format, promised) {
        // A text under the name of a container is a failed download or a placeholder, not the document.
        (Some(format), Some(promised)) if format.is_text() && !promised.is_text() => {
            Err(ParseError::WrongFormat { extension, found: sniffed.found.into() })
        }
        // An archive where a document should be is not the document either.
        (Some(format), Some(promised)) if format.is_archive() && !promised.is_archive() => {
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

pub(crate) fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

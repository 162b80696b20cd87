//! What a PDF says about itself in its information dictionary.

use std::collections::BTreeMap;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use pdf_oxide::{PdfDocument, object::Object};

use crate::writer::one_line;

/// Title, author, dates, subject and keywords.
pub(super) fn read(document: &PdfDocument) -> BTreeMap<String, String> {
    const NAMES: &[(&str, &str)] = &[
        ("Title", "title"),
        ("Author", "author"),
        ("Subject", "subject"),
        ("Keywords", "keywords"),
        ("CreationDate", "created"),
        ("ModDate", "modified"),
    ];
    let mut found = BTreeMap::new();
    let Some(info) = document.trailer().as_dict().and_then(|trailer| trailer.get("Info")) else {
        return found;
    };
    let Ok(info) = document.resolve_object(info) else { return found };
    let Some(info) = info.as_dict() else { return found };
    for (from, to) in NAMES {
        let Some(value) = info.get(*from).and_then(|value| document.resolve_object(value).ok()) else {
            continue;
        };
        let text = value.as_string().map(text).unwrap_or_default();
        let text = if from.ends_with("Date") { date(&text).unwrap_or_default() } else { text };
        let placeholder = *to == "title" && is_placeholder(&text);
        if !text.is_empty() && !placeholder {
            found.insert((*to).to_owned(), text);
        }
    }
    if let Ok(catalog) = document.catalog()
        && let Some(language) =
            catalog.as_dict().and_then(|catalog| catalog.get("Lang")).and_then(Object::as_string)
    {
        let language = text(language);
        if !language.is_empty() {
            found.insert("language".to_owned(), language);
        }
    }
    found
}

/// The dictionary that an object is or leads to.
pub(super) fn dictionary(
    document: &PdfDocument,
    object: &Object,
) -> Option<std::collections::HashMap<String, Object>> {
    document.resolve_object(object).ok()?.as_dict().cloned()
}

/// A text string: UTF-16 or UTF-8 by its mark, else close enough to Windows-1252.
pub(super) fn text(bytes: &[u8]) -> String {
    let decoded = match bytes {
        [0xfe, 0xff, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0,
        [0xff, 0xfe, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0,
        _ => match std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
            Ok(text) => text.into(),
            Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        },
    };
    one_line(&decoded.replace('\0', ""))
}

/// Titles that a program wrote, not a person.
fn is_placeholder(title: &str) -> bool {
    let lower = title.to_ascii_lowercase();
    lower.starts_with("microsoft word - ")
        || matches!(lower.as_str(), "untitled" | "title" | "document" | "untitled document")
}

/// `D:20240131093000+01'00'` as `2024-01-31T09:30:00+01:00`.
fn date(text: &str) -> Option<String> {
    let digits = text.strip_prefix("D:").unwrap_or(text);
    let part = |range: std::ops::Range<usize>, missing: &str| -> Option<String> {
        match digits.get(range) {
            Some(part) if part.bytes().all(|byte| byte.is_ascii_digit()) => Some(part.to_owned()),
            _ => (!missing.is_empty()).then(|| missing.to_owned()),
        }
    };
    let (year, month, day) = (part(0..4, "")?, part(4..6, "01")?, part(6..8, "01")?);
    let (hour, minute, second) = (part(8..10, "00")?, part(10..12, "00")?, part(12..14, "00")?);
    let zone = digits.get(14..).unwrap_or_default().replace('\'', ":");
    let zone = zone.get(..6).filter(|zone| zone.starts_with(['+', '-'])).unwrap_or("Z");
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{date, text};

    #[test]
    fn dates_and_texts_are_decoded() {
        assert_eq!(date("D:20240131093000+01'00'").unwrap(), "2024-01-31T09:30:00+01:00");
        assert_eq!(date("D:2024").unwrap(), "2024-01-01T00:00:00Z");
        assert_eq!(date("yesterday"), None);
        assert_eq!(text(b"\xfe\xff\0A\0\xe9"), "A\u{e9}");
    }
}

//! Which kind of text a text is. The name is a hint here, since many kinds look alike.

use super::extension;
use crate::{
    Format, decode,
    format::{by_extension, by_media_type},
};

/// The kind of text.
pub(super) fn text_format(bytes: &[u8], name: &str, media_type: Option<&str>) -> Format {
    let hint = by_extension(&extension(name)).or_else(|| by_media_type(media_type?));
    let head = head(bytes);
    let starts = head.trim_start();
    match hint {
        Some(Format::Html) => Format::Html,
        // Pages are saved under the names of data, and the other way round.
        Some(Format::Xml) if !starts.starts_with('<') => Format::Text,
        Some(Format::Xml) if is_saved_page(starts) => Format::Html,
        Some(Format::Mail) if !is_message(bytes) => Format::Text,
        Some(Format::Odt | Format::Odp) if is_flat_document(&head) => hint.unwrap_or(Format::Odt),
        Some(format) if format.is_text() && format != Format::Text => format,
        _ if starts.starts_with("WEBVTT") || starts_with_cue(starts) => Format::Subtitles,
        _ if looks_like_html(head.as_bytes()) => Format::Html,
        _ if starts.starts_with("<?xml") && is_flat_document(&head) => Format::Odt,
        _ if starts.starts_with("<?xml") => Format::Xml,
        _ if is_surely_message(bytes) => Format::Mail,
        Some(Format::Text) => Format::Text,
        _ if starts.starts_with("<!DOCTYPE") => Format::Xml,
        _ if starts.starts_with(['{', '[']) => json_format(bytes),
        _ => Format::Text,
    }
}

/// The first kilobytes as text.
fn head(bytes: &[u8]) -> String {
    decode::decode(bytes.get(..2048).unwrap_or(bytes), None)
}

/// Whether it is a page under the name of data.
fn is_saved_page(head: &str) -> bool {
    let lower = head.get(..200).unwrap_or(head).to_ascii_lowercase();
    lower.starts_with("<!doctype html") || lower.starts_with("<html")
}

/// Whether it is an OpenDocument in one XML file.
fn is_flat_document(head: &str) -> bool {
    head.contains("<office:document ") && head.contains("urn:oasis:names:tc:opendocument:xmlns:office")
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
    let holds = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    if lines.len() > 1 && lines.iter().all(|line| line.starts_with(b"{") && valid(line)) {
        Format::JsonLines
    } else if !valid(bytes) {
        Format::Text
    } else if holds(b"\"nbformat\"") && holds(b"\"cells\"") {
        Format::Notebook
    } else {
        Format::Json
    }
}

pub(super) fn looks_like_html(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if !head.starts_with(b"<") {
        return false;
    }
    let lower = head.get(..1024).unwrap_or(head).to_ascii_lowercase();
    let holds = |mark: &[u8]| lower.windows(mark.len()).any(|window| window == mark);
    holds(b"<!doctype html") || holds(b"<html") || holds(b"<head>") || holds(b"<body")
}

/// A number, and below it a time, an arrow and a time.
fn starts_with_cue(text: &str) -> bool {
    let mut lines =
        text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
    let number = lines.next().is_some_and(|line| line.parse::<u32>().is_ok());
    number
        && lines
            .next()
            .is_some_and(|line| line.contains("-->") && line.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether it starts with the header lines of a message.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    headers(bytes).next().is_some()
}

/// Whether its headers are those of a message even without a name that says so.
fn is_surely_message(bytes: &[u8]) -> bool {
    let has = |names: &[&str]| headers(bytes).any(|name| names.contains(&name.as_str()));
    let transport = ["received", "message-id", "mime-version", "return-path", "delivered-to", "x-mailer"];
    has(&["from"]) && has(&transport) && has(&["subject", "date", "to", "content-type"])
}

/// The names of the header lines at the start, in small letters.
fn headers(bytes: &[u8]) -> impl Iterator<Item = String> {
    let head = bytes.get(..8192).unwrap_or(bytes);
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).enumerate();
    let lines = lines.take_while(|(_, line)| !line.is_empty());
    lines.filter(|(_, line)| !line.starts_with(b" ") && !line.starts_with(b"\t")).map_while(
        |(index, line)| {
            // The line that mail folders put before each message.
            if index == 0 && (line.starts_with(b"From ") || line.starts_with(b">From ")) {
                return Some(String::new());
            }
            let end = line.iter().position(|byte| *byte == b':')?;
            let name = line.get(..end)?;
            let valid = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic());
            valid.then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
        },
    )
}

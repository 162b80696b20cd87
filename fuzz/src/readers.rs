//! The readers of documents, and the chunker behind them.

use quarry_parse::{ChunkSettings, Limits, Parsed, Source, Strategy};

use crate::checks;

/// Small enough that a run is over in milliseconds, and that the limits themselves are met.
fn limits() -> Limits {
    Limits {
        input_bytes: 1 << 20,
        text_chars: 200_000,
        pages: 50,
        archive_entries: 100,
        expanded_bytes: 4 << 20,
        expansion_ratio: 100,
        table_rows: 5_000,
        scans: 5,
        scan_bytes: 4 << 20,
        ..Limits::default()
    }
}

fn read(name: &str, bytes: &[u8], password: Option<&str>) -> Option<Parsed> {
    let limits = limits();
    match quarry_parse::parse(&Source { bytes, name, media_type: None, password }, &limits) {
        Ok(parsed) => {
            checks::parsed(&parsed, &limits);
            let recognised = parsed.scans.iter().map(|scan| (scan.page, "recognised\n\nwords".to_owned())).collect();
            checks::parsed(&parsed.clone().recognised(recognised), &Limits { text_chars: usize::MAX, ..limits });
            parsed.or_needs_ocr().ok()
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}

/// Any bytes under any name: the name is the first line.
pub fn parse(bytes: &[u8]) {
    let end = bytes.iter().take(40).position(|byte| *byte == b'\n').unwrap_or(0);
    let (name, rest) = bytes.split_at(end);
    read(&String::from_utf8_lossy(name), rest.get(1..).unwrap_or_default(), Some("secret"));
}

/// Bytes as a web page.
pub fn html(bytes: &[u8]) {
    read("a.html", bytes, None);
}

/// Bytes as Markdown.
pub fn markdown(bytes: &[u8]) {
    read("a.md", bytes, None);
}

/// Bytes as JSON, and as lines of it.
pub fn json(bytes: &[u8]) {
    read("a.json", bytes, None);
    read("a.jsonl", bytes, None);
}

/// Bytes as a table.
pub fn csv(bytes: &[u8]) {
    read("a.csv", bytes, None);
    read("a.tsv", bytes, None);
}

/// Bytes as Rich Text.
pub fn rtf(bytes: &[u8]) {
    read("a.rtf", &[b"{\\rtf1", bytes].concat(), None);
}

/// Bytes as a message.
pub fn eml(bytes: &[u8]) {
    read("a.eml", bytes, None);
}

/// Bytes as a PDF; its mark is added, so that no run ends for want of it.
pub fn pdf(bytes: &[u8]) {
    let bytes = if bytes.starts_with(b"%PDF-") { bytes.to_vec() } else { [b"%PDF-1.7\n", bytes].concat() };
    read("a.pdf", &bytes, None);
}

/// Any text under any settings: the first four bytes are the settings, the rest is Markdown or code.
pub fn chunk(bytes: &[u8]) {
    let [strategy, max, overlap, kind, rest @ ..] = bytes else { return };
    let strategy = match strategy % 5 {
        0 => Strategy::Structure,
        1 => Strategy::Fixed,
        2 => Strategy::SentenceWindow,
        3 => Strategy::ParentChild,
        _ => Strategy::Code,
    };
    let settings = ChunkSettings {
        strategy,
        max_tokens: usize::from(*max),
        overlap_tokens: usize::from(*overlap),
        window_sentences: usize::from(*overlap % 8),
    };
    let name = if kind % 2 == 0 { "a.md" } else { "a.rs" };
    if let Some(parsed) = read(name, rest, None) {
        checks::chunks(&parsed, &settings);
    }
}

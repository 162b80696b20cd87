//! The readers of what models send: how the pieces are cut must not be seen.

use quarry_engine::agent::react::Reader;
use quarry_models::providers::sse::SseReader;

/// A reply in the ReAct form, whole and in pieces whose sizes are the bytes themselves.
pub fn react(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut whole = Reader::default();
    let mut shown = whole.push(&text);
    let (rest, turn) = whole.finish();
    shown.push_str(&rest);
    let mut parts = Reader::default();
    let mut shown_in_parts = String::new();
    let mut piece = String::new();
    for letter in text.chars() {
        piece.push(letter);
        if piece.len() > (letter as usize) % 13 {
            shown_in_parts.push_str(&parts.push(&std::mem::take(&mut piece)));
        }
    }
    shown_in_parts.push_str(&parts.push(&piece));
    let (rest, turn_of_parts) = parts.finish();
    shown_in_parts.push_str(&rest);
    assert_eq!(shown, shown_in_parts);
    assert_eq!(format!("{turn:?}"), format!("{turn_of_parts:?}"));
}

/// A stream of events, whole and byte by byte.
pub fn sse(bytes: &[u8]) {
    const LIMIT: usize = 256;
    let events = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut reader = SseReader::new(LIMIT);
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for piece in pieces {
            let each = reader.push(piece, |event| found.push((event.name.to_vec(), event.data.to_vec())));
            if each.is_err() {
                // Where the reader stops on the way may depend on the pieces; that it stops may not be missed.
                return None;
            }
        }
        Some(found)
    };
    let whole = events(&mut std::iter::once(bytes));
    let single = events(&mut bytes.chunks(1));
    if let (Some(whole), Some(single)) = (whole, single) {
        assert_eq!(whole, single);
    }
}

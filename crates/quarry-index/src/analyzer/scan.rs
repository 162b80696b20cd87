//! Finds the words of a text: ranges, not strings, so that scanning copies nothing.

use super::script::{Class, class};

/// What a found piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word without inner structure.
    Word,
    /// An identifier or compound: it also has [`parts`].
    Compound,
    /// A run of Han or kana.
    Han,
    /// A run of Korean syllables.
    Hangul,
    /// A run of a script without spaces between words.
    Unspaced,
}

/// A piece of text, by its byte range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

/// Longer words are no words (base64, minified code); what is beyond is left out.
const LONGEST: usize = 80;

/// Calls `sink` with every piece of `text`, in order.
pub(super) fn pieces(text: &str, mut sink: impl FnMut(Piece)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            let piece = word(text, at);
            at = piece.end;
            emit(piece, text, &mut sink);
        } else if byte.is_ascii() {
            at += 1;
        } else {
            let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
            let kind = match class(c) {
                Class::Break => {
                    at += c.len_utf8();
                    continue;
                }
                Class::Word => {
                    let piece = word(text, at);
                    at = piece.end;
                    emit(piece, text, &mut sink);
                    continue;
                }
                Class::Han => Kind::Han,
                Class::Hangul => Kind::Hangul,
                Class::Unspaced => Kind::Unspaced,
            };
            let end = run(text, at, class(c));
            sink(Piece { start: at, end, kind });
            at = end;
        }
    }
}

fn emit(piece: Piece, text: &str, sink: &mut impl FnMut(Piece)) {
    // A run of underscores (form fields, rules) is no word.
    let bytes = text.as_bytes().get(piece.start..piece.end).unwrap_or_default();
    if piece.kind == Kind::Word || bytes.iter().any(|&byte| byte != b'_') {
        sink(piece);
    }
}

/// Where a run of one class ends.
fn run(text: &str, start: usize, kind: Class) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    rest.char_indices()
        .find(|(_, c)| {
            c.is_ascii() || (class(*c) != kind && !unicode_normalization::char::is_combining_mark(*c))
        })
        .map_or(text.len(), |(offset, _)| start + offset)
}

/// The word that starts at `start`.
fn word(text: &str, start: usize) -> Piece {
    let bytes = text.as_bytes();
    let mut at = start;
    let mut compound = false;
    let mut before = 0_u8;
    let mut capitals = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            // `HTTPServer`, but not `GPUs`.
            b'a'..=b'z' => {
                compound |= capitals > 1 && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
                capitals = 0;
            }
            b'A'..=b'Z' => {
                compound |= before.is_ascii_lowercase();
                capitals += 1;
            }
            b'0'..=b'9' => {}
            b'_' => compound = true,
            b'\'' | b'.' | b',' if at > start => {
                let next = bytes.get(at + 1).copied().unwrap_or(0);
                let joins = match byte {
                    b'\'' => before.is_ascii_alphabetic() || !before.is_ascii(),
                    b',' => before.is_ascii_digit() && next.is_ascii_digit(),
                    _ => before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric(),
                };
                if !(joins && (next.is_ascii_alphanumeric() || starts_word(text, at + 1))) {
                    break;
                }
                compound |= byte == b'.';
            }
            0..0x80 => break,
            _ => {
                let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
                let apostrophe = c == '\u{2019}' && at > start && starts_word(text, at + c.len_utf8());
                if !apostrophe && class(c) != Class::Word {
                    break;
                }
                compound |= c.is_uppercase() && before.is_ascii_lowercase();
                at += c.len_utf8();
                before = byte;
                continue;
            }
        }
        before = byte;
        at += 1;
    }
    at = signs(bytes, start, at);
    Piece { start, end: at, kind: if compound { Kind::Compound } else { Kind::Word } }
}

/// Whether a word's letter stands at `at`.
fn starts_word(text: &str, at: usize) -> bool {
    text.get(at..)
        .and_then(|rest| rest.chars().next())
        .is_some_and(|c| if c.is_ascii() { c.is_ascii_alphanumeric() } else { class(c) == Class::Word })
}

/// `C++`, `C#`, `F#`: signs that belong to a short name before them.
fn signs(bytes: &[u8], start: usize, end: usize) -> usize {
    if end - start > 2 || !bytes.get(end - 1).is_some_and(u8::is_ascii_alphabetic) {
        return end;
    }
    match bytes.get(end..) {
        Some([b'+', b'+', ..]) => end + 2,
        Some([b'#', rest @ ..]) if !rest.first().is_some_and(u8::is_ascii_alphanumeric) => end + 1,
        _ => end,
    }
}

/// The parts of a compound: split at `_`, `.`, and where a capital follows a small letter or starts a word after
/// capitals (`HTTPServer`). Calls `sink` with byte ranges inside `text`.
pub(super) fn parts(text: &str, piece: Piece, mut sink: impl FnMut(usize, usize)) {
    let word = text.get(piece.start..piece.end).unwrap_or_default();
    let mut start = 0;
    let mut before: Option<char> = None;
    let mut chars = word.char_indices();
    while let Some((at, c)) = chars.next() {
        let mut next = chars.clone();
        let mut small = || next.next().is_some_and(|(_, next)| next.is_lowercase());
        let next_small = small() && small();
        if c == '_' || c == '.' {
            flush(piece, word, (start, at), &mut sink);
            start = at + 1;
            before = None;
            continue;
        }
        let hump = c.is_uppercase()
            && before.is_some_and(|last| last.is_lowercase() || (last.is_uppercase() && next_small));
        if hump && at > start {
            flush(piece, word, (start, at), &mut sink);
            start = at;
        }
        before = Some(c);
    }
    flush(piece, word, (start, word.len()), &mut sink);
}

/// Hands on a part that is neither empty, a single letter, nor the whole.
fn flush(piece: Piece, word: &str, (start, end): (usize, usize), sink: &mut impl FnMut(usize, usize)) {
    let part = word.get(start..end).unwrap_or_default();
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    if part.len() < word.len() && (part.len() > 1 || digits && !part.is_empty()) {
        sink(piece.start + start, piece.start + end);
    }
}

/// A word cut to the length that is worth keeping.
pub(super) fn clipped(raw: &str) -> &str {
    if raw.len() <= LONGEST { raw } else { raw.get(..raw.floor_char_boundary(LONGEST)).unwrap_or(raw) }
}

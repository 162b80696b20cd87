//! Normalising and cutting into words in one pass: NFKD, accents stripped, lower case; a word is a run of letters,
//! digits, `+` and `#`.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// For each ASCII byte its lower-case form if it belongs to words, else 0. Bytes above ASCII have 0 too.
#[allow(clippy::indexing_slicing)] // Computed by the compiler, which refuses an index that is out of bounds.
const WORD_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let character = byte as u8;
        if character.is_ascii_alphanumeric() || character == b'+' || character == b'#' {
            table[byte] = character.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// Calls `found` with each word of a text. `word` is where words are put together; its content does not matter.
pub(super) fn each_word(text: &str, word: &mut Vec<u8>, mut found: impl FnMut(&[u8])) {
    word.clear();
    let mut rest = text;
    while let Some(&byte) = rest.as_bytes().first() {
        if byte.is_ascii() {
            let ascii = rest.bytes().take_while(u8::is_ascii).count();
            let (run, after) = rest.split_at(ascii);
            ascii_words(run, word, &mut found);
            rest = after;
        } else {
            let mut characters = rest.chars();
            if let Some(character) = characters.next() {
                decompose_compatible(character, |part| add(part, word, &mut found));
            }
            rest = characters.as_str();
        }
    }
    end(word, &mut found);
}

fn ascii_words(run: &str, word: &mut Vec<u8>, found: &mut impl FnMut(&[u8])) {
    for byte in run.bytes() {
        let lower = WORD_BYTES.get(usize::from(byte)).copied().unwrap_or_default();
        if lower == 0 {
            end(word, found);
        } else {
            word.push(lower);
        }
    }
}

fn add(part: char, word: &mut Vec<u8>, found: &mut impl FnMut(&[u8])) {
    // A mark vanishes and does not separate: this is how accents are stripped.
    if is_combining_mark(part) {
        return;
    }
    for lower in part.to_lowercase() {
        if belongs_to_words(lower) {
            word.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            end(word, found);
        }
    }
}

fn end(word: &mut Vec<u8>, found: &mut impl FnMut(&[u8])) {
    if !word.is_empty() {
        found(word);
        word.clear();
    }
}

/// Letters and numbers by general category. The standard library also counts enclosed letters, which are symbols.
fn belongs_to_words(character: char) -> bool {
    let symbol = matches!(character, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f149}' | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}');
    matches!(character, '+' | '#') || character.is_alphanumeric() && !symbol
}

//! Folding: one spelling for what is written several ways.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::script::Script;

/// A raw token in its lower-case form: compatibility forms (full width, ligatures) resolved, joiners, soft hyphens and
/// the marks of Arabic vowels dropped, typographic apostrophes straight.
pub(super) fn form<'a>(raw: &'a str, buffer: &'a mut String) -> &'a str {
    buffer.clear();
    if raw.is_ascii() {
        buffer.push_str(raw);
        buffer.make_ascii_lowercase();
        return buffer;
    }
    for c in raw.nfkc() {
        match c {
            '\u{ad}' | '\u{200c}' | '\u{200d}' => {}
            '\u{2019}' | '\u{2bc}' | '\u{ff07}' => buffer.push('\''),
            // Vowel marks, the superscript alef and tatweel.
            '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{640}' => {}
            'أ' | 'إ' | 'آ' | 'ٱ' => buffer.push('ا'),
            'ى' | 'ی' => buffer.push('ي'),
            'ک' => buffer.push('ك'),
            'ة' => buffer.push('ه'),
            // Nukta: Hindi is written with and without.
            '\u{93c}' => {}
            'İ' => buffer.push('i'),
            'ς' => buffer.push('σ'),
            _ => buffer.extend(c.to_lowercase()),
        }
    }
    buffer
}

/// A stem without accents, for the scripts where writers leave them out (Latin, Greek, Cyrillic `ё`).
pub(super) fn unaccented(stem: &str, script: Script) -> Cow<'_, str> {
    if stem.is_ascii() || !matches!(script, Script::Latin | Script::Greek | Script::Cyrillic) {
        return Cow::Borrowed(stem);
    }
    let mut plain = String::with_capacity(stem.len());
    for c in stem.nfd() {
        match c {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'ø' => plain.push('o'),
            'đ' => plain.push('d'),
            'ł' => plain.push('l'),
            'ı' => plain.push('i'),
            'ς' => plain.push('σ'),
            // The breve of й makes another letter, not an accent.
            '\u{306}' if plain.ends_with('и') => {
                plain.pop();
                plain.push('й');
            }
            c if is_combining_mark(c) => {}
            c => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

//! Scripts: which writing system a character belongs to, and which languages write in it.

use unicode_normalization::char::is_combining_mark;

use super::language::Language;

/// A writing system, as far as analysis treats it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Devanagari,
    /// Han and kana: written without spaces, two characters to a term.
    Han,
    /// Korean syllables: spaces between phrases, so words and pairs of syllables.
    Hangul,
    /// Thai, Lao, Khmer, Burmese: written without spaces, in clusters.
    Unspaced,
    /// Every other script that has spaces between words.
    Other,
}

/// What a character is to the scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Separates words.
    Break,
    /// A letter, digit or mark of a spaced script.
    Word,
    Han,
    Hangul,
    Unspaced,
}

/// Class of a character outside ASCII.
pub(super) fn class(c: char) -> Class {
    match u32::from(c) {
        // Soft hyphen and the zero-width joiners stand inside words; folding drops them.
        0xAD | 0x200C | 0x200D => Class::Word,
        0x0E00..=0x0E7F => in_unspaced(c, &['\u{e3f}', '\u{e4f}', '\u{e5a}', '\u{e5b}']),
        0x0E80..=0x0EFF => in_unspaced(c, &[]),
        0x1000..=0x109F => {
            in_unspaced(c, &['\u{104a}', '\u{104b}', '\u{104c}', '\u{104d}', '\u{104e}', '\u{104f}'])
        }
        0x1780..=0x17FF => in_unspaced(
            c,
            &['\u{17d4}', '\u{17d5}', '\u{17d6}', '\u{17d8}', '\u{17d9}', '\u{17da}', '\u{17db}'],
        ),
        0x1100..=0x11FF | 0x3131..=0x318E | 0xAC00..=0xD7FB => Class::Hangul,
        0x30A0 | 0x30FB => Class::Break,
        0x3005..=0x3007
        | 0x3041..=0x30FF
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF
        | 0xFF66..=0xFF9F
        | 0x20000..=0x3FFFF => Class::Han,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Class::Word,
        _ => Class::Break,
    }
}

/// Digits of these scripts are words of their own, so that numbers stay whole.
fn in_unspaced(c: char, punctuation: &[char]) -> Class {
    if punctuation.contains(&c) {
        Class::Break
    } else if c.is_numeric() {
        Class::Word
    } else {
        Class::Unspaced
    }
}

/// The script of a letter; digits, marks and signs have none.
pub(super) fn script(c: char) -> Option<Script> {
    let code = u32::from(c);
    match code {
        0x41..=0x5A | 0x61..=0x7A => return Some(Script::Latin),
        0..=0xA9 => return None,
        _ => {}
    }
    match class(c) {
        Class::Break => None,
        Class::Han => Some(Script::Han),
        Class::Hangul => Some(Script::Hangul),
        Class::Unspaced => Some(Script::Unspaced),
        Class::Word => match code {
            0xAA..=0x24F | 0x1E00..=0x1EFF | 0x2C60..=0x2C7F | 0xA720..=0xA7FF => Some(Script::Latin),
            0x370..=0x3FF | 0x1F00..=0x1FFF => Some(Script::Greek),
            0x400..=0x52F | 0x1C80..=0x1C8F | 0x2DE0..=0x2DFF | 0xA640..=0xA69F => Some(Script::Cyrillic),
            0x590..=0x5FF => Some(Script::Hebrew),
            0x600..=0x6FF | 0x750..=0x77F | 0x8A0..=0x8FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFF => {
                Some(Script::Arabic)
            }
            0x900..=0x97F | 0xA8E0..=0xA8FF => Some(Script::Devanagari),
            _ if c.is_alphabetic() => Some(Script::Other),
            _ => None,
        },
    }
}

/// The script most of a text's letters are in. Looks at the first letters only, since one page tells.
pub(super) fn main_script(text: &str) -> Option<Script> {
    const LOOK_AT: usize = 2000;
    let mut counts = [0_u32; 10];
    for script in text.chars().filter_map(script).take(LOOK_AT) {
        if let Some(count) = counts.get_mut(script as usize) {
            // A Han character says about as much as three letters: Chinese text full of English names is Chinese.
            *count += if script == Script::Han { 3 } else { 1 };
        }
    }
    let all = [
        Script::Latin,
        Script::Cyrillic,
        Script::Greek,
        Script::Arabic,
        Script::Hebrew,
        Script::Devanagari,
        Script::Han,
        Script::Hangul,
        Script::Unspaced,
        Script::Other,
    ];
    all.into_iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .max_by_key(|(script, count)| (*count, std::cmp::Reverse(*script as usize)))
        .map(|(script, _)| script)
}

/// The script a language is written in.
pub(super) fn script_of(language: Language) -> Script {
    match &language.letters() {
        b"rus" | b"ukr" | b"bel" | b"bul" | b"srp" | b"mkd" => Script::Cyrillic,
        b"ell" => Script::Greek,
        b"ara" | b"pes" | b"urd" => Script::Arabic,
        b"heb" | b"yid" => Script::Hebrew,
        b"hin" | b"mar" | b"nep" => Script::Devanagari,
        b"cmn" | b"jpn" => Script::Han,
        b"kor" => Script::Hangul,
        b"tha" | b"lao" | b"khm" | b"mya" => Script::Unspaced,
        b"ben" | b"guj" | b"pan" | b"tam" | b"tel" | b"kan" | b"mal" | b"ori" | b"sin" | b"kat" | b"hye"
        | b"amh" => Script::Other,
        _ => Script::Latin,
    }
}

/// The language whose rules a word gets when it is in another script than its text.
pub(super) fn default_language(script: Script) -> Language {
    match script {
        Script::Latin => Language::ENGLISH,
        Script::Cyrillic => Language::of(b"rus"),
        Script::Greek => Language::of(b"ell"),
        Script::Arabic => Language::of(b"ara"),
        Script::Hebrew => Language::of(b"heb"),
        Script::Devanagari => Language::of(b"hin"),
        Script::Han => Language::of(b"cmn"),
        Script::Hangul => Language::of(b"kor"),
        Script::Unspaced => Language::of(b"tha"),
        Script::Other => Language::UNKNOWN,
    }
}

//! Which language a text is in.

use super::{
    language::Language,
    script::{Script, default_language, main_script, script_of},
    stop,
};

/// How much of a text is looked at: more does not change the answer and costs time.
const SAMPLE: usize = 1200;

/// So many stop words are believed even in code and tables.
const MANY_VOTES: u32 = 8;

/// The language of a text. The script decides first; among languages of one script frequent words, then letter
/// trigrams (`whatlang`). Short Latin text that tells nothing is English.
#[must_use]
pub fn detect(text: &str) -> Language {
    let Some(script) = main_script(sample(text)) else { return Language::ENGLISH };
    match guess(text) {
        Some((language, true)) => language,
        // Unsure: a long text's guess is still better than the default.
        Some((language, false)) if text.len() > 400 && script_of(language) == script => language,
        _ => default_language(script),
    }
}

/// A guess and whether it is sure.
pub(super) fn guess(text: &str) -> Option<(Language, bool)> {
    let text = sample(text);
    let main = main_script(text)?;
    match main {
        Script::Latin => {}
        Script::Han => {
            let kana = text.chars().filter(|c| matches!(c, '\u{3041}'..='\u{30ff}')).count();
            return Some((
                if kana * 10 > text.chars().count() { Language::of(b"jpn") } else { Language::of(b"cmn") },
                true,
            ));
        }
        script @ (Script::Hangul | Script::Greek) => return Some((default_language(script), true)),
        Script::Unspaced => {
            let code = match text.chars().find(|c| ('\u{e00}'..='\u{17ff}').contains(c)) {
                Some('\u{e80}'..='\u{eff}') => b"lao",
                Some('\u{1000}'..='\u{109f}') => b"mya",
                Some('\u{1780}'..='\u{17ff}') => b"khm",
                _ => b"tha",
            };
            return Some((Language::of(code), true));
        }
        _ => {}
    }
    let votes = stop::Votes::count(text);
    let code = main == Script::Latin && looks_like_code(text);
    if let Some(language) = votes.winner(if code { MANY_VOTES } else { 3 })
        && script_of(language) == main
    {
        return Some((language, true));
    }
    if code {
        return Some((Language::ENGLISH, false));
    }
    let info = whatlang::detect(text)?;
    let language = Language::from_code(info.lang().code())?;
    // A language without a single one of its stop words is not the text's, whatever the trigrams say.
    let unheard = votes.of(language) == Some(0) && main == Script::Latin;
    Some((
        if unheard { Language::ENGLISH } else { language },
        info.is_reliable() && text.len() > 60 && !unheard,
    ))
}

/// Whether so much of a Latin text is signs, or so many words are `camelCase`, that trigrams of it tell nothing: code,
/// tables of numbers.
fn looks_like_code(text: &str) -> bool {
    let (mut letters, mut signs, mut humps, mut words) = (0, 0, 0, 1);
    let mut before = b' ';
    for byte in text.bytes() {
        match byte {
            b' ' | b'\n' | b'\t' | b'\r' => words += usize::from(before.is_ascii_alphabetic()),
            _ if byte.is_ascii_alphabetic() || !byte.is_ascii() => letters += 1,
            _ => signs += 1,
        }
        humps += usize::from(byte.is_ascii_uppercase() && before.is_ascii_lowercase());
        before = byte;
    }
    letters > 0 && (signs * 7 > letters || humps * 10 > words)
}

fn sample(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SAMPLE)).unwrap_or(text)
}

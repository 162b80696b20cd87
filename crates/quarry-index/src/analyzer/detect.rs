//! Which language a text is in.

use super::{
    language::Language,
    script::{Script, default_language, main_script},
    stop,
};

/// How much of a text is looked at: more does not change the answer and costs time.
const SAMPLE: usize = 1200;

/// The language of a text. The script decides first; among languages of one script frequent words, then letter
/// trigrams (`whatlang`). Short Latin text that tells nothing is English.
#[must_use]
pub fn detect(text: &str) -> Language {
    let Some(script) = main_script(sample(text)) else { return Language::ENGLISH };
    match guess(text) {
        Some((language, true)) => language,
        // Unsure: a long text's guess is still better than the default.
        Some((language, false)) if text.len() > 400 && super::script::script_of(language) == script => language,
        _ => default_language(script),
    }
}

/// A guess and whether it is sure.
pub(super) fn guess(text: &str) -> Option<(Language, bool)> {
    let text = sample(text);
    match main_script(text)? {
        Script::Latin => {}
        Script::Han => {
            let kana = text.chars().filter(|c| matches!(c, '\u{3041}'..='\u{30ff}')).count();
            return Some((if kana * 10 > text.chars().count() { Language::of(b"jpn") } else { Language::of(b"cmn") }, true));
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
    if let Some(language) = stop::vote(text) {
        return Some((language, true));
    }
    // Code has few words of any language; trigrams of identifiers tell nothing.
    let signs = text.bytes().filter(|byte| b"{}()[];=<>_/\\|".contains(byte)).count();
    if signs * 25 > text.len() {
        return Some((Language::ENGLISH, false));
    }
    let info = whatlang::detect(text)?;
    let language = Language::from_code(info.lang().code())?;
    Some((language, info.is_reliable() && text.len() > 60))
}

fn sample(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SAMPLE)).unwrap_or(text)
}

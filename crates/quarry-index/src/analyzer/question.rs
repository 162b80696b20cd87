//! A question to terms.

use super::{
    chunk::each_word,
    detect::{detect, guess},
    language::Language,
    script::{Script, main_script, script, script_of},
    stop,
    word::Words,
};
use crate::query::{QueryTerm, QueryTerms};

/// The languages of a collection's documents, most frequent first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryLanguages(pub Vec<Language>);

/// A question's terms.
///
/// Stems only meet when both sides were stemmed alike, so the collection's languages decide: the detected language counts
/// when detection is sure of it and the collection has it, otherwise the collection's most frequent language in the
/// question's script. A question of nothing but stop words keeps them.
#[must_use]
pub fn analyse_query(text: &str, hint: &QueryLanguages) -> QueryTerms {
    let language = language_of(text, hint);
    let words = Words::new(language);
    let mut kept = Vec::new();
    let mut stopped = Vec::new();
    let (mut gap, mut stopped_gap) = (0_u32, 0_u32);
    each_word(&words, text, |(start, end), word, step| {
        gap += u32::from(step);
        stopped_gap += u32::from(step);
        let raw = text.get(start..end).unwrap_or_default();
        let term = |gap: u32| QueryTerm {
            stem: word.stem,
            form: word.form,
            gap: gap.min(255) as u8,
            text: raw.to_owned(),
        };
        if word.stop || stop::is_question_word(raw, language) {
            stopped.push(term(stopped_gap));
            stopped_gap = 0;
        } else {
            kept.push(term(gap));
            gap = 0;
        }
    });
    let terms = if kept.is_empty() { stopped } else { kept };
    QueryTerms { terms, language: language.code().to_owned() }
}

fn language_of(text: &str, hint: &QueryLanguages) -> Language {
    if hint.0.is_empty() {
        return detect(text);
    }
    if let Some((language, true)) = guess(text)
        && hint.0.contains(&language)
    {
        return language;
    }
    // Names and terms in Latin letters stand in questions of every language; letters of another script tell.
    let main = main_script(text);
    let present = |language: &Language| {
        let own = script_of(*language);
        own != Script::Latin && text.chars().filter_map(script).any(|script| script == own)
    };
    hint.0
        .iter()
        .copied()
        .find(|language| present(language))
        .or_else(|| {
            hint.0.iter().copied().find(|language| main.is_none_or(|script| script_of(*language) == script))
        })
        .unwrap_or_else(|| detect(text))
}

//! What is remembered about a user, over all sessions: kept as sentences, found by words and meaning.
//!
//! Sentences are compared by the table inside the executable, whatever embedder the collections have: it costs
//! microseconds, and a user has a thousand facts at most, so that all of them are looked at. Nobody finds the facts of
//! another user: every call names tenant and user, which come from whoever asked and never from a model.

use std::collections::{HashMap, HashSet};

use quarry_core::{Access, FactId, SessionId};
use quarry_index::analyzer::{self, QueryLanguages};
use quarry_models::Embedder;
use quarry_store::FactRow;

use crate::{engine::Inner, error::EngineError};

/// Longest fact in characters: it is a sentence, not a document.
pub(crate) const MOST_CHARACTERS: usize = 500;
/// Two sentences this alike say the same.
const SAME: f32 = 0.97;
/// A fact without a word of the question must be this close to it.
const CLOSE: f32 = 0.35;
/// Facts of which a run is told all.
const FEW: usize = 3;
/// Most facts that a run is told.
const TOLD: usize = 6;
/// What a question's words count for beside its meaning.
const WORDS: f32 = 0.6;

/// Remembers a sentence about a user. Gives the fact and whether it is new: what is remembered already stays as it is.
///
/// # Errors
/// `invalid_fact`, `too_many_facts`, storage errors.
pub(crate) async fn remember(
    inner: &Inner,
    access: &Access,
    user: &str,
    session_id: Option<SessionId>,
    text: &str,
) -> Result<(FactRow, bool), EngineError> {
    let text = checked(text)?;
    let vector = vector(inner, &text);
    let mut known = inner.store.facts().all(access.tenant(), user).await?;
    let same = |fact: &FactRow| {
        // Numbers and names hardly move a vector; only the same words say the same.
        fact.text.eq_ignore_ascii_case(&text)
            || cosine(&fact.vector, &vector) >= SAME && words(&fact.text) == words(&text)
    };
    if let Some(place) = known.iter().position(same) {
        return Ok((known.swap_remove(place), false));
    }
    let now = inner.clock.now();
    let row = FactRow {
        id: FactId::new(),
        tenant: access.tenant(),
        user: user.to_owned(),
        text,
        vector,
        embedder: inner.table.info().id.clone(),
        session_id,
        created_at: now,
        updated_at: now,
    };
    inner.store.facts().add(access.by(), row.clone()).await?;
    Ok((row, true))
}

/// A fact's text as it is kept: one line of words.
///
/// # Errors
/// `invalid_fact`.
pub(crate) fn checked(text: &str) -> Result<String, EngineError> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() || text.chars().count() > MOST_CHARACTERS {
        let problem = format!("a fact is one sentence of 1 to {MOST_CHARACTERS} characters");
        return Err(EngineError::invalid("invalid_fact", "/text", problem));
    }
    Ok(text)
}

/// What a run is told of its user: all where there are few, which costs nothing, and a name has no word in common with
/// most questions; otherwise what bears on the question.
///
/// # Errors
/// Storage errors.
pub(crate) async fn told(
    inner: &Inner,
    access: &Access,
    user: &str,
    question: &str,
) -> Result<Vec<String>, EngineError> {
    let facts = inner.store.facts().all(access.tenant(), user).await?;
    if facts.len() <= FEW {
        return Ok(facts.into_iter().map(|fact| fact.text).collect());
    }
    let mut scored = score(inner, question, facts);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    Ok(scored.into_iter().take(TOLD).map(|(_, fact)| fact.text).collect())
}

/// The facts of a user that bear on a question, the best first.
///
/// # Errors
/// Storage errors.
pub(crate) async fn recall(
    inner: &Inner,
    access: &Access,
    user: &str,
    question: &str,
    most: usize,
) -> Result<Vec<FactRow>, EngineError> {
    let facts = inner.store.facts().all(access.tenant(), user).await?;
    let mut scored = score(inner, question, facts);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    Ok(scored.into_iter().take(most).map(|(_, fact)| fact).collect())
}

fn score(inner: &Inner, question: &str, facts: Vec<FactRow>) -> Vec<(f32, FactRow)> {
    let (asked, wanted) = (vector(inner, question), stems(question));
    let held: Vec<HashSet<u32>> = facts.iter().map(|fact| stems(&fact.text)).collect();
    let mut frequency: HashMap<u32, usize> = HashMap::new();
    for stem in held.iter().flatten() {
        *frequency.entry(*stem).or_default() += 1;
    }
    // A word that many facts have says less.
    let weight =
        |stem: &u32| (1.0 + facts.len() as f32 / (1.0 + frequency.get(stem).map_or(0.0, |n| *n as f32))).ln();
    let whole: f32 = wanted.iter().map(weight).sum();
    let scores: Vec<Option<f32>> = facts
        .iter()
        .zip(&held)
        .map(|(fact, held)| {
            let shared: f32 = wanted.intersection(held).map(weight).sum();
            let words = if whole > 0.0 { shared / whole } else { 0.0 };
            // A fact that another embedder has seen is found by its words until it is changed.
            let near =
                if fact.embedder == inner.table.info().id { cosine(&fact.vector, &asked) } else { 0.0 };
            (words > 0.0 || near >= CLOSE).then_some(near + WORDS * words)
        })
        .collect();
    facts.into_iter().zip(scores).filter_map(|(fact, score)| score.map(|score| (score, fact))).collect()
}

/// A text's vector, by the table inside the executable.
pub(crate) fn vector(inner: &Inner, text: &str) -> Vec<f32> {
    let mut vector = Vec::new();
    inner.table.embed_into(text, &mut vector);
    vector
}

fn stems(text: &str) -> HashSet<u32> {
    analyzer::analyse_query(text, &QueryLanguages::default()).stems().into_iter().collect()
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    if one.len() != other.len() {
        return 0.0;
    }
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

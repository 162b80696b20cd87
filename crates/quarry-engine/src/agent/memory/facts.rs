//! What is remembered of a user and has to do with what is asked.

use quarry_core::TenantId;
use quarry_index::analyzer::{self, ChunkText};
use quarry_models::StaticTable;
use std::collections::HashSet;

use crate::{engine::Inner, error::EngineError};

/// Most facts that a run is told.
const MOST: usize = 6;
/// The score below which a fact has nothing to do with a question.
const LEAST: f32 = 0.25;
/// Facts of which all are told, whatever is asked: so few cost nothing, and a name has no word in common with most
/// questions.
const FEW: usize = 3;

/// A fact's vector.
pub(crate) fn embed(table: &StaticTable, text: &str) -> Vec<f32> {
    let mut vector = Vec::new();
    table.embed_into(text, &mut vector);
    vector
}

/// Facts by words and meaning, best first.
pub(crate) async fn recall(
    inner: &Inner,
    tenant: TenantId,
    user: &str,
    question: &str,
) -> Result<Vec<String>, EngineError> {
    let facts = inner.store.facts().all(tenant, user).await?;
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let (few, asked, vector) = (facts.len() <= FEW, stems(question), embed(&inner.table, question));
    let mut scored: Vec<(f32, String)> = facts
        .into_iter()
        .map(|fact| {
            let words = stems(&fact.text);
            let shared =
                asked.intersection(&words).count() as f32 / (words.len().min(asked.len()).max(1)) as f32;
            let cosine: f32 = if fact.vector.len() == vector.len() {
                fact.vector.iter().zip(&vector).map(|(one, two)| one * two).sum()
            } else {
                0.0
            };
            (0.5 * shared + 0.5 * cosine.max(0.0), fact.text)
        })
        .collect();
    scored.sort_by(|one, two| two.0.total_cmp(&one.0));
    Ok(scored
        .into_iter()
        .filter(|(score, _)| few || *score >= LEAST)
        .take(MOST)
        .map(|(_, text)| text)
        .collect())
}

fn stems(text: &str) -> HashSet<u32> {
    let chunk = ChunkText { title: "", headings: &[], text, language: analyzer::detect(text) };
    analyzer::analyse_chunk(&chunk).iter().map(quarry_index::Term::stem).collect()
}

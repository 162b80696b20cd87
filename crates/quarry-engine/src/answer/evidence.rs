//! Whether the documents answer at all: a judgement over the best evidence, not over the best sentence's words.

use super::extract::{Question, Scored};
use crate::retrieve::Hit;

/// How many features the evidence has.
pub(crate) const FEATURES: usize = 11;

/// Their names, in order; the weights file uses them.
pub(crate) const NAMES: [&str; FEATURES] = [
    "bias",
    "best_passage",
    "first_passage",
    "best_sentence",
    "best_sentence_with_previous",
    "rarest_in_first",
    "similarity",
    "adjacency",
    "terms",
    "lead",
    "known_language",
];

/// What speaks for an answer being there.
pub(crate) fn features(
    question: &Question,
    hits: &[Hit],
    cosines: &[f32],
    scored: &[Scored],
) -> [f32; FEATURES] {
    let most = |feature: usize, sentences: &mut dyn Iterator<Item = &Scored>| {
        sentences.filter_map(|sentence| sentence.features.get(feature).copied()).fold(0.0, f32::max)
    };
    let first: Vec<&Scored> = scored.iter().filter(|sentence| sentence.hit == 0).collect();
    let in_first = first.iter().fold(0_u64, |mask, sentence| mask | sentence.covered);
    let lead = match (hits.first(), hits.get(1)) {
        (Some(first), Some(second)) => (first.score - second.score).clamp(0.0, 5.0) / 5.0,
        _ => 0.0,
    };
    [
        1.0,
        most(4, &mut scored.iter()),
        most(4, &mut first.iter().copied()),
        most(0, &mut scored.iter()),
        most(1, &mut scored.iter()),
        question.rarest_share(in_first),
        cosines.iter().copied().fold(0.0, f32::max),
        most(13, &mut scored.iter()),
        (question.weights().len() as f32).ln_1p(),
        lead,
        f32::from(u8::from(question.has_vector())),
    ]
}

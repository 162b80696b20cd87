//! What the likely best candidates have in common, and who else has it.
//!
//! Words that several of the first candidates share, and that most other candidates lack, are about the question's subject
//! even where the question does not say them (relevance feedback, without an index of its own). It costs about as much as
//! the pass over the question's own terms.

use super::features::FeatureVector;
use crate::{index::Candidates, terms::Term};

/// How many candidates tell the subject.
const FIRST: usize = 8;
/// How many of their words are used.
const WORDS: usize = 40;
/// How many words that two of the first share are looked for in all candidates.
const SHARED: usize = 256;
/// Slots of the table; a power of two.
const SLOTS: usize = 2048;

/// A stem that several of the first candidates have.
#[derive(Clone, Copy)]
struct Word {
    stem: u32,
    /// How much of it the first have.
    weight: f32,
}

/// Writes the last feature of every row: how much of the shared words a candidate has.
pub(super) fn add(rows: &mut [FeatureVector], candidates: &Candidates, trust: f32) {
    let words = shared(first(rows, candidates, trust), candidates);
    let slots = slots(&words);
    // One pass finds which words each candidate has; only then is known how rare each is.
    let mut found: Vec<(u8, u16)> = Vec::with_capacity(candidates.items.len() * 16);
    let mut ends = Vec::with_capacity(candidates.items.len());
    let mut counts = [0_u16; SHARED];
    let mut having = [0_u32; SHARED];
    for item in &candidates.items {
        let start = found.len();
        for packed in candidates.terms.get(item.terms.clone()).unwrap_or_default() {
            if let Some(place) = find(&slots, &words, Term::from_packed(*packed).stem())
                && let Some(count) = counts.get_mut(place)
            {
                if *count == 0 {
                    found.push((place as u8, 0));
                }
                *count += u16::from(*count < u16::MAX);
            }
        }
        for (place, kept) in found.iter_mut().skip(start) {
            if let (Some(count), Some(having)) =
                (counts.get_mut(usize::from(*place)), having.get_mut(usize::from(*place)))
            {
                *kept = std::mem::take(count);
                *having += 1;
            }
        }
        ends.push(found.len());
    }
    let weights = weights(&words, &having, candidates.items.len());
    let average = candidates.average_length.max(1.0);
    let mut start = 0;
    for ((row, item), end) in rows.iter_mut().zip(&candidates.items).zip(ends) {
        let norm = 0.3 + 0.9 * item.terms.len() as f32 / average;
        if let Some(value) = row.last_mut() {
            *value = found
                .get(start..end)
                .unwrap_or_default()
                .iter()
                .map(|&(place, count)| {
                    let count = f32::from(count);
                    weights.get(usize::from(place)).copied().unwrap_or(0.0) * count / (count + norm)
                })
                .sum();
        }
        start = end;
    }
}

/// The words that at least two of the first candidates share, the weightiest first.
fn shared(first: Vec<(usize, f32)>, candidates: &Candidates) -> Vec<Word> {
    let average = candidates.average_length.max(1.0);
    let mut all: Vec<(u32, f32)> = Vec::with_capacity(1024);
    let mut stems: Vec<u32> = Vec::new();
    for (place, likely) in first {
        let Some(item) = candidates.items.get(place) else { continue };
        stems.clear();
        let terms = candidates.terms.get(item.terms.clone()).unwrap_or_default();
        stems.extend(terms.iter().map(|packed| Term::from_packed(*packed).stem()));
        stems.sort_unstable();
        let norm = 0.3 + 0.9 * stems.len() as f32 / average;
        all.extend(stems.chunk_by(|a, b| a == b).filter_map(|same| {
            let count = same.len() as f32;
            Some((*same.first()?, likely * count / (count + norm)))
        }));
    }
    // Stable, so that equal stems keep the candidates' order and their weights are added in it.
    all.sort_by_key(|(stem, _)| *stem);
    let mut words: Vec<Word> = all
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|same| same.len() >= 2)
        .filter_map(|same| {
            Some(Word { stem: same.first()?.0, weight: same.iter().map(|(_, weight)| weight).sum() })
        })
        .collect();
    words.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.stem.cmp(&b.stem)));
    words.truncate(SHARED - 1);
    words
}

/// Places of the words, from 1, by their stem.
fn slots(words: &[Word]) -> [u8; SLOTS] {
    let mut slots = [0_u8; SLOTS];
    for (place, word) in words.iter().enumerate() {
        let mut at = word.stem as usize % SLOTS;
        while slots.get(at).is_some_and(|&taken| taken != 0) {
            at = (at + 1) % SLOTS;
        }
        if let Some(slot) = slots.get_mut(at) {
            *slot = place as u8 + 1;
        }
    }
    slots
}

#[inline]
fn find(slots: &[u8; SLOTS], words: &[Word], stem: u32) -> Option<usize> {
    let mut at = stem as usize % SLOTS;
    loop {
        let place = usize::from(slots.get(at).copied().unwrap_or(0)).checked_sub(1)?;
        if words.get(place).is_some_and(|word| word.stem == stem) {
            return Some(place);
        }
        at = (at + 1) % SLOTS;
    }
}

/// What each word weighs: more when few of all candidates have it. Only the weightiest count.
fn weights(words: &[Word], having: &[u32; SHARED], candidates: usize) -> Vec<f32> {
    let all = candidates as f32;
    let mut weights: Vec<f32> = words
        .iter()
        .zip(having)
        .map(|(word, &found)| word.weight * (1.0 + (all - found as f32 + 0.5) / (found as f32 + 0.5)).ln())
        .collect();
    if weights.len() > WORDS {
        let mut sorted = weights.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let least = sorted.get(WORDS - 1).copied().unwrap_or(0.0);
        weights.iter_mut().filter(|weight| **weight < least).for_each(|weight| *weight = 0.0);
    }
    weights
}

/// The first candidates by a plain mixture of terms and vectors, each with its likelihood against the best.
fn first(rows: &[FeatureVector], candidates: &Candidates, trust: f32) -> Vec<(usize, f32)> {
    let score = |row: &FeatureVector| {
        let [_, _, _, _, _, _, bm25_share, cosine, coverage, best_sentence, _, _, _, _, cosine_share, ..] =
            row;
        2.0 * bm25_share + coverage + best_sentence + trust * (cosine + 2.0 * cosine_share)
    };
    let mut order: Vec<(f32, u64, usize)> = rows
        .iter()
        .zip(&candidates.items)
        .enumerate()
        .map(|(place, (row, item))| (score(row), item.key, place))
        .collect();
    let by_score = |a: &(f32, u64, usize), b: &(f32, u64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if order.len() > FIRST {
        order.select_nth_unstable_by(FIRST - 1, by_score);
        order.truncate(FIRST);
    }
    order.sort_by(by_score);
    let best = order.first().map_or(0.0, |(score, ..)| *score);
    order.into_iter().map(|(score, _, place)| (place, (score - best).exp())).collect()
}

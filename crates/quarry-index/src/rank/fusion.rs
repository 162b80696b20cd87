//! Fusing two legs without other features: standardised scores, or ranks alone.

use crate::index::{Candidate, Candidates, Leg};

/// The constant of reciprocal rank fusion that its authors measured.
const RRF_K: f32 = 60.0;

/// Weights of the legs.
#[derive(Clone, Copy)]
pub(super) struct Legs {
    pub lexical: f32,
    pub dense: f32,
}

/// z(bm25) and z(cosine) of each candidate, from what the legs scored: no terms are needed. One that the lexical leg did
/// not propose is taken to score as its last, or nothing where that leg found fewer than it could give.
pub(super) fn standardised(candidates: &Candidates) -> Vec<[f32; 2]> {
    let proposed = || candidates.items.iter().filter_map(|item| item.lexical);
    let last = proposed().map(|leg| leg.score).fold(f32::INFINITY, f32::min);
    let dense = candidates.items.iter().filter(|item| item.dense.is_some()).count();
    let floor = if last.is_finite() && proposed().count() >= dense { last } else { 0.0 };
    let mut rows: Vec<[f32; 2]> = candidates
        .items
        .iter()
        .map(|item| [item.lexical.map_or(floor, |leg| leg.score), item.cosine])
        .collect();
    // Sums of floating point numbers depend on their order in the last bit; by key, the order of the candidates does not
    // matter.
    let mut order: Vec<(u64, usize)> =
        candidates.items.iter().enumerate().map(|(place, item)| (item.key, place)).collect();
    order.sort_unstable();
    for column in 0..2 {
        let value = |row: &[f32; 2]| row.get(column).copied().unwrap_or(0.0);
        let values = || order.iter().filter_map(|&(_, place)| rows.get(place)).map(value);
        let count = rows.len().max(1) as f32;
        let mean = values().sum::<f32>() / count;
        let spread = (values().map(|value| (value - mean) * (value - mean)).sum::<f32>() / count).sqrt();
        let factor = if spread > 1e-6 { 1.0 / spread } else { 0.0 };
        for value in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            *value = (*value - mean) * factor;
        }
    }
    rows
}

/// Σ weight / (60 + rank) over the legs that propose the candidate.
pub(super) fn reciprocal(item: &Candidate, legs: Legs) -> (f32, f32) {
    let of = |leg: Option<Leg>, weight: f32| leg.map_or(0.0, |leg| weight / (RRF_K + leg.rank as f32));
    (of(item.lexical, legs.lexical), of(item.dense, legs.dense))
}

//! Fusing two legs without other features: standardised scores, or ranks alone.

use super::features::FeatureVector;
use crate::index::{Candidate, Leg};

/// The constant of reciprocal rank fusion that its authors measured.
const RRF_K: f32 = 60.0;

/// Weights of the legs.
#[derive(Clone, Copy)]
pub(super) struct Legs {
    pub lexical: f32,
    pub dense: f32,
}

/// z(bm25) and z(cosine), weighted: the shares of the features `bm25` and `dense`.
pub(super) fn standardised(row: &FeatureVector, legs: Legs) -> (f32, f32) {
    let [bm25, dense, ..] = row;
    (bm25 * legs.lexical, dense * legs.dense)
}

/// Σ weight / (60 + rank) over the legs that propose the candidate.
pub(super) fn reciprocal(item: &Candidate, legs: Legs) -> (f32, f32) {
    let of = |leg: Option<Leg>, weight: f32| leg.map_or(0.0, |leg| weight / (RRF_K + leg.rank as f32));
    (of(item.lexical, legs.lexical), of(item.dense, legs.dense))
}

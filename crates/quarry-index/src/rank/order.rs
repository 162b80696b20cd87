//! Puts candidates in order.

use super::{
    features::{FEATURES, FeatureVector, Lane, NAMES, trusting},
    fusion::{Legs, reciprocal, standardised},
    linear::LinearWeights,
};
use crate::{index::Candidates, query::QueryTerms};

/// The rule that makes one score of a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ranker {
    /// All features, weighted by [`RankRequest::weights`].
    #[default]
    Linear,
    /// `(1 - dense_weight) z(bm25) + dense_weight z(cosine)`.
    Standardised {
        /// The dense leg's part, 0 to 1; it belongs to the embedding model.
        dense_weight: f32,
    },
    /// Reciprocal rank fusion, k = 60: for engines that only give ranks.
    ReciprocalRank,
}

/// How to rank.
#[derive(Clone, Copy, Debug)]
pub struct RankRequest<'a> {
    /// The rule.
    pub ranker: Ranker,
    /// The linear ranker's weights.
    pub weights: &'a LinearWeights,
    /// Multiplies what the terms say; 0 leaves them out.
    pub lexical: f32,
    /// Multiplies what the vectors say; 0 leaves them out, as when the dense leg is off.
    pub dense: f32,
    /// How far the vectors can be trusted for this question, 0 to 1: 0 where its language is none of the embedder's.
    pub dense_trust: f32,
    /// Whether to give each feature's share.
    pub explain: bool,
}

impl<'a> RankRequest<'a> {
    /// The linear ranker with both legs as fitted.
    #[must_use]
    pub const fn linear(weights: &'a LinearWeights) -> Self {
        Self { ranker: Ranker::Linear, weights, lexical: 1.0, dense: 1.0, dense_trust: 1.0, explain: false }
    }
}

/// What a feature gave to a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The feature's name, one of [`NAMES`], or `rank_lexical` and `rank_dense`.
    pub feature: &'static str,
    /// Its value.
    pub value: f32,
    /// Its weighted part of the score.
    pub share: f32,
}

/// A candidate's place.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Which of [`Candidates::items`].
    pub index: usize,
    /// The score; comparable within one question only.
    pub score: f32,
    /// Where it comes from, if asked for.
    pub shares: Option<Vec<Share>>,
}

/// The candidates, best first. Equal scores are ordered by key, so that the order of the candidates does not matter.
#[must_use]
pub fn rank(query: &QueryTerms, candidates: &Candidates, request: &RankRequest<'_>) -> Vec<Ranked> {
    let mut ranked = match request.ranker {
        Ranker::Linear => linear(query, candidates, request),
        Ranker::Standardised { dense_weight } => {
            let trusted = dense_weight.clamp(0.0, 1.0) * trust(request);
            let legs = Legs { lexical: (1.0 - trusted) * request.lexical, dense: trusted * request.dense };
            let legs = alone(legs, request);
            two_legs(
                request,
                standardised(candidates).into_iter().map(|[bm25, cosine]| {
                    let (lexical, dense) = (bm25 * legs.lexical, cosine * legs.dense);
                    ([("bm25", bm25, lexical), ("dense", cosine, dense)], lexical + dense)
                }),
            )
        }
        Ranker::ReciprocalRank => {
            let legs =
                alone(Legs { lexical: request.lexical, dense: request.dense * trust(request) }, request);
            two_legs(
                request,
                candidates.items.iter().map(|item| {
                    let (lexical, dense) = reciprocal(item, legs);
                    let place = |leg: Option<crate::Leg>| leg.map_or(0.0, |leg| leg.rank as f32);
                    (
                        [
                            ("rank_lexical", place(item.lexical), lexical),
                            ("rank_dense", place(item.dense), dense),
                        ],
                        lexical + dense,
                    )
                }),
            )
        }
    };
    let key = |ranked: &Ranked| candidates.items.get(ranked.index).map_or(0, |item| item.key);
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| key(a).cmp(&key(b))));
    ranked
}

/// With the terms left out, the vectors rank alone, trusted or not: there is nothing else.
fn alone(legs: Legs, request: &RankRequest<'_>) -> Legs {
    if request.lexical > 0.0 { legs } else { Legs { lexical: 0.0, dense: 1.0 } }
}

fn trust(request: &RankRequest<'_>) -> f32 {
    if request.dense > 0.0 && request.dense_trust.is_finite() {
        request.dense_trust.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn two_legs(
    request: &RankRequest<'_>,
    scored: impl Iterator<Item = ([(&'static str, f32, f32); 2], f32)>,
) -> Vec<Ranked> {
    scored
        .enumerate()
        .map(|(index, (shares, score))| Ranked {
            index,
            score,
            shares: request
                .explain
                .then(|| shares.map(|(feature, value, share)| Share { feature, value, share }).to_vec()),
        })
        .collect()
}

fn linear(query: &QueryTerms, candidates: &Candidates, request: &RankRequest<'_>) -> Vec<Ranked> {
    let weights = effective(request);
    trusting(query, candidates, trust(request))
        .iter()
        .enumerate()
        .map(|(index, row)| Ranked {
            index,
            score: row.iter().zip(&weights).map(|(value, weight)| value * weight).sum(),
            shares: request.explain.then(|| shares(row, &weights)),
        })
        .collect()
}

/// The weights with the question's switches applied.
fn effective(request: &RankRequest<'_>) -> FeatureVector {
    let mut weights = [0.0; FEATURES];
    if request.lexical <= 0.0 {
        weights[1] = 1.0;
        return weights;
    }
    weights = request.weights.blend(trust(request));
    for (feature, weight) in weights.iter_mut().enumerate() {
        *weight *= match Lane::of(feature) {
            Lane::Lexical => request.lexical,
            Lane::Dense => request.dense,
        };
    }
    weights
}

fn shares(row: &FeatureVector, weights: &FeatureVector) -> Vec<Share> {
    NAMES
        .iter()
        .zip(row.iter().zip(weights))
        .filter(|(_, (_, weight))| **weight != 0.0)
        .map(|(feature, (&value, weight))| Share { feature, value, share: value * weight })
        .collect()
}

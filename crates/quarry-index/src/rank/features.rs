//! The features of candidates: numbers, most of them standardised over the candidates of one question.

use super::{probe::Probe, view::View};
use crate::{
    index::{Candidate, Candidates},
    query::QueryTerms,
};

/// How many features there are.
pub const FEATURES: usize = 29;

/// A candidate's features, in the order of [`NAMES`].
pub type FeatureVector = [f32; FEATURES];

/// The features' names, as weights files and `explain` write them.
pub const NAMES: [&str; FEATURES] = [
    "bm25", "dense", "bm25_long", "bm25_unstemmed", "bm25_title", "bm25_pairs", "bm25_share", "cosine", "coverage",
    "best_sentence", "proximity", "length", "best_sentence_z", "coverage_z", "cosine_share", "exact_coverage",
    "title_coverage", "sentence_with_title", "best_two", "bm25_part", "pair_coverage", "bm25_rank", "cosine_rank", "bm25_flat", "rarest", "feedback", "feedback_share", "feedback_gap", "dense_gap",
];

/// Which leg a feature comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Terms.
    Lexical,
    /// Vectors.
    Dense,
}

impl Lane {
    /// The leg of the feature at a place.
    #[must_use]
    pub const fn of(feature: usize) -> Self {
        match feature {
            1 | 7 | 14 | 22 | 28 => Self::Dense,
            _ => Self::Lexical,
        }
    }
}

/// BM25's two constants.
#[derive(Clone, Copy)]
struct Saturation {
    k1: f32,
    b: f32,
}

const USUAL: Saturation = Saturation { k1: 1.2, b: 0.75 };
/// Kinder to long chunks.
const LONG: Saturation = Saturation { k1: 0.9, b: 0.4 };

/// The features of every candidate, in the candidates' order.
#[must_use]
pub fn features(query: &QueryTerms, candidates: &Candidates) -> Vec<FeatureVector> {
    let probe = Probe::new(query, candidates);
    let mut view = View::new();
    let pairs: Vec<f32> = probe.adjacent.iter().map(|&(a, b)| (probe.weight(a) + probe.weight(b)) * 0.75).collect();
    let shape = Shape { average: candidates.average_length.max(1.0), mean_head: mean_head(candidates), pairs };
    let mut rows: Vec<FeatureVector> = candidates
        .items
        .iter()
        .map(|item| {
            view.look(&probe, candidates.terms.get(item.terms.clone()).unwrap_or_default());
            raw(&probe, &view, item, &shape)
        })
        .collect();
    finish(&mut rows);
    feedback(&mut rows, candidates);
    standardise(&mut rows, 25);
    let cov = rows.iter().map(|r| r[8]).fold(0.0_f32, f32::max);
    for r in &mut rows { r[27] = r[25] * (1.0 - cov); r[28] = r[1] * (1.0 - cov); }
    rows
}

/// What lengths and pairs are compared with.
struct Shape {
    average: f32,
    mean_head: f32,
    /// A pair is rarer than both its words; how much is not known without an index of pairs. Their mean times 1.5
    /// lies between the rarer word and independence.
    pairs: Vec<f32>,
}

fn mean_head(candidates: &Candidates) -> f32 {
    use crate::terms::Term;
    let heads = |item: &Candidate| {
        let terms = candidates.terms.get(item.terms.clone()).unwrap_or_default();
        terms
            .iter()
            .take_while(|packed| Term::from_packed(**packed).flags() & (Term::TITLE | Term::HEADING) != 0)
            .count() as f32
    };
    mean(candidates.items.iter().map(heads)).max(1.0)
}

/// Features before standardising.
fn raw(probe: &Probe, view: &View, item: &Candidate, shape: &Shape) -> FeatureVector {
    let total = probe.total_idf;
    let tokens = item.terms.len() as f32;
    let length = tokens / shape.average;
    let bm25 = score(&view.counts, &probe.idf, length, USUAL);
    let exact: f32 = view.exact.iter().zip(&probe.idf).filter(|(count, _)| **count > 0).map(|(_, idf)| idf).sum();
    let pair_mass: f32 = view.pairs.iter().zip(&shape.pairs).filter(|(count, _)| **count > 0).map(|(_, idf)| idf).sum();
    let most = probe.idf.iter().copied().fold(0.0_f32, f32::max);
    let rarest = probe.idf.iter().zip(&view.counts).filter(|(_, count)| **count > 0).map(|(idf, _)| *idf).fold(0.0_f32, f32::max);
    [
        bm25,
        item.cosine,
        score(&view.counts, &probe.idf, length, LONG),
        score(&view.exact, &probe.idf, length, USUAL),
        score(&view.heads, &probe.idf, view.head_length as f32 / shape.mean_head, USUAL),
        score(&view.pairs, &shape.pairs, length, USUAL),
        bm25,
        item.cosine,
        probe.mass(view.seen) / total,
        view.best_sentence / total,
        view.proximity(probe),
        (1.0 + tokens).ln(),
        view.best_sentence,
        probe.mass(view.seen),
        item.cosine,
        exact / total,
        probe.mass(view.seen_heads) / total,
        view.best_with_heads / total,
        view.best_two / total,
        bm25 / total,
        pair_mass / shape.pairs.iter().sum::<f32>().max(1e-6),
        bm25,
        item.cosine,
        score(&view.counts, &probe.idf, length, Saturation { k1: 0.4, b: 0.6 }) / total,
        if most > 0.0 { rarest / most } else { 0.0 },
        0.0,
        0.0,
        0.0,
        0.0,
    ]
}

/// BM25 of counted terms; `length` is relative to the average.
fn score(counts: &[u16], idf: &[f32], length: f32, Saturation { k1, b }: Saturation) -> f32 {
    let norm = k1 * (1.0 - b + b * length);
    counts
        .iter()
        .zip(idf)
        .filter(|(count, _)| **count > 0)
        .map(|(&count, idf)| {
            let count = f32::from(count);
            idf * count * (k1 + 1.0) / (count + norm)
        })
        .sum()
}

/// Standardises the columns that are compared among the candidates only.
fn finish(rows: &mut [FeatureVector]) {
    for column in [21, 22] {
        let mut order: Vec<(f32, usize)> = rows.iter().enumerate().map(|(i, r)| (r[column], i)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut last = f32::NAN; let mut place = 0;
        for (rank, (v, i)) in order.into_iter().enumerate() {
            if v != last { last = v; place = rank; }
            rows[i][column] = if v > 0.0 { -((1.0 + place as f32) / 10.0).ln_1p() } else { -3.1 };
        }
    }
    const STANDARDISED: [usize; 9] = [0, 1, 2, 3, 4, 5, 11, 12, 13];
    for column in STANDARDISED {
        standardise(rows, column);
    }
    for column in [6, 14] {
        let most = rows.iter().filter_map(|row| row.get(column)).fold(0.0_f32, |most, value| most.max(*value));
        if most > 0.0 {
            rows.iter_mut().filter_map(|row| row.get_mut(column)).for_each(|value| *value /= most);
        }
    }
}

fn standardise(rows: &mut [FeatureVector], column: usize) {
    let values = || rows.iter().filter_map(|row| row.get(column).copied());
    let mean = mean(values());
    let spread = self::mean(values().map(|value| (value - mean) * (value - mean))).sqrt();
    for value in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
        *value = if spread > 1e-6 { (*value - mean) / spread } else { 0.0 };
    }
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (mut sum, mut count) = (0.0_f32, 0_u32);
    for value in values {
        sum += value;
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / count as f32 }
}

fn feedback(rows: &mut [FeatureVector], candidates: &Candidates) {
    use std::collections::HashMap;
    let n: usize = std::env::var("FB_N").map_or(8, |v| v.parse().unwrap());
    let most_terms: usize = std::env::var("FB_T").map_or(40, |v| v.parse().unwrap());
    let first = |row: &FeatureVector| 2.0 * row[6] + 1.0 * row[7] + 2.0 * row[14] + row[8] + row[9];
    let mut order: Vec<(f32, usize)> = rows.iter().enumerate().map(|(i, r)| (first(r), i)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.truncate(n);
    let top = order.first().map_or(0.0, |x| x.0);
    let stem = |p: &u64| (p >> 32) as u32;
    let terms = |i: usize| candidates.terms.get(candidates.items[i].terms.clone()).unwrap_or_default();
    let mut weights: HashMap<u32, (f32, f32, f32)> = HashMap::new();
    for &(s, i) in &order {
        let w = (s - top).exp();
        let mut c: HashMap<u32, f32> = HashMap::new();
        for p in terms(i) { *c.entry(stem(p)).or_default() += 1.0; }
        let l = terms(i).len() as f32 / candidates.average_length;
        for (t, tf) in c { let e = weights.entry(t).or_default(); e.0 += w * tf / (tf + 0.3 + 0.9 * l); e.1 += 1.0; }
    }
    for i in 0..rows.len() {
        let mut seen = std::collections::HashSet::new();
        for p in terms(i) { if seen.insert(stem(p)) && let Some(e) = weights.get_mut(&stem(p)) { e.2 += 1.0; } }
    }
    let all = rows.len() as f32;
    let mut list: Vec<(u32, f32)> = weights.into_iter().filter(|(_, e)| e.1 >= 2.0).map(|(t, e)| (t, e.0 * (1.0 + (all - e.2 + 0.5) / (e.2 + 0.5)).ln())).collect();
    list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    list.truncate(most_terms);
    let w: HashMap<u32, f32> = list.into_iter().collect();
    let mut best = 1e-9f32;
    for i in 0..rows.len() {
        let l = terms(i).len() as f32 / candidates.average_length;
        let mut c: HashMap<u32, f32> = HashMap::new();
        for p in terms(i) { if w.contains_key(&stem(p)) { *c.entry(stem(p)).or_default() += 1.0; } }
        let mut c: Vec<_> = c.into_iter().collect(); c.sort_by_key(|x| x.0);
        let s: f32 = c.iter().map(|(t, tf)| w[t] * tf / (tf + 0.3 + 0.9 * l)).sum();
        rows[i][25] = s; rows[i][26] = s; best = best.max(s);
    }
    for r in rows { r[26] /= best; }
}

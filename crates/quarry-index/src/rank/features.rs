//! The features of candidates: numbers, most of them standardised over the candidates of one question.

use super::{
    feedback,
    probe::{Probe, bits},
    view::View,
};
use crate::{
    index::{Candidate, Candidates},
    query::QueryTerms,
    terms::Term,
};

/// How many features there are.
pub const FEATURES: usize = 19;

/// A candidate's features, in the order of [`NAMES`].
pub type FeatureVector = [f32; FEATURES];

/// The features' names, as weights files and `explain` write them.
pub const NAMES: [&str; FEATURES] = [
    "bm25",
    "dense",
    "bm25_long",
    "bm25_unstemmed",
    "bm25_title",
    "bm25_pairs",
    "bm25_share",
    "cosine",
    "coverage",
    "best_sentence",
    "proximity",
    "length",
    "best_sentence_z",
    "coverage_z",
    "cosine_share",
    "exact_coverage",
    "sentence_with_title",
    "best_two",
    "feedback",
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
            1 | 7 | 14 => Self::Dense,
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
    trusting(query, candidates, 1.0)
}

/// [`features`], where the vectors choose whose words are fed back only as far as they are trusted.
pub(super) fn trusting(query: &QueryTerms, candidates: &Candidates, trust: f32) -> Vec<FeatureVector> {
    let probe = Probe::new(query, candidates);
    let shape = Shape::new(&probe, candidates);
    let mut view = View::new();
    let mut rows: Vec<FeatureVector> = candidates
        .items
        .iter()
        .map(|item| {
            view.look(&probe, candidates.terms.get(item.terms.clone()).unwrap_or_default());
            raw(&probe, &view, item, &shape)
        })
        .collect();
    // Sums of floating point numbers depend on their order in the last bit; by key, the order of the candidates does not
    // matter.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by_key(|&place| candidates.items.get(place).map(|item| item.key));
    scale(&mut rows, &order, |column| match column {
        0..=5 | 11..=13 => Scale::Standard,
        6 | 14 => Scale::Share,
        _ => Scale::Raw,
    });
    feedback::add(&mut rows, candidates, trust);
    scale(&mut rows, &order, |column| if column == FEATURES - 1 { Scale::Standard } else { Scale::Raw });
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

impl Shape {
    fn new(probe: &Probe, candidates: &Candidates) -> Self {
        // Title and headings come first in a chunk's terms.
        let heads = |item: &Candidate| {
            let terms = candidates.terms.get(item.terms.clone()).unwrap_or_default();
            terms
                .iter()
                .take_while(|packed| Term::from_packed(**packed).flags() & (Term::TITLE | Term::HEADING) != 0)
                .count() as f32
        };
        Self {
            average: candidates.average_length.max(1.0),
            mean_head: mean(candidates.items.iter().map(heads)).max(1.0),
            pairs: probe.adjacent.iter().map(|&(a, b)| (probe.weight(a) + probe.weight(b)) * 0.75).collect(),
        }
    }
}

/// A candidate's features before they are compared with the others'. The last is made later.
fn raw(probe: &Probe, view: &View, item: &Candidate, shape: &Shape) -> FeatureVector {
    let total = probe.total_idf;
    let tokens = item.terms.len() as f32;
    let length = tokens / shape.average;
    let heads = view.head_length as f32 / shape.mean_head;
    let (mut bm25, mut long, mut exact, mut titled, mut exact_mass) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let (usual, kind, short) = (USUAL.norm(length), LONG.norm(length), USUAL.norm(heads));
    for place in bits(view.seen) {
        let idf = probe.weight(place);
        let count = at(&view.counts, place);
        bm25 += idf * USUAL.part(count, usual);
        long += idf * LONG.part(count, kind);
        let count = at(&view.exact, place);
        if count > 0.0 {
            exact += idf * USUAL.part(count, usual);
            exact_mass += idf;
        }
        let count = at(&view.heads, place);
        if count > 0.0 {
            titled += idf * USUAL.part(count, short);
        }
    }
    let pairs: f32 = bits(view.seen_pairs)
        .map(|pair| shape.pairs.get(pair).copied().unwrap_or(0.0) * USUAL.part(at(&view.pairs, pair), usual))
        .sum();
    let seen = probe.mass(view.seen);
    [
        bm25,
        item.cosine,
        long,
        exact,
        titled,
        pairs,
        bm25,
        item.cosine,
        seen / total,
        view.best_sentence / total,
        view.proximity(probe),
        (1.0 + tokens).ln(),
        view.best_sentence,
        seen,
        item.cosine,
        exact_mass / total,
        view.best_with_heads / total,
        view.best_two / total,
        0.0,
    ]
}

impl Saturation {
    /// What a chunk's length, relative to the average, adds to the count in the denominator.
    fn norm(self, length: f32) -> f32 {
        self.k1 * (1.0 - self.b + self.b * length)
    }

    /// BM25's factor of a count.
    fn part(self, count: f32, norm: f32) -> f32 {
        count * (self.k1 + 1.0) / (count + norm)
    }
}

fn at(counts: &[u16], place: usize) -> f32 {
    f32::from(counts.get(place).copied().unwrap_or(0))
}

/// What becomes of a column.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// It stays.
    Raw,
    /// It is divided by its largest value.
    Share,
    /// It gets mean 0 and deviation 1; without differences it becomes 0.
    Standard,
}

/// Scales columns over the candidates, summing in the order given.
fn scale(rows: &mut [FeatureVector], order: &[usize], of: impl Fn(usize) -> Scale) {
    let count = rows.len().max(1) as f32;
    let sorted = || order.iter().filter_map(|&place| rows.get(place));
    let (mut means, mut most, mut spread) = ([0.0_f32; FEATURES], [0.0_f32; FEATURES], [0.0_f32; FEATURES]);
    for row in sorted() {
        means.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        most.iter_mut().zip(row).for_each(|(most, value)| *most = most.max(*value));
    }
    means.iter_mut().for_each(|sum| *sum /= count);
    for row in sorted() {
        for ((sum, value), mean) in spread.iter_mut().zip(row).zip(&means) {
            *sum += (value - mean) * (value - mean);
        }
    }
    let (mut shift, mut factor) = ([0.0_f32; FEATURES], [1.0_f32; FEATURES]);
    for (column, (((shift, factor), mean), (most, spread))) in
        shift.iter_mut().zip(&mut factor).zip(means).zip(most.into_iter().zip(spread)).enumerate()
    {
        match of(column) {
            Scale::Raw => {}
            Scale::Share => *factor = if most > 0.0 { 1.0 / most } else { 1.0 },
            Scale::Standard => {
                let spread = (spread / count).sqrt();
                (*shift, *factor) = (mean, if spread > 1e-6 { 1.0 / spread } else { 0.0 });
            }
        }
    }
    for row in rows {
        for ((value, shift), factor) in row.iter_mut().zip(&shift).zip(&factor) {
            *value = (*value - shift) * factor;
        }
    }
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0_f32, 0_u32), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f32 }
}

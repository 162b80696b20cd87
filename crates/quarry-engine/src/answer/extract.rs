//! Sentences of passages, and what speaks for each.

use std::{collections::HashSet, ops::Range};

use quarry_index::analyzer::{self, ChunkText, Language};

use super::{asked, asked::Asked};
use crate::retrieve::Hit;

/// How many features a sentence has.
pub(crate) const FEATURES: usize = 17;

/// Their names, in order; the weights file uses them.
pub(crate) const NAMES: [&str; FEATURES] = [
    "coverage",
    "coverage_with_previous",
    "coverage_with_next",
    "coverage_with_title",
    "passage_coverage",
    "passage_first",
    "passage_rank",
    "passage_score",
    "similarity",
    "passage_similarity",
    "fits",
    "novelty",
    "short",
    "adjacency",
    "length",
    "opens",
    "best_of_passage",
];

/// A question as the answerer reads it.
pub(crate) struct Question {
    /// Each stem with its inverse document frequency, in the question's order.
    weights: Vec<(u32, f32)>,
    mass: f32,
    asked: Asked,
    words: HashSet<String>,
    vector: Option<Vec<f32>>,
    language: Language,
}

/// A sentence that could answer.
pub(crate) struct Scored {
    /// Which hit it stands in.
    pub(crate) hit: usize,
    /// Where in the hit's text its quote stands, in bytes: the sentence, with its neighbour where it cannot be
    /// understood alone.
    pub(crate) quote: Range<usize>,
    /// What speaks for it, in the order of [`NAMES`].
    pub(crate) features: [f32; FEATURES],
    /// Which of the question's stems it holds: a bit for each of the first 64.
    pub(crate) covered: u64,
}

impl Question {
    /// `vector` is the question's static vector; without one, similarity says nothing.
    pub(crate) fn new(
        text: &str,
        language: &str,
        weights: Vec<(u32, f32)>,
        vector: Option<Vec<f32>>,
    ) -> Self {
        let mass = weights.iter().map(|(_, weight)| weight).sum::<f32>().max(f32::EPSILON);
        let words = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        Self {
            mass,
            asked: asked::of(text, language),
            words,
            vector,
            language: Language::from_code(language).unwrap_or(Language::UNKNOWN),
            weights,
        }
    }

    /// Share of the question's mass that the stems cover.
    pub(crate) fn coverage(&self, stems: &HashSet<u32>) -> f32 {
        let found: f32 =
            self.weights.iter().filter(|(stem, _)| stems.contains(stem)).map(|(_, weight)| weight).sum();
        found / self.mass
    }

    /// Whether sentences can be compared with it by their vectors.
    pub(crate) const fn has_vector(&self) -> bool {
        self.vector.is_some()
    }

    /// The weights of its stems.
    pub(crate) fn weights(&self) -> &[(u32, f32)] {
        &self.weights
    }

    /// Which of its first 64 stems are in a set.
    fn mask(&self, stems: &HashSet<u32>) -> u64 {
        let bits = self.weights.iter().take(64).enumerate();
        bits.filter(|(_, (stem, _))| stems.contains(stem)).fold(0, |mask, (bit, _)| mask | 1 << bit)
    }

    /// Of its three rarest stems, the weighted share that a mask covers: what a question is about is rare.
    pub(crate) fn rarest_share(&self, mask: u64) -> f32 {
        let mut rare: Vec<(usize, f32)> =
            self.weights.iter().take(64).enumerate().map(|(bit, (_, weight))| (bit, *weight)).collect();
        rare.sort_by(|one, other| other.1.total_cmp(&one.1));
        rare.truncate(3);
        let all: f32 = rare.iter().map(|(_, weight)| weight).sum();
        let found: f32 =
            rare.iter().filter(|(bit, _)| mask & (1 << bit) != 0).map(|(_, weight)| weight).sum();
        if all > 0.0 { found / all } else { 0.0 }
    }

    fn stems(&self, text: &str) -> Vec<u32> {
        let chunk = ChunkText { title: "", headings: &[], text, language: self.language };
        analyzer::analyse_chunk(&chunk).iter().map(quarry_index::Term::stem).collect()
    }

    /// Share of the question's neighbouring stem pairs that stand within a few words of each other.
    fn adjacency(&self, stems: &[u32]) -> f32 {
        let pairs = self.weights.windows(2);
        let all = pairs.len();
        if all == 0 {
            return 0.0;
        }
        let near = |pair: &[(u32, f32)]| {
            let (Some((first, _)), Some((second, _))) = (pair.first(), pair.get(1)) else { return false };
            let places = stems.iter().enumerate().filter(|(_, stem)| *stem == first).map(|(place, _)| place);
            places.into_iter().any(|place| {
                let window = place.saturating_sub(4)..(place + 5).min(stems.len());
                stems.get(window).is_some_and(|window| window.contains(second))
            })
        };
        pairs.filter(|pair| near(pair)).count() as f32 / all as f32
    }
}

/// Words that point back: a sentence that opens with one means nothing without the sentence before it.
const POINTING: [&str; 20] = [
    "it",
    "its",
    "this",
    "these",
    "that",
    "those",
    "they",
    "their",
    "he",
    "she",
    "his",
    "her",
    "such",
    "however",
    "therefore",
    "thus",
    "moreover",
    "furthermore",
    "consequently",
    "hence",
];
/// Longest quote in bytes that a neighbour may make.
const LONGEST_QUOTE: usize = 600;

/// What to quote for a sentence.
fn quote_of(text: &str, part: &Part, around: &Around<'_>) -> Range<usize> {
    let sentence = text.get(part.range.clone()).unwrap_or_default();
    let opening = sentence.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
    let points_back = opening.is_some_and(|word| POINTING.contains(&word.to_lowercase().as_str()));
    let mut quote = part.range.clone();
    if points_back && let Some(previous) = around.previous {
        quote.start = previous.range.start;
    } else if sentence.trim_end().ends_with(':')
        && let Some(next) = around.next
    {
        quote.end = next.range.end;
    }
    if quote.len() > LONGEST_QUOTE { part.range.clone() } else { quote }
}

struct Part {
    range: Range<usize>,
    stems: Vec<u32>,
    set: HashSet<u32>,
}

/// Every sentence of the hits. `cosines` are the hits' own similarities; `similarity` compares a sentence with the
/// question's vector.
pub(crate) fn sentences(
    question: &Question,
    hits: &[Hit],
    cosines: &[f32],
    similarity: &dyn Fn(&str, &[f32]) -> f32,
) -> Vec<Scored> {
    let best = hits.first().map_or(0.0, |hit| hit.score);
    let mut scored = Vec::new();
    for (place, hit) in hits.iter().enumerate() {
        let parts = parts_of(question, hit);
        let title: HashSet<u32> =
            question.stems(&format!("{}\n{}", hit.title, hit.headings.join("\n"))).into_iter().collect();
        let whole: HashSet<u32> =
            parts.iter().flat_map(|part| part.stems.iter().copied()).chain(title.iter().copied()).collect();
        let passage = PassageFeatures {
            coverage: question.coverage(&whole),
            first: f32::from(u8::from(place == 0)),
            rank: 1.0 / (1.0 + place as f32),
            score: hit.score - best,
            cosine: cosines.get(place).copied().unwrap_or(0.0),
            best: parts.iter().map(|part| question.coverage(&part.set)).fold(0.0, f32::max),
        };
        for (number, part) in parts.iter().enumerate() {
            let around = Around {
                previous: number.checked_sub(1).and_then(|before| parts.get(before)),
                next: parts.get(number + 1),
                title: &title,
            };
            let text = hit.text.get(part.range.clone()).unwrap_or_default();
            let features = features(question, part, text, &around, &passage, similarity);
            let covered = question.mask(&part.set);
            let quote = quote_of(&hit.text, part, &around);
            scored.push(Scored { hit: place, quote, features, covered });
        }
    }
    scored
}

struct PassageFeatures {
    coverage: f32,
    first: f32,
    rank: f32,
    score: f32,
    cosine: f32,
    /// Largest coverage of one of its sentences.
    best: f32,
}

struct Around<'a> {
    previous: Option<&'a Part>,
    next: Option<&'a Part>,
    title: &'a HashSet<u32>,
}

fn parts_of(question: &Question, hit: &Hit) -> Vec<Part> {
    let language = analyzer::detect(&hit.text);
    // A heading is no sentence: it answers nothing and would only stand before the one that does.
    let heading = |text: &str| {
        let text = text.trim_matches(|c: char| !c.is_alphanumeric());
        hit.headings.iter().chain([&hit.title]).any(|heading| heading.trim() == text)
    };
    let ranges = analyzer::sentences(&hit.text, language);
    let alone = ranges.len() == 1;
    ranges
        .into_iter()
        .filter_map(|range| {
            let text = hit.text.get(range.clone()).filter(|text| alone || !heading(text))?;
            // A sentence without a letter or digit quotes nothing.
            text.chars().any(char::is_alphanumeric).then(|| {
                let stems = question.stems(text);
                Part { range, set: stems.iter().copied().collect(), stems }
            })
        })
        .collect()
}

fn features(
    question: &Question,
    part: &Part,
    text: &str,
    around: &Around<'_>,
    passage: &PassageFeatures,
    similarity: &dyn Fn(&str, &[f32]) -> f32,
) -> [f32; FEATURES] {
    let coverage = question.coverage(&part.set);
    let with = |other: Option<&HashSet<u32>>| {
        other.map_or(coverage, |other| question.coverage(&part.set.union(other).copied().collect()))
    };
    let asked_for = |stem: &u32| question.weights.iter().any(|(wanted, _)| wanted == stem);
    let fresh = part.set.iter().filter(|stem| !asked_for(stem)).count();
    [
        coverage,
        with(around.previous.map(|part| &part.set)),
        with(around.next.map(|part| &part.set)),
        with(Some(around.title)),
        passage.coverage,
        passage.first,
        passage.rank,
        passage.score,
        question.vector.as_deref().map_or(0.0, |vector| similarity(text, vector)),
        passage.cosine,
        asked::fits(question.asked, text, &question.words),
        (fresh as f32).ln_1p(),
        if part.stems.len() < 4 { 1.0 } else { 0.0 },
        question.adjacency(&part.stems),
        (part.stems.len() as f32).ln_1p(),
        f32::from(u8::from(around.previous.is_none())),
        f32::from(u8::from(coverage > 0.0 && coverage >= passage.best)),
    ]
}

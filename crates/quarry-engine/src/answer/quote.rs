//! From scored sentences to quotes: neighbours that answer together are quoted together.
//!
//! An answer often takes two or three sentences in a row. Quoted apart they would be three numbers for one place, and
//! each alone would say half of it.

use std::ops::Range;

use super::extract::Scored;

/// A neighbour joins a quote when its score is at most this much below that of the sentence the quote began with.
const JOINS: f32 = 3.0;
/// Most sentences in a quote.
const MOST: usize = 3;
/// Longest quote in bytes.
const LONGEST: usize = 800;
/// Sentences stand next to each other when no more than this many bytes of space part them.
const GAP: usize = 3;

/// A run of sentences in one hit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quote {
    /// Which hit.
    pub(crate) hit: usize,
    /// Where in the hit's text, in bytes.
    pub(crate) range: Range<usize>,
    /// Score of the sentence it began with.
    pub(crate) score: f32,
}

/// The best quotes, at most `most`. `best` holds every sentence, best first.
pub(crate) fn quotes(best: &[(f32, Scored)], most: usize) -> Vec<Quote> {
    let mut used = vec![false; best.len()];
    let mut quotes: Vec<Quote> = Vec::new();
    for (place, (score, sentence)) in best.iter().enumerate() {
        if quotes.len() == most {
            break;
        }
        if used.get(place).copied().unwrap_or(true) {
            continue;
        }
        let mut quote = Quote { hit: sentence.hit, range: sentence.quote.clone(), score: *score };
        let mut sentences = 1;
        while sentences < MOST
            && let Some(next) = neighbour(best, &used, &quote, place)
        {
            if let (Some((_, joined)), Some(used)) = (best.get(next), used.get_mut(next)) {
                quote.range.start = quote.range.start.min(joined.quote.start);
                quote.range.end = quote.range.end.max(joined.quote.end);
                *used = true;
            }
            sentences += 1;
        }
        // A quote that was widened for a neighbour may hold sentences that stand further down the list.
        for (used, (_, other)) in used.iter_mut().zip(best) {
            *used |= other.hit == quote.hit && within(&other.quote, &quote.range);
        }
        quotes.push(quote);
    }
    quotes
}

/// The best unused sentence that stands next to the quote and may join it.
fn neighbour(best: &[(f32, Scored)], used: &[bool], quote: &Quote, begun: usize) -> Option<usize> {
    best.iter().zip(used).enumerate().find_map(|(place, ((score, sentence), used))| {
        let range = &sentence.quote;
        let joins = place != begun
            && !used
            && sentence.hit == quote.hit
            && *score >= quote.score - JOINS
            && !within(range, &quote.range)
            && touches(range, &quote.range)
            && range.end.max(quote.range.end) - range.start.min(quote.range.start) <= LONGEST;
        joins.then_some(place)
    })
}

fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    inner.start >= outer.start && inner.end <= outer.end
}

fn touches(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start <= other.end + GAP && other.start <= one.end + GAP
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::{Quote, quotes};
    use crate::answer::extract::{FEATURES, Scored};

    fn sentence(score: f32, hit: usize, quote: std::ops::Range<usize>) -> (f32, Scored) {
        (score, Scored { hit, quote, features: [0.0; FEATURES], covered: 0 })
    }

    #[test]
    fn neighbours_that_score_alike_are_one_quote() {
        let best = [
            sentence(5.0, 0, 10..20),
            sentence(4.0, 0, 21..40),
            sentence(3.9, 1, 0..9),
            sentence(0.5, 0, 0..9),
        ];
        let expected = [
            Quote { hit: 0, range: 10..40, score: 5.0 },
            Quote { hit: 1, range: 0..9, score: 3.9 },
            Quote { hit: 0, range: 0..9, score: 0.5 },
        ];
        assert_eq!(quotes(&best, 3), expected);
    }

    #[test]
    fn a_quote_ends_at_three_sentences_and_at_its_longest() {
        let row = [
            sentence(5.0, 0, 0..9),
            sentence(4.9, 0, 10..19),
            sentence(4.8, 0, 20..29),
            sentence(4.7, 0, 30..39),
        ];
        assert_eq!(quotes(&row, 1)[0].range, 0..29);
        let long = [sentence(5.0, 0, 0..500), sentence(4.9, 0, 501..1_000)];
        assert_eq!(quotes(&long, 1)[0].range, 0..500);
    }
}

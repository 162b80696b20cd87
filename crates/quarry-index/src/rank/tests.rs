//! Rankings of made candidates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::{LinearWeights, NAMES, RankRequest, Ranker, features, rank};
use crate::{
    Candidate, Candidates, Leg, QueryTerms, Terms,
    analyzer::{ChunkText, Language, QueryLanguages, analyse_chunk, analyse_query},
};

/// Candidates of texts, each with its cosine; both legs propose all of them.
fn candidates(query: &QueryTerms, texts: &[(&str, f32)]) -> Candidates {
    let terms: Vec<Terms> = texts
        .iter()
        .map(|(text, _)| {
            let (title, text) = text.split_once('|').unwrap_or(("", text));
            analyse_chunk(&ChunkText { title, headings: &[], text, language: Language::ENGLISH })
        })
        .collect();
    let mut candidates = Candidates { chunks: 1000, average_length: 8.0, ..Candidates::default() };
    for (place, (terms, (_, cosine))) in terms.iter().zip(texts).enumerate() {
        let start = candidates.terms.len();
        candidates.terms.extend(terms.0.iter());
        let leg = Some(Leg { rank: place as u32 + 1, score: 1.0 / (place + 1) as f32 });
        candidates.items.push(Candidate {
            key: 100 + place as u64,
            lexical: leg,
            dense: leg,
            cosine: *cosine,
            terms: start..candidates.terms.len(),
        });
    }
    candidates.frequencies = vec![10; query.stems().len()];
    candidates
}

fn question(text: &str) -> QueryTerms {
    analyse_query(text, &QueryLanguages(vec![Language::ENGLISH]))
}

const TEXTS: [(&str, f32); 5] = [
    ("Oil | An embargo raised the price of oil in 1973.", 0.6),
    ("Weather | Rain falls in spring. Wind blows in autumn.", 0.1),
    ("Prices | The price of bread. Oil is slippery. Embargo means a ban on trade.", 0.3),
    ("Cars | Engines burn oil.", 0.4),
    ("Ships | They carry goods over the sea.", 0.2),
];

fn order(query: &QueryTerms, candidates: &Candidates, request: &RankRequest<'_>) -> Vec<u64> {
    rank(query, candidates, request).iter().map(|ranked| candidates.items[ranked.index].key).collect()
}

#[test]
fn every_ranker_puts_the_answer_first() {
    let query = question("Which embargo raised oil prices?");
    let candidates = candidates(&query, &TEXTS);
    for weights in [LinearWeights::for_static(), LinearWeights::for_transformer()] {
        let request = RankRequest::linear(weights);
        for ranker in [Ranker::Linear, Ranker::Standardised { dense_weight: 0.3 }, Ranker::ReciprocalRank] {
            assert_eq!(order(&query, &candidates, &RankRequest { ranker, ..request })[0], 100, "{ranker:?}");
        }
        assert_eq!(order(&query, &candidates, &RankRequest { dense: 0.0, ..request })[0], 100);
    }
}

#[test]
fn words_together_in_a_sentence_beat_words_apart() {
    let query = question("embargo oil price");
    let candidates = candidates(&query, &TEXTS);
    let rows = features(&query, &candidates);
    let value = |row: usize, name: &str| rows[row][NAMES.iter().position(|known| *known == name).unwrap()];
    assert!((value(0, "coverage") - 1.0).abs() < 1e-6 && (value(2, "coverage") - 1.0).abs() < 1e-6);
    assert!(value(0, "best_sentence") > value(2, "best_sentence"));
    assert!(value(0, "proximity") > value(2, "proximity"));
    assert!(value(0, "bm25_title") > value(4, "bm25_title"));
    assert_eq!(value(1, "bm25_share"), 0.0);
}

#[test]
fn a_leg_that_is_off_counts_for_nothing() {
    let query = question("oil price");
    let mut candidates = candidates(&query, &TEXTS);
    let request = RankRequest::linear(LinearWeights::for_static());
    let without = RankRequest { dense: 0.0, ..request };
    let untrusted = RankRequest { dense_trust: 0.0, ..request };
    let before = (order(&query, &candidates, &without), order(&query, &candidates, &untrusted));
    let only_dense = RankRequest { lexical: 0.0, ..request };
    assert_eq!(order(&query, &candidates, &only_dense), [100, 103, 102, 104, 101]);
    for item in &mut candidates.items {
        item.cosine = 1.0 - item.cosine;
    }
    assert_eq!(order(&query, &candidates, &without), before.0);
    assert_eq!(order(&query, &candidates, &untrusted), before.1);
    assert_eq!(order(&query, &candidates, &only_dense), [101, 104, 102, 103, 100]);
}

#[test]
fn shares_add_up_to_the_score() {
    let query = question("Which embargo raised oil prices?");
    let candidates = candidates(&query, &TEXTS);
    let request = RankRequest { explain: true, ..RankRequest::linear(LinearWeights::for_static()) };
    for ranker in [Ranker::Linear, Ranker::Standardised { dense_weight: 0.3 }, Ranker::ReciprocalRank] {
        for ranked in rank(&query, &candidates, &RankRequest { ranker, ..request }) {
            let shares = ranked.shares.unwrap();
            let sum: f32 = shares.iter().map(|share| share.share).sum();
            assert!((sum - ranked.score).abs() < 1e-4, "{ranker:?}: {sum} is not {}", ranked.score);
        }
    }
    assert!(rank(&query, &candidates, &RankRequest { explain: false, ..request })[0].shares.is_none());
}

#[test]
fn ties_are_ordered_by_key() {
    let query = question("oil");
    let candidates = candidates(&query, &[("Engines burn oil.", 0.5); 4]);
    let request = RankRequest::linear(LinearWeights::for_static());
    assert_eq!(order(&query, &candidates, &request), [100, 101, 102, 103]);
}

#[test]
fn nothing_gives_nothing_and_no_terms_no_panic() {
    let request = RankRequest::linear(LinearWeights::for_static());
    assert!(rank(&question("oil"), &Candidates::default(), &request).is_empty());
    let empty = QueryTerms::default();
    let mut candidates = candidates(&empty, &TEXTS);
    assert_eq!(order(&empty, &candidates, &request)[0], 100);
    // Ranges that point nowhere are a chunk without terms.
    candidates.items[0].terms = 5..9_999_999;
    assert_eq!(rank(&question("oil"), &candidates, &request).len(), 5);
}

#[test]
fn frequencies_may_be_missing() {
    let query = question("oil price");
    let mut candidates = candidates(&query, &TEXTS);
    candidates.frequencies.clear();
    assert_eq!(order(&query, &candidates, &RankRequest::linear(LinearWeights::for_static()))[0], 100);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_order_of_the_candidates_does_not_matter(
        texts in prop::collection::vec(("[a-e]{1,2}( [a-e]{1,2}){0,12}[.]?( [a-e]{1,2}){0,6}", -1.0_f32..1.0), 1..30),
        asked in "[a-e]{1,2}( [a-e]{1,2}){0,80}",
        turn in 0_usize..30,
        explain in any::<bool>(),
    ) {
        let query = question(&asked);
        let texts: Vec<(&str, f32)> = texts.iter().map(|(text, cosine)| (text.as_str(), *cosine)).collect();
        let straight = candidates(&query, &texts);
        let mut turned = straight.clone();
        let by = turn % turned.items.len();
        turned.items.rotate_left(by);
        for ranker in [Ranker::Linear, Ranker::Standardised { dense_weight: 0.3 }, Ranker::ReciprocalRank] {
            let request = RankRequest { ranker, explain, ..RankRequest::linear(LinearWeights::for_static()) };
            let first = rank(&query, &straight, &request);
            prop_assert_eq!(first.len(), texts.len());
            prop_assert!(first.iter().all(|ranked| ranked.score.is_finite()));
            prop_assert_eq!(&first, &rank(&query, &straight, &request));
            prop_assert_eq!(order(&query, &straight, &request), order(&query, &turned, &request));
        }
    }
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::ops::RangeInclusive;

use proptest::prelude::*;
use serde::Deserialize;
use tokenizers::Tokenizer;

use super::{MERGES, StaticTable, bpe::pack, words::Words};
use crate::{EmbedRequest, Embedder, Purpose, testing::embedder_contract};

const TOKENIZER: &str = include_str!("../../../../../models/static-en-256/tokenizer.json");
const VECTORS: &str = include_str!("../../../../../models/static-en-256/test_vectors.json");

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u16>,
    head: Vec<f32>,
    norm_before: f32,
}

fn reference() -> Tokenizer {
    TOKENIZER.parse().unwrap()
}

fn reference_ids(tokenizer: &Tokenizer, text: &str) -> Vec<u16> {
    let encoding = tokenizer.encode_fast(text, false).unwrap();
    encoding.get_ids().iter().map(|&id| u16::try_from(id).unwrap()).collect()
}

#[test]
fn the_packed_tokenizer_is_the_tokenizer_file() {
    assert_eq!(pack(TOKENIZER).unwrap(), MERGES, "run `cargo run -p quarry-models --example pack_tokenizer`");
}

#[test]
fn the_published_vectors_come_out() {
    let table = StaticTable::new().unwrap();
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(vectors.cases.len(), 20);
    for case in vectors.cases {
        assert_eq!(table.token_ids(&case.text), case.ids, "{:?}", case.text);
        assert_eq!(table.count_tokens(&case.text), case.ids.len());
        let mut vector = vec![7.0];
        table.embed_into(&case.text, &mut vector);
        assert_eq!(vector.len(), 256);
        for (found, expected) in vector.iter().zip(&case.head) {
            assert!((found - expected).abs() < 1e-5, "{:?}: {found} is not {expected}", case.text);
        }
        let zero = vector.iter().all(|value| *value == 0.0);
        assert_eq!(zero, case.norm_before == 0.0, "{:?}", case.text);
    }
}

#[test]
fn each_character_is_treated_as_the_tokenizer_file_says() {
    let (table, tokenizer) = (StaticTable::new().unwrap(), reference());
    // Blocks of characters with letters between them, so that a disagreement shows whether it separates.
    for block in SCRIPTS {
        for start in block.clone().step_by(64) {
            let characters = block.clone().skip_while(|character| *character < start).take(64);
            let text: String = characters.flat_map(|character| ['a', character, 'b']).collect();
            assert_eq!(table.token_ids(&text), reference_ids(&tokenizer, &text), "from {start:?}");
        }
    }
}

/// What people write. Not all of Unicode: the two sides carry different versions of its tables, so that characters
/// younger than the older one differ.
const SCRIPTS: [RangeInclusive<char>; 12] = [
    '\0'..='\u{557}',
    '\u{591}'..='\u{5c7}',
    '\u{5d0}'..='\u{7f5}',
    '\u{900}'..='\u{9fd}',
    '\u{e01}'..='\u{e7f}',
    '\u{1e00}'..='\u{209c}',
    '\u{2100}'..='\u{24ff}',
    '\u{3000}'..='\u{32fe}',
    '\u{3400}'..='\u{a48c}',
    '\u{ac00}'..='\u{d7a3}',
    '\u{f900}'..='\u{fbc1}',
    '\u{1d400}'..='\u{1d6a5}',
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_cut_as_by_the_tokenizer_file(text in "[ -~éßİΣ東京ไทยﬁ①½가\u{301}\u{200d}]{0,80}") {
        thread_local!(static REFERENCE: Tokenizer = reference());
        let table = StaticTable::new().unwrap();
        REFERENCE.with(|tokenizer| {
            prop_assert_eq!(table.token_ids(&text), reference_ids(tokenizer, &text));
            Ok(())
        })?;
    }
}

#[test]
fn a_word_without_end_is_encoded_in_good_time() {
    let (table, tokenizer) = (StaticTable::new().unwrap(), reference());
    let text = "abcdefghij0123456789".repeat(200);
    assert_eq!(table.token_ids(&text), reference_ids(&tokenizer, &text));
    // A quadratic encoder would need minutes here.
    assert!(table.count_tokens(&"lorem".repeat(100_000)) > 100_000);
}

#[test]
fn a_full_cache_changes_nothing() {
    let table = StaticTable::new().unwrap();
    let mut words = Words::default();
    let text: String = (0..45_000).map(|number| format!("w{number} ")).collect();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    words.each(&text, &table.table.bpe, |tokens| first.extend_from_slice(tokens));
    words.each(&text, &table.table.bpe, |tokens| second.extend_from_slice(tokens));
    assert_eq!(first, second);
    assert_eq!(first, reference_ids(&reference(), &text));
}

#[tokio::test]
async fn it_keeps_the_contract() {
    embedder_contract(&StaticTable::with_threads(2).unwrap()).await;
}

#[tokio::test]
async fn a_large_batch_is_shared_among_threads_in_order() {
    let table = StaticTable::with_threads(2).unwrap();
    let texts: Vec<String> =
        (0..600).map(|number| format!("passage {number} {}", "about boats ".repeat(30))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = table.embed(EmbedRequest { texts: &texts, purpose: Purpose::Document }).await.unwrap();
    let mut single = Vec::new();
    for (text, vector) in texts.iter().zip(&vectors) {
        table.embed_into(text, &mut single);
        assert_eq!(&single, vector);
    }
}

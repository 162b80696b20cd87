//! Invariants of chunking, over random documents and on examples.

use proptest::{prelude::*, strategy::Strategy as _};
use quarry_core::ChunkKind;
use quarry_parse::{Block, BlockKind, ChunkDraft, ChunkSettings, Parsed, Strategy, chunk};

use crate::support::read;

/// Words and single marks, near enough to a subword tokenizer and additive over white space.
pub fn count(text: &str) -> usize {
    text.split_whitespace().map(|word| word.chars().count().div_ceil(6)).sum()
}

fn settings(max_tokens: usize, overlap_tokens: usize) -> ChunkSettings {
    ChunkSettings { max_tokens, overlap_tokens, ..ChunkSettings::default() }
}

pub fn slice(text: &str, chunk: &ChunkDraft) -> String {
    text.chars().skip(chunk.span.start as usize).take((chunk.span.end - chunk.span.start) as usize).collect()
}

pub fn check(parsed: &Parsed, settings: &ChunkSettings) -> Result<(), TestCaseError> {
    let chunks = chunk(parsed, settings, &count);
    prop_assert_eq!(&chunks, &chunk(parsed, settings, &count));
    let mut covered = vec![false; parsed.text.chars().count()];
    let mut last = 0;
    for chunk in &chunks {
        prop_assert_eq!(&slice(&parsed.text, chunk), &chunk.text);
        prop_assert_eq!(chunk.text.trim(), &chunk.text);
        prop_assert!(!chunk.text.is_empty());
        prop_assert!(chunk.span.start >= last, "order");
        if let Some(window) = chunk.window {
            prop_assert!(window.start <= chunk.span.start && window.end >= chunk.span.end, "window");
            prop_assert!(window.end as usize <= covered.len() && window != chunk.span, "window");
        }
        last = chunk.span.start;
        let single = chunk.text.chars().count() == 1;
        prop_assert!(
            count(&chunk.text) <= settings.max_tokens || single,
            "{} tokens: {:?}",
            count(&chunk.text),
            chunk.text
        );
        covered[chunk.span.start as usize..chunk.span.end as usize].fill(true);
    }
    for (letter, covered) in parsed.text.chars().zip(covered) {
        prop_assert!(covered || letter.is_whitespace(), "{letter:?} is in no chunk");
    }
    Ok(())
}

pub fn block() -> impl proptest::strategy::Strategy<Value = (BlockKind, String)> {
    let kind = prop_oneof![
        (1..4_u8).prop_map(BlockKind::Heading),
        Just(BlockKind::Paragraph),
        Just(BlockKind::Paragraph),
        Just(BlockKind::ListItem),
        (1..3_u32, any::<bool>()).prop_map(|(table, header)| BlockKind::TableRow { table, header }),
        Just(BlockKind::Code),
        Just(BlockKind::Quote),
    ];
    let text = prop_oneof![
        "[a-zA-Zé]{1,12}( [a-z]{1,9}){0,30}\\.",
        "([a-z]{1,8} [a-z]{1,8}[.!?] ){1,12}",
        "[漢字仮名。、]{1,80}",
        "[ก-ฮ]{1,40}( [ก-ฮ]{1,30}){0,4}",
        "[a-z]{1,300}",
        "([a-z(){}]{1,20}\n){1,8}",
        "\\PC{0,40}",
    ];
    (kind, text)
}

fn strategy() -> impl proptest::strategy::Strategy<Value = Strategy> {
    prop_oneof![
        Just(Strategy::Structure),
        Just(Strategy::Fixed),
        Just(Strategy::SentenceWindow),
        Just(Strategy::ParentChild),
        Just(Strategy::Code),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chunks_tile_any_document(blocks in prop::collection::vec(block(), 0..14), max in 1..60_usize, overlap in 0..20_usize, strategy in strategy()) {
        let mut parsed = Parsed::default();
        for (kind, text) in blocks {
            let start = parsed.text.len();
            parsed.text.push_str(&text);
            parsed.blocks.push(Block { kind, range: start..parsed.text.len(), page: None });
            parsed.text.push_str("\n\n");
        }
        check(&parsed, &ChunkSettings { strategy, ..settings(max, overlap) })?;
    }

    #[test]
    fn chunks_tile_any_text(text in "[ -~\n漢。]{0,600}", max in 1..40_usize, strategy in strategy()) {
        if let Ok(parsed) = read("a.txt", text.as_bytes()) {
            check(&parsed, &ChunkSettings { strategy, ..settings(max, 8) })?;
        }
    }
}

#[test]
fn a_text_that_fits_is_one_chunk() {
    let text = "one two three four five.\n\n".repeat(80);
    let parsed = read("a.txt", text.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &ChunkSettings::default(), &count);
    assert_eq!(chunks.len(), 1);
    assert_eq!((chunks[0].span.start, &chunks[0].text), (0, &text.trim().to_owned()));
}

#[test]
fn sections_stay_apart_and_tiny_ones_join() {
    let long = "A sentence of six words here. ".repeat(20);
    let text = format!(
        "# Book\n\n## One\n\n{long}\n\n## Two\n\n{long}\n\n## Three\n\nshort\n\n## Four\n\nalso short\n"
    );
    let parsed = read("a.md", text.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &settings(200, 0), &count);
    let paths: Vec<String> = chunks.iter().map(|chunk| chunk.headings.join(" > ")).collect();
    assert_eq!(paths, ["Book > One", "Book > Two", "Book"], "{chunks:#?}");
    assert!(chunks[0].text.starts_with("Book\n\nOne"), "a heading without text goes with what follows");
    assert!(chunks[2].text.starts_with("Three") && chunks[2].text.ends_with("also short"));
}

#[test]
fn a_cut_table_remembers_its_header() {
    let rows: String = (0..60).map(|row| format!("row {row},value {row}\n")).collect();
    let parsed = read("a.csv", format!("name,worth\n{rows}").as_bytes()).unwrap();
    let chunks = chunk(&parsed, &settings(60, 10), &count);
    assert!(chunks.len() > 2);
    assert_eq!(chunks[0].context, None);
    assert!(chunks[1..].iter().all(|chunk| chunk.context.as_deref() == Some("name | worth")));
    assert!(chunks.iter().all(|chunk| chunk.kind == ChunkKind::Table));
    assert!(chunks.iter().all(|chunk| !chunk.text.starts_with("value")), "rows are whole");
}

#[test]
fn sentences_are_kept_and_overlap_only_where_a_paragraph_is_cut() {
    let sentences: String =
        (0..40).map(|number| format!("This is sentence number {number} of many. ")).collect();
    let parsed = read("a.txt", sentences.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &settings(80, 16), &count);
    assert!(chunks.iter().all(|chunk| chunk.text.ends_with("of many.") && chunk.text.starts_with("This is")));
    assert!(chunks.windows(2).all(|pair| pair[1].span.start < pair[0].span.end), "each repeats a little");
    let paragraphs = sentences.replace(". ", ".\n\n");
    let parsed = read("a.txt", paragraphs.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &settings(80, 16), &count);
    assert!(chunks.windows(2).all(|pair| pair[1].span.start > pair[0].span.end), "nothing is repeated");
}

#[test]
fn chinese_is_cut_at_its_full_stops() {
    let text = "这是一个关于鸭子的句子它很长很长。".repeat(30);
    let parsed = read("a.txt", text.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &settings(40, 0), &|text: &str| text.chars().count());
    assert!(chunks.len() > 10);
    assert!(chunks.iter().all(|chunk| chunk.text.ends_with('。')), "{chunks:?}");
}

#[test]
fn a_short_text_costs_microseconds() {
    let text =
        "Most birds of this family live near water, and some of them never leave it at all. ".repeat(8);
    let started = std::time::Instant::now();
    const TIMES: u32 = 2_000;
    for _ in 0..TIMES {
        let parsed = read("a.txt", text.as_bytes()).unwrap();
        assert_eq!(chunk(&parsed, &ChunkSettings::default(), &|text: &str| text.len() / 4).len(), 1);
    }
    let each = started.elapsed() / TIMES;
    println!("parse and chunk of 128 words: {each:?}");
    // Ten times what is wanted of an optimised build on a quiet machine.
    assert!(each.as_micros() < 150, "{each:?}");
}

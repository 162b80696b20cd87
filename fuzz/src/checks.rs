//! What must be true of everything that is read and cut.

use quarry_parse::{ChunkSettings, Limits, Parsed};

/// Blocks lie in the text, in order, with nothing but white space between them; the limits hold.
pub fn parsed(parsed: &Parsed, limits: &Limits) {
    let mut at = 0;
    for block in &parsed.blocks {
        assert!(block.range.start >= at && block.range.end >= block.range.start, "blocks are in order");
        let between = parsed.text.get(at..block.range.start).expect("blocks are between characters");
        assert!(between.trim().is_empty(), "text between blocks is white space");
        assert!(parsed.text.get(block.range.clone()).is_some(), "blocks are between characters");
        at = block.range.end;
    }
    assert!(parsed.text.get(at..).is_some_and(|rest| rest.trim().is_empty() || parsed.blocks.is_empty()));
    assert!(parsed.text.chars().count() <= limits.text_chars);
    assert!(parsed.scans.len() <= limits.scans.max(1));
    assert!(!parsed.media_type.is_empty());
    assert!(!parsed.text.trim().is_empty() || !parsed.scans.is_empty());
}

/// Each draft is the text at its span, drafts are in order, together they are the text, and each keeps its bound.
pub fn chunks(parsed: &Parsed, settings: &ChunkSettings) {
    let count = |text: &str| text.split_whitespace().map(|word| word.chars().count().div_ceil(6)).sum::<usize>();
    let letters: Vec<char> = parsed.text.chars().collect();
    let mut covered = vec![false; letters.len()];
    let mut last = 0;
    for draft in quarry_parse::chunk(parsed, settings, &count) {
        let range = draft.span.start as usize..draft.span.end as usize;
        let text: String = letters.get(range.clone()).expect("a span is in the text").iter().collect();
        assert_eq!(text, draft.text);
        assert!(range.start >= last, "drafts are in order");
        last = range.start;
        let single = range.len() == 1;
        assert!(count(&text) <= settings.max_tokens.max(1) || single || is_one_letter(&text), "{text:?} is too long");
        if let Some(window) = draft.window {
            assert!(window.start <= draft.span.start && window.end >= draft.span.end);
            assert!(window.end as usize <= letters.len());
        }
        covered[range].fill(true);
    }
    assert!(letters.iter().zip(covered).all(|(letter, covered)| covered || letter.is_whitespace()));
}

/// Whether a text cannot be cut: marks of several characters on one letter.
fn is_one_letter(text: &str) -> bool {
    text.chars().skip(1).all(|letter| !letter.is_ascii()) && !text.contains(char::is_whitespace)
}

//! What each strategy of cutting gives, on examples. The invariants of all are in `chunking.rs`.

use quarry_core::Fault;
use quarry_parse::{ChunkDraft, ChunkSettings, Strategy, chunk};

use crate::{
    chunking::{count, slice},
    support::read,
};

fn with(strategy: Strategy, max_tokens: usize, overlap_tokens: usize) -> ChunkSettings {
    ChunkSettings { strategy, max_tokens, overlap_tokens, ..ChunkSettings::default() }
}

fn cut(name: &str, text: &str, settings: &ChunkSettings) -> Vec<ChunkDraft> {
    chunk(&read(name, text.as_bytes()).unwrap(), settings, &count)
}

#[test]
fn settings_that_cannot_work_are_refused_in_a_sentence() {
    assert_eq!(ChunkSettings::default().check(), Ok(()));
    let refused = |settings: ChunkSettings| settings.check().unwrap_err().to_string();
    assert_eq!(
        refused(with(Strategy::Fixed, 15, 0)),
        "chunks of 15 tokens are not made; `max_tokens` is 16 to 8192"
    );
    assert!(with(Strategy::Fixed, 8193, 0).check().is_err());
    assert_eq!(
        refused(with(Strategy::Structure, 100, 50)),
        "an overlap of 50 tokens is too much for chunks of 100; `overlap_tokens` is below half of `max_tokens`"
    );
    assert!(with(Strategy::Structure, 101, 50).check().is_ok());
    let wide = ChunkSettings { window_sentences: 21, ..ChunkSettings::default() };
    assert_eq!(wide.check().unwrap_err().code(), "invalid_chunk_settings");
}

#[test]
fn settings_have_plain_names() {
    let read: ChunkSettings =
        serde_json::from_str(r#"{"strategy": "sentence_window", "max_tokens": 64}"#).unwrap();
    assert_eq!((read.strategy, read.max_tokens, read.overlap_tokens), (Strategy::SentenceWindow, 64, 32));
    let names = [Strategy::Structure, Strategy::Fixed, Strategy::ParentChild, Strategy::Code];
    let names: Vec<String> = names.iter().map(|name| serde_json::to_string(name).unwrap()).collect();
    assert_eq!(names, ["\"structure\"", "\"fixed\"", "\"parent_child\"", "\"code\""]);
}

#[test]
fn fixed_windows_are_full_overlap_and_keep_words() {
    let text: String = (0..400).map(|number| format!("word{number} ")).collect();
    let text = format!("# Title\n\n{text}\n\n## Second\n\n{text}");
    let chunks = cut("a.md", &text, &with(Strategy::Fixed, 64, 16));
    for pair in chunks.windows(2) {
        let (last, next) = (&pair[0], &pair[1]);
        assert!(count(&last.text) > 56, "{}", count(&last.text));
        assert!(next.span.start < last.span.end && next.span.end > last.span.end);
        assert!(next.text.starts_with("word") || next.text.starts_with("Second"), "{}", next.text);
        assert!(last.text.split_whitespace().all(|word| text.contains(word)));
        let repeated = slice(
            &read("a.md", text.as_bytes()).unwrap().text,
            &ChunkDraft {
                span: quarry_core::Span { start: next.span.start, end: last.span.end },
                ..next.clone()
            },
        );
        assert!((8..=16).contains(&count(&repeated)), "{repeated}");
    }
    assert_eq!(chunks[0].headings, ["Title"]);
    assert_eq!(chunks.last().unwrap().headings, ["Title", "Second"]);
    let none = cut("a.md", &text, &with(Strategy::Fixed, 64, 0));
    assert!(none.windows(2).all(|pair| pair[1].span.start >= pair[0].span.end));
}

#[test]
fn fixed_windows_cut_chinese_between_words() {
    let text = "这是一个关于鸭子的句子它很长很长".repeat(40);
    let letters = |text: &str| text.chars().count();
    let parsed = read("a.txt", text.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &with(Strategy::Fixed, 64, 8), &letters);
    assert!(chunks.iter().rev().skip(1).all(|chunk| letters(&chunk.text) == 64));
}

#[test]
fn a_sentence_has_its_neighbours_as_its_window() {
    let sentence = |number: usize| {
        format!(
            "The sentence with the number {number} in this text has quite enough words to stand alone by itself. "
        )
    };
    let part: String = (0..10).map(sentence).collect();
    let text = format!("# One\n\n{part}\n\n# Two\n\n{part}");
    let settings = ChunkSettings { window_sentences: 2, ..with(Strategy::SentenceWindow, 200, 32) };
    let parsed = read("a.md", text.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &settings, &count);
    assert_eq!(chunks.len(), 20, "{chunks:#?}");
    assert!(chunks[0].text.starts_with("One\n\nThe sentence with the number 0"));
    let window = |index: usize| {
        let window = chunks[index].window.unwrap();
        slice(&parsed.text, &ChunkDraft { span: window, ..chunks[index].clone() })
    };
    let numbers = |text: &str| -> Vec<String> {
        text.match_indices("number ").map(|(at, _)| text[at + 7..at + 8].to_owned()).collect()
    };
    assert_eq!(numbers(&window(5)), ["3", "4", "5", "6", "7"]);
    assert_eq!(numbers(&window(9)), ["7", "8", "9"], "a window ends with its section");
    assert_eq!(chunks[15].headings, ["Two"]);
}

#[test]
fn children_have_their_section_as_their_window() {
    let part = |name: &str| {
        format!("## {name}\n\n{}", format!("A sentence about {name} and six more words here. ").repeat(16))
    };
    let text = format!("# Book\n\n{}\n\n{}", part("ducks"), part("geese"));
    let parsed = read("a.md", text.as_bytes()).unwrap();
    let chunks = chunk(&parsed, &with(Strategy::ParentChild, 240, 20), &count);
    assert!(chunks.len() >= 6, "{}", chunks.len());
    for chunk in &chunks {
        assert!(count(&chunk.text) <= 60);
        let window = slice(&parsed.text, &ChunkDraft { span: chunk.window.unwrap(), ..chunk.clone() });
        let other = if chunk.headings.last().unwrap() == "ducks" { "geese" } else { "ducks" };
        assert!(window.contains(&chunk.text) && !window.contains(other));
        assert!(window.len() > chunk.text.len() * 3);
    }
}

const PYTHON: &str = "import os\nimport sys\n\n\nLIMIT = 3\n\n\nclass Duck(Bird):\n    \"\"\"A bird.\"\"\"\n\n    def swim(self):\n        for turn in range(9):\n            self.paddle(turn, LIMIT, os.name)\n        return True\n\n    @property\n    def name(self):\n        # The name of a duck is its own.\n        return self.given + sys.platform\n\n\n# Feeds all of them.\ndef feed(ducks):\n    for duck in ducks:\n        duck.eat()\n";

#[test]
fn code_is_cut_between_definitions() {
    let chunks = cut("a.py", PYTHON, &with(Strategy::Code, 32, 0));
    let starts: Vec<&str> = chunks.iter().map(|chunk| chunk.text.lines().next().unwrap()).collect();
    let expected = ["import os", "class Duck(Bird):", "def swim(self):", "@property", "# Feeds all of them."];
    assert_eq!(starts, expected, "{chunks:#?}");
    assert!(chunks[1..4].iter().all(|chunk| chunk.headings == ["class Duck(Bird)"]));
    assert!(chunks[4].headings.is_empty());
    assert!(chunks[2].text.ends_with("return True"));
    let whole = cut("a.py", PYTHON, &with(Strategy::Code, 400, 0));
    assert_eq!(whole.len(), 1);
}

#[test]
fn code_with_braces_keeps_functions_whole() {
    let function = |name: &str| {
        format!(
            "/// Says {name}.\n#[must_use]\nfn {name}(value: u8) -> u8 {{\n    let next = value + 1;\n\n    if next > 3 {{\n        one(next);\n    }} else {{\n        two(next);\n    }}\n    next\n}}\n"
        )
    };
    let text = format!(
        "use std::fs;\nuse std::io;\n{}{}\nimpl Thing {{\n{}}}\n",
        function("first"),
        function("second"),
        function("third").lines().map(|line| format!("    {line}\n")).collect::<String>()
    );
    let chunks = cut("a.rs", &text, &with(Strategy::Code, 40, 0));
    let whole =
        chunks.iter().filter(|chunk| chunk.text.contains("/// Says") && chunk.text.ends_with('}')).count();
    assert_eq!(whole, 3, "{chunks:#?}");
}

#[test]
fn prose_under_the_code_strategy_is_cut_by_structure() {
    let text = "# One\n\nSome words.\n\n- an item\n";
    let by = |strategy| cut("a.md", text, &with(strategy, 100, 10));
    assert_eq!(by(Strategy::Code), by(Strategy::Structure));
}

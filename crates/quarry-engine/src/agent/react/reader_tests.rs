//! The reader on what models write, and on what nobody would.

use proptest::prelude::*;

use super::{Action, Reader, Turn};
use crate::agent::react::writer;

fn read(text: &str) -> (String, Turn) {
    let mut reader = Reader::default();
    let mut said = reader.push(text);
    let (rest, turn) = reader.finish();
    said.push_str(&rest);
    (said, turn)
}

fn act(text: &str) -> (String, String) {
    match read(text).1 {
        Turn::Act { action, .. } => (action.tool, action.arguments),
        other => panic!("{text}: {other:?}"),
    }
}

fn answer(text: &str) -> String {
    let (said, turn) = read(text);
    match turn {
        Turn::Answer { text: answer, .. } => {
            assert_eq!(said, answer, "{text}");
            answer
        }
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn actions_are_read_however_they_are_written() {
    let query = (r"search".to_owned(), r#"{"query":"tides"}"#.to_owned());
    for text in [
        "Thought: hm\nAction: search\nAction Input: {\"query\": \"tides\"}",
        "Thought: hm\nAction: search\nAction Input: {\"query\": \"tides\"}\nObservation: invented\nFinal Answer: no",
        "**Thought:** hm\n**Action:** `search`\n**Action Input:** ```json\n{\"query\": \"tides\"}\n```",
        "thought: hm\naction: search\naction input: {'query': 'tides'} ok?",
        "Action: search\nAction Input: {\"query\": \"tides\"}\nAction: other\nAction Input: {\"query\": \"x\"}",
        "Action: search({\"query\": \"tides\"})",
        "Action: search {\"query\": \"tides\"}",
        "Action:\nsearch\nAction Input:\n{\"query\":\n\"tides\"}\n",
        "Action:\n```json\n{\"action\": \"search\", \"action_input\": {\"query\": \"tides\"}}\n```",
        "{\"tool\": \"search\", \"arguments\": {\"query\": \"tides\"}}",
        "I should look.\nAction: **search**\nAction Input: {\"query\": \"tides\"}",
    ] {
        assert_eq!(act(text), query, "{text}");
    }
    assert_eq!(act("Action: search\nAction Input: tides now"), ("search".to_owned(), "tides now".to_owned()));
    assert_eq!(act("Action: search[tides]"), ("search".to_owned(), "tides".to_owned()));
    assert_eq!(act("Action: current_time"), ("current_time".to_owned(), String::new()));
    let inside = "Action: remember\nAction Input: {\"text\": \"a\nObservation: b\"}";
    assert_eq!(act(inside).1, r#"{"text":"a\nObservation: b"}"#);
}

#[test]
fn answers_are_read_however_they_are_written() {
    for (text, expected) in [
        ("Thought: I know.\nFinal Answer: It is 5 [1].", "It is 5 [1]."),
        ("Final Answer: **Yes**, so.\n\nMore.\n", "**Yes**, so.\n\nMore."),
        ("**Final Answer:** Yes.", "Yes."),
        ("FINAL ANSWER:\nYes.\nObservation: invented", "Yes."),
        ("Action: None\nFinal Answer: Yes.", "Yes."),
        ("Action: Final Answer\nAction Input: Yes.", "Yes."),
        ("It is five.", "It is five."),
        ("Final Answer: one\nAction: look closer\ntwo", "one\nAction: look closer\ntwo"),
    ] {
        assert_eq!(answer(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_says_what_was_wrong() {
    for (text, part) in [
        ("", "empty"),
        ("Thought: I wonder", "neither"),
        ("Final Answer:", "nothing after"),
        ("Action:\nAction Input: {}", "no tool's name"),
    ] {
        let Turn::Unreadable { problem, .. } = read(text).1 else { panic!("{text}") };
        assert!(problem.contains(part), "{text}: {problem}");
    }
}

#[test]
fn an_answer_is_given_out_while_it_comes() {
    let mut reader = Reader::default();
    let mut said = Vec::new();
    for piece in
        ["Thought: a\nFinal An", "swer", ":", " One", " two", "\nObs", "ession", ".\nObserv", "ation: x"]
    {
        said.push(reader.push(piece));
    }
    assert_eq!(said, ["", "", "", "One", " two", "", "\nObsession", ".", ""]);
    assert!(reader.is_over());
}

/// Text of the pieces that confuse readers most.
fn messy() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Thought:"),
        Just("Action:"),
        Just("Action Input:"),
        Just("Observation:"),
        Just("Final Answer:"),
        Just("**Final Answer:**"),
        Just("**"),
        Just("\n"),
        Just("\r\n"),
        Just(" "),
        Just("{\"a\": \"b\"}"),
        Just("{'a': 'b"),
        Just("}"),
        Just("```json"),
        Just("```"),
        Just("search"),
        Just("none"),
        Just("\u{fc}\u{1f600}"),
        Just("\u{3000}"),
        Just("Final"),
        Just(":"),
        Just("\\"),
        Just("'"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(text in ".{0,200}") {
        read(&text);
    }

    #[test]
    fn any_cut_of_a_stream_gives_the_same(text in messy(), cuts in prop::collection::vec(1_usize..9, 0..80)) {
        let (said, turn) = read(&text);
        let characters: Vec<char> = text.chars().collect();
        let mut reader = Reader::default();
        let mut pieces = String::new();
        let mut at = 0;
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let end = at.saturating_add(cut).min(characters.len());
            pieces.push_str(&reader.push(&characters[at..end].iter().collect::<String>()));
            at = end;
        }
        let (rest, cut_turn) = reader.finish();
        pieces.push_str(&rest);
        prop_assert_eq!(&cut_turn, &turn);
        prop_assert_eq!(&pieces, &said);
        if let Turn::Answer { text, .. } = turn
            && !said.is_empty()
        {
            prop_assert_eq!(said, text);
        }
    }

    #[test]
    fn what_a_well_behaved_model_writes_is_read_back(
        thought in "[a-z][a-z ,.]{0,40}[a-z.]", tool in "[a-z][a-z_]{1,15}", value in "[^\\x00-\\x1f]{0,30}", answer in "[A-Z][a-z ,.\\[\\]0-9]{0,60}[.]"
    ) {
        let arguments = serde_json::json!({ "text": value }).to_string();
        prop_assume!(!matches!(tool.as_str(), "none" | "na" | "nothing" | "finish"));
        let expected = Turn::Act { thought: thought.clone(), action: Action { tool: tool.clone(), arguments: arguments.clone() } };
        prop_assert_eq!(read(&writer::action(&thought, &tool, &arguments)).1, expected);
        let expected = Turn::Answer { thought: thought.clone(), text: answer.clone() };
        prop_assert_eq!(read(&writer::answer(&thought, &answer)), (answer, expected));
    }
}

//! The labels of a reply: `Thought:`, `Action:`, `Action Input:`, `Observation:`, `Final Answer:`, in any case, in bold,
//! as headings, numbered, with a space before the colon.

/// A label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `Thought:`
    Thought,
    /// `Action:`
    Action,
    /// `Action Input:`
    Input,
    /// `Observation:`
    Observation,
    /// `Final Answer:`
    Answer,
}

const LABELS: [(&str, Label); 6] = [
    ("thought", Label::Thought),
    ("action input", Label::Input),
    ("action_input", Label::Input),
    ("action", Label::Action),
    ("observation", Label::Observation),
    ("final answer", Label::Answer),
];

/// Characters that only dress a label up.
const fn dresses(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '*' | '_' | '#' | '>' | '-' | '`')
}

/// What a line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A label; where in the line its content begins, in bytes.
    Label(Label, usize),
    /// More characters are needed to tell.
    Undecided,
    /// No label.
    Text,
}

/// Reads a line's beginning. `whole` says that no more of the line comes; only then is nothing undecided.
#[must_use]
pub fn opening(line: &str, whole: bool) -> Opening {
    let undecided = if whole { Opening::Text } else { Opening::Undecided };
    let bare = line.trim_start_matches(dresses);
    if bare.is_empty() {
        return undecided;
    }
    let dress = line.get(..line.len() - bare.len()).unwrap_or_default();
    let mut partial = false;
    for (word, label) in LABELS {
        match after(bare, word) {
            After::Rest(rest) => {
                let Some(rest) = rest.trim_start_matches(dresses).strip_prefix([':', '\u{ff1a}']) else {
                    // Everything up to here may be followed by the colon yet.
                    partial |= rest.trim_start_matches(dresses).is_empty();
                    continue;
                };
                return match undressed(dress, bare, rest) {
                    Some(rest) => Opening::Label(label, line.len() - rest.len()),
                    None if whole => Opening::Label(label, line.len()),
                    None => Opening::Undecided,
                };
            }
            After::Partial => partial = true,
            After::Other => {}
        }
    }
    if partial { undecided } else { Opening::Text }
}

enum After<'a> {
    Rest(&'a str),
    Partial,
    Other,
}

/// What follows a word, in any case.
fn after<'a>(text: &'a str, word: &str) -> After<'a> {
    let mut rest = text.char_indices();
    for expected in word.chars() {
        match rest.next() {
            None => return After::Partial,
            Some((_, found)) if found.to_ascii_lowercase() == expected => {}
            Some(_) => return After::Other,
        }
    }
    After::Rest(rest.as_str())
}

/// The text behind the colon without the stars that close those before the label; `None` while that is not known.
fn undressed<'a>(dress: &str, bare: &str, rest: &'a str) -> Option<&'a str> {
    let stars = |text: &str| text.chars().filter(|character| *character == '*').count();
    let before = bare.len() - rest.len();
    let opened = stars(dress);
    let closed = stars(bare.get(..before).unwrap_or_default());
    let mut rest = rest;
    for _ in closed..opened {
        match rest.chars().next() {
            None => return None,
            Some('*') => rest = rest.get(1..).unwrap_or_default(),
            Some(_) => break,
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Label, Opening, opening};

    fn content(line: &str) -> Option<(Label, &str)> {
        match opening(line, true) {
            Opening::Label(label, at) => Some((label, line[at..].trim())),
            _ => None,
        }
    }

    #[test]
    fn labels_are_found_however_they_are_dressed() {
        let cases = [
            ("Final Answer: yes", Label::Answer, "yes"),
            ("**Final Answer:** **yes** it is", Label::Answer, "**yes** it is"),
            ("**final answer**: yes", Label::Answer, "yes"),
            ("### FINAL ANSWER : yes", Label::Answer, "yes"),
            ("Action: search", Label::Action, "search"),
            ("**Action Input:** {\"a\": 1}", Label::Input, "{\"a\": 1}"),
            ("action_input: {}", Label::Input, "{}"),
            ("> Thought: hm", Label::Thought, "hm"),
            ("Observation:", Label::Observation, ""),
            ("Final Answer\u{ff1a}\u{662f}", Label::Answer, "\u{662f}"),
        ];
        for (line, label, rest) in cases {
            assert_eq!(content(line), Some((label, rest)), "{line}");
        }
        for line in ["", "Actions: two", "In action: yes", "Thoughts on this: none", "Finally: x", "Actio"] {
            assert_eq!(content(line), None, "{line}");
        }
    }

    #[test]
    fn an_unfinished_line_is_undecided_only_while_it_may_become_a_label() {
        for line in ["", "  ", "**", "Fin", "final answer", "final answer **", "Action", "**Action:"] {
            assert_eq!(opening(line, false), Opening::Undecided, "{line}");
        }
        for line in ["The ", "finale", "Action plan"] {
            assert_eq!(opening(line, false), Opening::Text, "{line}");
        }
    }
}

//! What a model wrote, read while it comes.
//!
//! The reader is a function of the text alone: however a stream is cut, it gives out the same words in the same order
//! and ends with the same turn (a property test). Only the first action counts, and what the model invents behind
//! `Observation:` is cut off.

use super::{
    input,
    label::{Label, Opening, opening},
};

/// What a model wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The tool's name as it wrote it.
    pub tool: String,
    /// JSON where some could be read, else words.
    pub arguments: String,
}

/// What a reply came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// A call.
    Act {
        /// What it thought before.
        thought: String,
        /// What it wants to do.
        action: Action,
    },
    /// The answer.
    Answer {
        /// What it thought before.
        thought: String,
        /// The words.
        text: String,
    },
    /// Neither; a sentence tells the model what was wrong.
    Unreadable {
        /// What it wrote without labels, in case it is asked no more.
        text: String,
        /// What was wrong.
        problem: &'static str,
    },
}

/// Reads one reply.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    text: String,
    /// Where the line begins that was not read to its end.
    line: usize,
    /// The labels of the lines before it: where each label's line begins, its kind, where its content begins.
    marks: Vec<(usize, Label, usize)>,
    /// How much of the answer was given out, in bytes from its start.
    said: usize,
}

impl Reader {
    /// Takes the next piece and gives out what is certainly part of the answer.
    pub fn push(&mut self, piece: &str) -> String {
        self.text.push_str(piece);
        self.scan(false);
        self.give(false)
    }

    /// The rest of the answer, and what the reply came to.
    #[must_use]
    pub fn finish(mut self) -> (String, Turn) {
        self.scan(true);
        let rest = self.give(true);
        let turn = self.turn();
        // An answer without a label is only known to be one at the end.
        match &turn {
            Turn::Answer { text, .. } if self.answer().is_none() => (text.clone(), turn),
            _ => (rest, turn),
        }
    }

    /// Everything so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether what follows no longer matters: the model has begun to invent what a tool says.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let Some(observed) = self.marks.iter().position(|mark| mark.1 == Label::Observation) else {
            return false;
        };
        match (0..observed).find(|place| self.acts(*place)) {
            // JSON that is not closed yet may hold a line that looks like a label.
            Some(place) => {
                let own = self.content(place + 1);
                !own.contains('{') || input::object(own).is_some()
            }
            None => self.answer().is_some(),
        }
    }

    fn scan(&mut self, whole: bool) {
        loop {
            let rest = self.text.get(self.line..).unwrap_or_default();
            let end = rest.find('\n');
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let last = self.marks.last().map(|(start, ..)| *start);
            if last != Some(self.line)
                && let Opening::Label(label, at) = opening(line, whole || end.is_some())
            {
                self.marks.push((self.line, label, self.line + at));
            }
            match end {
                Some(end) => self.line += end + 1,
                None => return,
            }
        }
    }

    /// Where the answer begins, unless an action stands before it.
    fn answer(&self) -> Option<usize> {
        let (place, (.., content)) =
            self.marks.iter().enumerate().find(|(_, (_, label, _))| *label == Label::Answer)?;
        let acted = (0..place).any(|before| self.acts(before));
        if acted { None } else { Some(*content) }
    }

    /// Whether a mark is an action that names something to do.
    fn acts(&self, place: usize) -> bool {
        matches!(self.marks.get(place), Some((_, Label::Action, _))) && !is_nothing(self.content(place))
    }

    /// What stands behind a label, up to the next one.
    fn content(&self, place: usize) -> &str {
        let start = self.marks.get(place).map_or(self.text.len(), |mark| mark.2);
        let end = self.marks.get(place + 1).map_or(self.text.len(), |mark| mark.0);
        self.text.get(start..end.max(start)).unwrap_or_default().trim()
    }

    /// The answer's text as far as it is certain.
    fn certain(&self, start: usize, whole: bool) -> &str {
        let observed = |mark: &&(usize, Label, usize)| mark.1 == Label::Observation && mark.0 >= start;
        let mut end = self.marks.iter().find(observed).map_or(self.text.len(), |mark| mark.0);
        // The last line is kept back as long as it may become `Observation:`.
        let line = self.text.get(self.line..).unwrap_or_default();
        if !whole && self.line >= start && opening(line, false) == Opening::Undecided {
            end = end.min(self.line);
        }
        let text = self.text.get(start..end.max(start)).unwrap_or_default();
        text.trim()
    }

    fn give(&mut self, whole: bool) -> String {
        let Some(start) = self.answer() else { return String::new() };
        let certain = self.certain(start, whole);
        let fresh = certain.get(self.said..).unwrap_or_default().to_owned();
        self.said += fresh.len();
        fresh
    }

    fn turn(&self) -> Turn {
        let thought = self.thought();
        if let Some(start) = self.answer() {
            let text = self.certain(start, true).to_owned();
            if !text.is_empty() {
                return Turn::Answer { thought, text };
            }
            return Turn::Unreadable { text: thought, problem: "there was nothing after `Final Answer:`" };
        }
        if let Some(place) = (0..self.marks.len()).find(|place| self.acts(*place)) {
            return self.act(place, thought);
        }
        if self.marks.is_empty() {
            return self.unlabelled();
        }
        let problem = "there was neither an `Action:` with its `Action Input:` nor a `Final Answer:`";
        Turn::Unreadable { text: thought, problem }
    }

    /// A reply without labels: an action written as JSON, or an answer by a model that forgot the form.
    fn unlabelled(&self) -> Turn {
        let text = self.text.trim();
        if text.is_empty() {
            return Turn::Unreadable { text: String::new(), problem: "your reply was empty" };
        }
        match as_json(text) {
            Some(action) => Turn::Act { thought: String::new(), action },
            None => Turn::Answer { thought: String::new(), text: text.to_owned() },
        }
    }

    fn act(&self, place: usize, thought: String) -> Turn {
        let written = self.content(place);
        if let Some(action) = as_json(written) {
            return Turn::Act { thought, action };
        }
        let (tool, beside) = name(written);
        if tool.is_empty() {
            return Turn::Unreadable { text: thought, problem: "there was no tool's name after `Action:`" };
        }
        let given = match self.marks.get(place + 1) {
            Some((_, Label::Input, start)) => {
                // JSON is read past anything in it that looks like a label.
                let all = self.text.get(*start..).unwrap_or_default();
                let own = self.content(place + 1);
                if own.contains('{') && input::object(own).is_none() {
                    input::object(all).map_or_else(|| input::arguments(own), |value| value.to_string())
                } else {
                    input::arguments(own)
                }
            }
            _ => input::arguments(beside),
        };
        if is_final(&tool) {
            return Turn::Answer { thought, text: given };
        }
        Turn::Act { thought, action: Action { tool, arguments: given } }
    }

    /// What was thought before the first action or answer; text before any label is a thought too.
    #[must_use]
    pub fn thought(&self) -> String {
        let end = |mark: &&(usize, Label, usize)| mark.1 != Label::Thought;
        let end = self.marks.iter().find(end).map_or(self.text.len(), |mark| mark.0);
        let mut thought = String::new();
        let mut add = |text: &str| {
            let text = text.trim();
            if !text.is_empty() {
                if !thought.is_empty() {
                    thought.push('\n');
                }
                thought.push_str(text);
            }
        };
        let first = self.marks.first().map_or(end, |mark| mark.0);
        add(self.text.get(..first.min(end)).unwrap_or_default());
        for place in 0..self.marks.len() {
            if self.marks.get(place).is_some_and(|mark| mark.0 < end) {
                add(self.content(place));
            }
        }
        thought
    }
}

/// Whether an action's content says that nothing is to be done.
fn is_nothing(content: &str) -> bool {
    let word = content.lines().next().unwrap_or_default().to_lowercase();
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    matches!(
        word,
        "none" | "n/a" | "na" | "no action" | "no action needed" | "no action required" | "nothing"
    )
}

/// Whether a tool's name is a way to say that the answer follows.
fn is_final(tool: &str) -> bool {
    let word: String = tool.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    matches!(word.as_str(), "finalanswer" | "finish" | "finalanswertool")
}

/// A tool's name, and what stands beside it as `name[input]` or `name(input)`.
fn name(written: &str) -> (String, &str) {
    let written = written.trim().trim_start_matches(['`', '*', '"', '\'', '_']);
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/');
    let end = written.find(|c| !belongs(c)).unwrap_or(written.len());
    let (tool, rest) = written.split_at(end);
    let rest = rest.trim_start_matches(['`', '*', '"', '\'', ' ']).trim();
    let lowered = written.get(..12).unwrap_or(written).to_lowercase();
    if lowered.starts_with("final answer") {
        return ("final_answer".to_owned(), written.get(12..).unwrap_or_default().trim_start_matches(':'));
    }
    let beside = [('[', ']'), ('(', ')')]
        .into_iter()
        .find_map(|(open, close)| rest.strip_prefix(open)?.strip_suffix(close))
        .unwrap_or(if rest.starts_with('{') { rest } else { "" });
    (tool.trim_end_matches(['.', ':']).to_owned(), beside)
}

/// An action as one JSON object, as some models were trained to write it.
fn as_json(text: &str) -> Option<Action> {
    let text = text.trim();
    if !text.starts_with(['{', '`']) {
        return None;
    }
    let value = input::object(text)?;
    let first = |names: &[&str]| names.iter().find_map(|name| value.get(*name)).cloned();
    let tool = first(&["action", "tool", "tool_name", "name", "function"])?.as_str()?.to_owned();
    let given = first(&["action_input", "tool_input", "arguments", "input", "args", "parameters"]);
    let arguments = match given {
        None => "{}".to_owned(),
        Some(serde_json::Value::String(text)) => input::arguments(&text),
        Some(other) => other.to_string(),
    };
    Some(Action { tool, arguments })
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;

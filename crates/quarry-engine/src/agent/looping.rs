//! Whether a run goes round in circles.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Times the same call may be made.
const MOST: usize = 2;

/// Every call of a run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Looping {
    calls: Vec<String>,
    refused: u32,
}

impl Looping {
    /// Notes a call. A sentence for the model where it was made before as often as is of use, or where it is the
    /// fourth of two calls that take turns.
    pub(crate) fn note(&mut self, tool: &str, arguments: &Value) -> Option<String> {
        let call = canonical(tool, arguments);
        let before = self.calls.iter().filter(|known| **known == call).count();
        let turns = match self.calls.as_slice() {
            [.., first, second, third] => *first == *third && *second == call && *third != call,
            _ => false,
        };
        self.calls.push(call);
        if before < MOST && !turns {
            return None;
        }
        self.refused += 1;
        Some(format!(
            "you have called `{tool}` with these arguments before and the result will be the same; use what you have, \
             try something else, or give your answer"
        ))
    }

    /// Whether it was told so and did it again.
    pub(crate) const fn caught(&self) -> bool {
        self.refused > 1
    }
}

/// The same call gives the same text, whatever the order of its fields and the space around its words.
fn canonical(tool: &str, arguments: &Value) -> String {
    let mut text = format!("{tool} ");
    write(arguments, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, value) in fields {
                text.push_str(name);
                text.push(':');
                write(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::String(words) => {
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            text.push_str(&Value::String(words).to_string());
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::Looping;
    use serde_json::json;

    #[test]
    fn the_third_of_the_same_call_is_refused_and_the_next_ends_the_run() {
        let mut looping = Looping::default();
        assert!(looping.note("search", &json!({"query": "a", "k": 1})).is_none());
        assert!(looping.note("search", &json!({"k": 1, "query": " A "})).is_none());
        let sentence = looping.note("search", &json!({"query": "a", "k": 1})).unwrap();
        assert!(sentence.contains("`search`") && !looping.caught());
        assert!(looping.note("search", &json!({"query": "a", "k": 1})).is_some());
        assert!(looping.caught());
    }

    #[test]
    fn two_calls_that_take_turns_are_refused_at_the_fourth() {
        let mut looping = Looping::default();
        for (name, refused) in [("a", false), ("b", false), ("a", false), ("b", true)] {
            assert_eq!(looping.note(name, &json!({})).is_some(), refused, "{name}");
        }
    }

    #[test]
    fn calls_with_other_arguments_are_other_calls() {
        let mut looping = Looping::default();
        for page in 0..20 {
            assert!(looping.note("read_document", &json!({"page": page})).is_none());
        }
    }
}

//! What stands after `Action Input:`, as arguments: JSON, JSON in a code fence, JSON with text behind it, Python's idea
//! of JSON, or only words.

use serde_json::{Map, Value};

/// Arguments as text: JSON where some can be read, the words themselves otherwise.
#[must_use]
pub fn arguments(raw: &str) -> String {
    let text = unfenced(raw);
    match object(text) {
        Some(value) => value.to_string(),
        None => words(text).to_owned(),
    }
}

/// Arguments for a tool: words become the one text it takes, where it takes exactly one.
#[must_use]
pub fn fitted(arguments: &str, parameters: &Value) -> String {
    if object(arguments).is_some() {
        return arguments.to_owned();
    }
    let Some(field) = only_text(parameters) else { return arguments.to_owned() };
    if arguments.is_empty() {
        return arguments.to_owned();
    }
    let text = match serde_json::from_str(arguments) {
        Ok(Value::String(text)) => text,
        _ => arguments.to_owned(),
    };
    Value::Object(Map::from_iter([(field, Value::String(text))])).to_string()
}

/// The name of the one text that a tool needs: the only one it requires, or the only one it has.
fn only_text(parameters: &Value) -> Option<String> {
    let fields = parameters.get("properties")?.as_object()?;
    let is_text = |name: &str| {
        fields.get(name).and_then(|field| field.get("type")).and_then(Value::as_str) == Some("string")
    };
    let required: Vec<&str> = parameters
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    match (required.as_slice(), fields.len()) {
        ([one], _) if is_text(one) => Some((*one).to_owned()),
        ([], 1) => fields.keys().next().filter(|name| is_text(name)).cloned(),
        _ => None,
    }
}

/// The first JSON object of a text.
#[must_use]
pub fn object(text: &str) -> Option<Value> {
    let start = text.find('{')?;
    let text = text.get(start..)?;
    let read = |text: &str| -> Option<Value> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        values.next()?.ok().filter(Value::is_object)
    };
    read(text).or_else(|| read(&straightened(text)))
}

/// A text without a code fence around it.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    // A fence behind the first brace stands in a value, and is not one.
    let before = text.find('{').unwrap_or(text.len());
    let Some(start) = text.find("```").filter(|start| *start < before) else {
        return text.trim_matches('`').trim();
    };
    let inside = text.get(start + 3..).unwrap_or_default();
    let inside = inside.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    inside.split("```").next().unwrap_or_default().trim()
}

fn words(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        let inside = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(inside) = inside.filter(|inside| !inside.contains(quote)) {
            return inside;
        }
    }
    text
}

/// Python's dictionaries as JSON: single quotes, `True`, `None`, commas at the end; and line breaks inside of texts.
fn straightened(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.char_indices().peekable();
    let mut quote: Option<char> = None;
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => match characters.next() {
                Some((_, '\'')) => out.push('\''),
                Some((_, next)) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            (Some(_), '\n') => out.push_str("\\n"),
            (Some(_), '\t') => out.push_str("\\t"),
            (Some(open), _) if character == open => {
                quote = None;
                out.push('"');
            }
            (Some('\''), '"') => out.push_str("\\\""),
            (Some(_), _) => out.push(character),
            (None, '"' | '\'') => {
                quote = Some(character);
                out.push('"');
            }
            (None, ',') => {
                let next = text.get(at + 1..).and_then(|rest| rest.trim_start().chars().next());
                if !matches!(next, Some('}' | ']')) {
                    out.push(',');
                }
            }
            (None, 'T' | 'F' | 'N') => {
                let rest = text.get(at..).unwrap_or_default();
                let word = [("True", "true"), ("False", "false"), ("None", "null")]
                    .into_iter()
                    .find(|(python, _)| rest.starts_with(python));
                match word {
                    Some((python, json)) => {
                        out.push_str(json);
                        for _ in 1..python.len() {
                            characters.next();
                        }
                    }
                    None => out.push(character),
                }
            }
            (None, _) => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{arguments, fitted};
    use serde_json::json;

    #[test]
    fn arguments_are_read_however_they_are_written() {
        let cases = [
            (r#"{"query": "tides"}"#, r#"{"query":"tides"}"#),
            ("```json\n{\"query\": \"tides\"}\n```", r#"{"query":"tides"}"#),
            ("```\n{\"query\": \"tides\"}\n```\nI will wait.", r#"{"query":"tides"}"#),
            (r#"{"query": "tides"} and then I look"#, r#"{"query":"tides"}"#),
            (
                "{'query': 'the moon\\'s', 'deep': True, 'k': None,}",
                r#"{"deep":true,"k":null,"query":"the moon's"}"#,
            ),
            ("{\"query\": \"two\nlines\"}", r#"{"query":"two\nlines"}"#),
            (r#"{'query': 'say "hi"'}"#, r#"{"query":"say \"hi\""}"#),
            ("{}", "{}"),
            ("\"tides\"", "tides"),
            ("tides at Ostrava", "tides at Ostrava"),
            ("`tides`", "tides"),
            ("{broken", "{broken"),
            ("", ""),
        ];
        // The order of fields is nobody's concern.
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(|_| text.to_owned());
        for (raw, expected) in cases {
            assert_eq!(value(&arguments(raw)), value(expected), "{raw}");
        }
    }

    #[test]
    fn words_become_the_one_text_a_tool_takes() {
        let one = json!({"type": "object", "properties": {"query": {"type": "string"}, "k": {"type": "integer"}}, "required": ["query"]});
        assert_eq!(fitted("tides", &one), r#"{"query":"tides"}"#);
        assert_eq!(fitted(r#"{"query":"x"}"#, &one), r#"{"query":"x"}"#);
        let two = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a", "b"]});
        assert_eq!(fitted("tides", &two), "tides");
        assert_eq!(fitted("5", &json!({"properties": {"n": {"type": "integer"}}, "required": ["n"]})), "5");
    }
}

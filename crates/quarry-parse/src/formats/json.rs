//! JSON and JSON lines: every value with its path, in the order of the file.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use super::Input;
use crate::{BlockKind, ParseError, Parsed, decode::decode, formats::text, writer::Writer, writer::one_line};

/// A value that keeps its keys in the order of the file.
enum Node {
    Scalar(String),
    Nothing,
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// One value. Text that is not JSON after all is read as text, with a warning.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    match serde_json::from_str::<Node>(&text) {
        Ok(node) => {
            let mut writer = Writer::new(input.limits);
            let mut render = Render { writer: &mut writer, nesting: input.limits.nesting };
            render.value(&node, "", 0)?;
            let title = title(&node);
            Ok(Parsed { title, ..writer.finish() })
        }
        Err(error) if is_too_deep(&error) => Err(ParseError::over("levels of nesting", input.limits.nesting)),
        Err(_) if lines(&text).take(2).all(|line| serde_json::from_str::<de::IgnoredAny>(line).is_ok()) => {
            read_lines(input)
        }
        Err(error) => {
            let mut parsed = text::read(input)?;
            parsed.warnings.push(format!("not valid JSON ({error}); read as plain text"));
            Ok(parsed)
        }
    }
}

/// One value a line, each a record of its own. A broken line costs that line.
pub(super) fn read_lines(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    let mut writer = Writer::new(input.limits);
    let mut broken = 0;
    for line in lines(&text) {
        match serde_json::from_str::<Node>(line) {
            Ok(node) => Render { writer: &mut writer, nesting: input.limits.nesting }.value(&node, "", 0)?,
            Err(error) if is_too_deep(&error) => {
                return Err(ParseError::over("levels of nesting", input.limits.nesting));
            }
            Err(_) => broken += 1,
        }
    }
    if writer.is_empty() {
        return Err(ParseError::damaged("JSON lines document", "no line is a JSON value"));
    }
    let mut parsed = writer.finish();
    parsed.title = None;
    if broken > 0 {
        parsed.warnings.push(format!("{broken} lines are not valid JSON and were left out"));
    }
    Ok(parsed)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn is_too_deep(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("recursion limit")
}

fn title(node: &Node) -> Option<String> {
    let Node::Object(members) = node else { return None };
    members.iter().find_map(|(key, value)| match value {
        Node::Scalar(text) if key == "title" && text.len() < 200 => Some(one_line(text)),
        _ => None,
    })
}

struct Render<'w, 'l> {
    writer: &'w mut Writer<'l>,
    nesting: usize,
}

impl Render<'_, '_> {
    fn value(&mut self, node: &Node, path: &str, depth: usize) -> Result<(), ParseError> {
        if depth > self.nesting {
            return Err(ParseError::over("levels of nesting", self.nesting));
        }
        match node {
            Node::Nothing => Ok(()),
            Node::Scalar(text) => self.writer.push(BlockKind::Paragraph, &line(path, text)),
            Node::List(items) => self.list(items, path, depth),
            Node::Object(members) => self.object(members, path, depth),
        }
    }

    /// Short members stand together as lines of one block; long texts, lists and objects follow on their own.
    fn object(&mut self, members: &[(String, Node)], path: &str, depth: usize) -> Result<(), ParseError> {
        let mut lines = String::new();
        for (key, value) in members {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if let Some(text) = short(value) {
                if !lines.is_empty() {
                    lines.push('\n');
                }
                lines.push_str(&line(&path, &text));
                continue;
            }
            self.writer.push(BlockKind::Paragraph, &std::mem::take(&mut lines))?;
            self.value(value, &path, depth + 1)?;
        }
        self.writer.push(BlockKind::Paragraph, &lines)
    }

    /// Flat objects are rows that say their columns; other items are written one by one.
    fn list(&mut self, items: &[Node], path: &str, depth: usize) -> Result<(), ParseError> {
        if items.iter().all(is_flat) {
            let table = self.writer.next_table();
            return items.iter().enumerate().try_for_each(|(index, item)| {
                let Node::Object(members) = item else { return Ok(()) };
                let name = if path.is_empty() { String::new() } else { format!("{path}[{index}] ") };
                let cells: Vec<String> =
                    members.iter().filter_map(|(key, value)| Some(line(key, &short(value)?))).collect();
                self.writer.row(table, false, &[format!("{name}{}", cells.join("; "))])
            });
        }
        items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| self.value(item, &format!("{path}[{index}]"), depth + 1))
    }
}

fn is_flat(node: &Node) -> bool {
    matches!(node, Node::Object(members) if members.iter().all(|(_, value)| short(value).is_some() || matches!(value, Node::Nothing)))
}

/// A value that fits on one line: a short text, or a list of short texts.
fn short(node: &Node) -> Option<String> {
    const LONG: usize = 200;
    match node {
        Node::Scalar(text) if text.len() <= LONG => Some(one_line(text)),
        Node::List(items) if items.iter().all(|item| matches!(item, Node::Scalar(_))) => {
            let texts: Vec<String> = items.iter().filter_map(short).collect();
            let joined = texts.join(", ");
            (texts.len() == items.len() && joined.len() <= LONG).then_some(joined)
        }
        _ => None,
    }
}

fn line(path: &str, text: &str) -> String {
    if path.is_empty() { text.to_owned() } else { format!("{path}: {text}") }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(object))
    }
}

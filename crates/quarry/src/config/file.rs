//! A TOML file as a flat list of values, each with its line, so that a mistake can be shown where it stands.

use std::path::Path;

use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

use super::layers::{Origin, Problem, Setting};

/// Reads a file's settings; mistakes of the syntax are problems too, all of them.
pub(super) fn settings(path: &Path, text: &str, problems: &mut Vec<Problem>) -> Vec<Setting> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let lines = Lines(text);
    for error in errors {
        let origin = Origin::File(path.to_owned(), error.span().map(|span| lines.of(span.start)));
        problems.push(Problem {
            origin,
            text: format!("this is not TOML: {}", error.message().replace('\n', ", ")),
        });
    }
    let mut reader = Reader { path, lines, settings: Vec::new() };
    reader.table("", root.get_ref());
    // The parser sorts keys by name; people read from top to bottom.
    reader.settings.sort_by_key(|setting| match setting.origin {
        Origin::File(_, line) => line,
        _ => None,
    });
    reader.settings
}

/// Finds the line of a byte.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn of(&self, byte: usize) -> usize {
        self.0.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
    }
}

struct Reader<'a> {
    path: &'a Path,
    lines: Lines<'a>,
    settings: Vec<Setting>,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let path = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            self.value(path, name.span().start, value);
        }
    }

    fn value(&mut self, path: String, at: usize, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) if !table.is_empty() => self.table(&path, table),
            DeValue::Array(items) if items.iter().any(|item| item.get_ref().is_table()) => {
                for (place, item) in items.iter().enumerate() {
                    self.value(format!("{path}[{place}]"), item.span().start, item);
                }
            }
            other => {
                let origin = Origin::File(self.path.to_owned(), Some(self.lines.of(at)));
                self.settings.push(Setting { path, value: plain(other), origin });
            }
        }
    }
}

/// The value without its places.
fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::String(number.to_string()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::String(number.to_string()), Value::Float)
        }
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(moment) => Value::Datetime(*moment),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Table(table) => Value::Table(
            table.iter().map(|(name, value)| (name.get_ref().to_string(), plain(value.get_ref()))).collect(),
        ),
    }
}

//! Jupyter notebooks: cells in order, with what their code printed.

use serde::Deserialize;
use serde_json::Value;

use super::{Input, json, markdown};
use crate::{BlockKind, Limits, ParseError, Parsed, decode::decode, writer::Writer};

/// Longer output is a log or a table of numbers; its start says what it is.
const LONGEST_OUTPUT: usize = 4_000;

#[derive(Deserialize)]
struct Notebook {
    #[serde(default)]
    cells: Vec<Cell>,
    /// Where notebooks before version 4 have their cells.
    #[serde(default)]
    worksheets: Vec<Worksheet>,
    #[serde(default)]
    metadata: Value,
}

#[derive(Deserialize)]
struct Worksheet {
    #[serde(default)]
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(default)]
    cell_type: String,
    #[serde(default)]
    source: Value,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    level: Option<u8>,
    #[serde(default)]
    outputs: Vec<Value>,
}

/// Reads a notebook. What is no notebook after all is read as JSON.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    let Ok(notebook) = serde_json::from_str::<Notebook>(&text) else { return json::read(input) };
    let mut writer = Writer::new(input.limits);
    let cells =
        notebook.cells.into_iter().chain(notebook.worksheets.into_iter().flat_map(|sheet| sheet.cells));
    for cell in cells {
        write(&cell, &mut writer, input)?;
    }
    let mut parsed = writer.finish();
    let language = ["/kernelspec/language", "/language_info/name"]
        .iter()
        .find_map(|path| notebook.metadata.pointer(path)?.as_str());
    if let Some(language) = language {
        parsed.metadata.insert("keywords".to_owned(), language.to_owned());
    }
    let stated = notebook.metadata.get("title").and_then(Value::as_str).map(str::to_owned);
    parsed.title = stated.or(parsed.title);
    Ok(parsed)
}

fn write(cell: &Cell, writer: &mut Writer<'_>, input: &Input<'_>) -> Result<(), ParseError> {
    let source = text_of(if cell.source.is_null() { &cell.input } else { &cell.source });
    match cell.cell_type.as_str() {
        "markdown" => {
            let (text_chars, table_rows) = writer.room();
            let limits = Limits { text_chars, table_rows, ..*input.limits };
            writer.append(&markdown::read(&input.part(source.as_bytes(), &limits))?, 0)
        }
        "heading" => writer.push(BlockKind::Heading(cell.level.unwrap_or(1).clamp(1, 6)), &source),
        "code" => {
            writer.push(BlockKind::Code, &source)?;
            cell.outputs.iter().try_for_each(|output| writer.push(BlockKind::Code, &printed(output)))
        }
        _ => writer.push(BlockKind::Paragraph, &source),
    }
}

/// Text, as one string or as lines.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// What an output shows as text; pictures and programs are left out.
fn printed(output: &Value) -> String {
    let field = |path: &str| output.pointer(path).map(text_of).filter(|text| !text.trim().is_empty());
    let error = || {
        let name = output.get("ename")?.as_str()?;
        Some(format!("{name}: {}", output.get("evalue").map(text_of).unwrap_or_default()))
    };
    let text = field("/text")
        .or_else(|| field("/data/text~1plain"))
        .or_else(|| field("/data/text~1markdown"))
        .or_else(|| field("/data/text~1latex"))
        .or_else(error)
        .unwrap_or_default();
    let text = without_escapes(&text);
    match text.char_indices().nth(LONGEST_OUTPUT) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Without the codes that colour a terminal.
fn without_escapes(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\u{1b}' {
            clean.push(letter);
        } else if letters.next() == Some('[') {
            let _ = letters.find(char::is_ascii_alphabetic);
        }
    }
    clean
}

//! CSV and TSV: rows of cells.

use csv::{ReaderBuilder, Trim};

use super::Input;
use crate::{ParseError, Parsed, decode::decode, sniff, writer::Writer};

/// Reads a table; the delimiter is found in the text.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    let text = text
        .strip_prefix("sep=")
        .map_or(text.as_str(), |rest| rest.split_once('\n').map_or("", |(_, rows)| rows));
    let tabs = matches!(sniff::extension(input.name).as_str(), "tsv" | "tab");
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text, tabs))
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut writer = Writer::new(input.limits);
    let table = writer.next_table();
    let mut broken = 0;
    for (index, record) in reader.records().enumerate() {
        let Ok(record) = record else {
            broken += 1;
            continue;
        };
        let cells: Vec<&str> = record.iter().collect();
        writer.row(table, index == 0 && is_header(&cells), &cells)?;
    }
    let mut parsed = writer.finish();
    if broken > 0 {
        parsed.warnings.push(format!("{broken} rows could not be read"));
    }
    Ok(parsed)
}

/// The delimiter that cuts the first lines into the same number of cells, and into most of them.
fn delimiter(text: &str, tabs: bool) -> u8 {
    let score = |delimiter: u8| -> usize {
        let counts: Vec<usize> = text
            .lines()
            .filter(|line| !line.is_empty())
            .take(20)
            .map(|line| count(line, delimiter))
            .collect();
        let first = counts.first().copied().unwrap_or_default();
        let same = counts.iter().filter(|count| **count == first).count();
        if first == 0 { 0 } else { same * 100 + first.min(99) }
    };
    if tabs && text.contains('\t') {
        return b'\t';
    }
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

fn count(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    line.bytes()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == delimiter
        })
        .count()
}

/// A row that names columns has a text in every cell.
pub(super) fn is_header<S: AsRef<str>>(cells: &[S]) -> bool {
    cells.len() > 1
        && cells.iter().all(|cell| {
            let cell = cell.as_ref().trim();
            !cell.is_empty()
                && cell.len() < 100
                && !cell.chars().all(|letter| letter.is_ascii_digit() || "-+.,%/:$ ".contains(letter))
        })
}

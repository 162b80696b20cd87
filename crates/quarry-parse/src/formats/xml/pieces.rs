//! Pieces of closed elements, and what elements make of those inside them.

use super::names;
use crate::{BlockKind, writer::one_line};

/// A part of an element that is closed.
pub(super) enum Piece {
    /// Text between elements.
    Text(String),
    /// An element that is all text.
    Inline {
        name: String,
        text: String,
    },
    Block(BlockKind, String),
    /// Elements of one text each beside each other: names and values.
    Record(Vec<(String, String)>),
    Row {
        cells: Vec<String>,
        header: bool,
    },
    TableEnd,
}

/// Pieces of an element that holds blocks: runs of text between them are paragraphs, loose values are records.
pub(super) fn settle(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut settled = Vec::with_capacity(pieces.len());
    let (mut run, mut run_has_text) = (Vec::new(), false);
    let close = |run: &mut Vec<Piece>, run_has_text: &mut bool, settled: &mut Vec<Piece>| {
        let pieces = std::mem::take(run);
        if std::mem::take(run_has_text) {
            settled.push(Piece::Block(BlockKind::Paragraph, one_line(&flatten(pieces))));
            return;
        }
        let fields: Vec<(String, String)> = pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Inline { name, text } if !text.is_empty() => Some((name, text)),
                _ => None,
            })
            .collect();
        if !fields.is_empty() {
            settled.push(Piece::Record(fields));
        }
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                run_has_text |= !text.trim().is_empty();
                run.push(Piece::Text(text));
            }
            Piece::Inline { .. } => run.push(piece),
            block => {
                close(&mut run, &mut run_has_text, &mut settled);
                settled.push(block);
            }
        }
    }
    close(&mut run, &mut run_has_text, &mut settled);
    settled
}

/// All text of pieces, in their order.
pub(super) fn flatten(pieces: Vec<Piece>) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(more) => text.push_str(&more),
            Piece::Inline { name, text: more } => {
                // Values that stand against each other are not one word.
                if !names::is_inline(&name) && text.ends_with(|letter: char| !letter.is_whitespace()) {
                    text.push(' ');
                }
                text.push_str(&more);
            }
            Piece::Block(_, more) => push_apart(&mut text, &more),
            Piece::Record(fields) => {
                for (_, value) in fields {
                    if text.ends_with(|letter: char| letter.is_alphanumeric()) {
                        text.push(' ');
                    }
                    text.push_str(&value);
                }
            }
            Piece::Row { cells, .. } => push_apart(&mut text, &crate::writer::join_cells(&cells)),
            Piece::TableEnd => {}
        }
    }
    text
}

fn push_apart(text: &mut String, more: &str) {
    if !text.is_empty() && !text.ends_with(char::is_whitespace) {
        text.push('\n');
    }
    text.push_str(more);
    text.push('\n');
}

pub(super) fn row(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut header = true;
    let mut cells = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Inline { name, text } => {
                header &= name == "th";
                cells.push(text);
            }
            Piece::Text(_) | Piece::TableEnd => {}
            Piece::Record(fields) => {
                header = false;
                cells.extend(fields.into_iter().map(|(_, value)| value));
            }
            other => {
                header = false;
                cells.push(one_line(&flatten(vec![other])));
            }
        }
    }
    vec![Piece::Row { header: header && cells.len() > 1, cells }]
}

/// The first block of an item gets the mark; items inside it have theirs already.
pub(super) fn item(pieces: Vec<Piece>, depth: usize) -> Vec<Piece> {
    let indent = "  ".repeat(depth.saturating_sub(1).min(8));
    let mut marked = false;
    let mut mark = |text: String| {
        if std::mem::replace(&mut marked, true) { text } else { format!("{indent}- {text}") }
    };
    settle(pieces)
        .into_iter()
        .map(|piece| match piece {
            Piece::Block(BlockKind::Paragraph, text) => Piece::Block(BlockKind::ListItem, mark(text)),
            Piece::Record(fields) => {
                let text = fields.into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(" ");
                Piece::Block(BlockKind::ListItem, mark(text))
            }
            other => other,
        })
        .collect()
}

/// Pages inside data, without their tags.
pub(super) fn without_tags(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                clean.push(' ');
            }
            _ if !inside => clean.push(letter),
            _ => {}
        }
    }
    clean
}

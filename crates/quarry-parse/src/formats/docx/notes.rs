//! Foot- and endnotes, and the text of what must fit into one line.

use std::collections::BTreeMap;

use super::{
    body::{Body, Item},
    numbering::Numbering,
    styles::Styles,
};
use crate::{Limits, ParseError, writer::one_line};

/// The notes of a part by kind and id, each as one line.
pub(super) fn read(
    part: &str,
    kind: &str,
    limits: &Limits,
) -> Result<BTreeMap<(String, String), String>, ParseError> {
    let mut notes = BTreeMap::new();
    let mut rest = part;
    // Each note is read as a small body. The element has no siblings of its name inside itself.
    let (open, close) = (format!("<w:{kind} "), format!("</w:{kind}>"));
    while let Some((_, after)) = rest.split_once(&open) {
        let Some((note, tail)) = after.split_once(&close) else { break };
        rest = tail;
        let Some((head, content)) = note.split_once('>') else { continue };
        let id =
            head.split_once("w:id=\"").and_then(|(_, id)| id.split_once('"')).map(|(id, _)| id.to_owned());
        let items = Body::new(Styles::default(), Numbering::default(), limits).read(content)?;
        let text = one_line(&flatten(items));
        if let (Some(id), false) = (id, text.is_empty()) {
            notes.insert((kind.to_owned(), id), text);
        }
    }
    Ok(notes)
}

/// The text of a cell or note: one piece after the other, rows of an inner table cell by cell.
pub(super) fn flatten(items: Vec<Item>) -> String {
    let mut parts = Vec::new();
    for item in items {
        match item {
            Item::Paragraph { text, .. } if !text.trim().is_empty() => parts.push(text),
            Item::Table(rows) => {
                parts.extend(
                    rows.iter().map(|cells| crate::writer::join_cells(cells)).map(|row| format!("{row};")),
                );
            }
            _ => {}
        }
    }
    parts.join("\n")
}

//! Where pieces of an OpenDocument are collected: the body, a cell, a frame, a note.

use crate::{BlockKind, writer::one_line};

/// What a document is made of, in order.
pub(super) enum Item {
    Block {
        kind: BlockKind,
        text: String,
        is_title: bool,
    },
    Table {
        rows: Vec<Vec<String>>,
        headers: usize,
    },
    /// A slide begins.
    Page(usize),
    /// The path of an embedded object.
    Object(String),
}

impl Item {
    pub fn paragraph(text: String) -> Self {
        Self::Block { kind: BlockKind::Paragraph, text, is_title: false }
    }
}

/// What a sink collects for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Body,
    /// A cell that stands this many times in its row.
    Cell(usize),
    Frame {
        is_title: bool,
    },
    /// A foot- or endnote with its mark.
    Note(String),
    Comment,
    /// The speaker notes of a slide.
    SpeakerNotes,
}

/// A place that collects items, with the element that opened it.
pub(super) struct Sink {
    pub kind: Kind,
    pub element: String,
    pub items: Vec<Item>,
    /// Lists that were open outside.
    pub lists: Vec<super::body::List>,
}

impl Sink {
    pub fn new(kind: Kind, element: &str) -> Self {
        Self { kind, element: element.to_owned(), items: Vec::new(), lists: Vec::new() }
    }

    /// All it holds, in lines; rows of a table within it cell by cell.
    pub fn flatten(self) -> String {
        let mut lines = Vec::new();
        for item in self.items {
            match item {
                Item::Block { text, .. } if !text.trim().is_empty() => lines.push(text),
                Item::Table { rows, .. } => {
                    lines.extend(rows.iter().map(|cells| format!("{};", crate::writer::join_cells(cells))));
                }
                _ => {}
            }
        }
        lines.join("\n")
    }

    /// What it leaves behind in the place around it.
    pub fn into_items(self) -> Vec<Item> {
        match self.kind.clone() {
            Kind::Frame { is_title: true } => {
                let text = one_line(&self.flatten());
                vec![Item::Block { kind: BlockKind::Heading(1), text, is_title: false }]
            }
            Kind::Note(mark) => vec![Item::paragraph(format!("[{mark}] {}", one_line(&self.flatten())))],
            Kind::Comment => vec![Item::paragraph(format!("[Comment] {}", one_line(&self.flatten())))],
            Kind::SpeakerNotes => {
                let text = self.flatten();
                if text.trim().is_empty() {
                    Vec::new()
                } else {
                    vec![Item::paragraph(format!("Speaker notes: {text}"))]
                }
            }
            Kind::Body | Kind::Cell(_) | Kind::Frame { .. } => self.items,
        }
    }
}

//! The body of a document: paragraphs, tables, text boxes, and the places where notes are referred to.

use quick_xml::events::{BytesStart, Event};

use super::{
    LABEL,
    notes::flatten,
    numbering::{Mark, Numbering},
    styles::Styles,
};
use crate::{
    BlockKind, Limits, ParseError,
    formats::markup::{attribute, reader, reference},
    writer::one_line,
};

/// What the body is made of, in order.
pub(super) enum Item {
    Paragraph {
        kind: BlockKind,
        text: String,
        is_title: bool,
    },
    Table(Vec<Vec<String>>),
    /// A note (kind and id) that the paragraph before refers to.
    Note((String, String)),
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    list: Option<String>,
    level: Option<usize>,
    outline: Option<u8>,
    notes: Vec<(String, String)>,
    /// Text boxes anchored here; they follow the paragraph.
    boxes: Vec<Item>,
    /// Whether the properties of this paragraph are being read, and the text being collected is hidden.
    in_properties: bool,
    hidden: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    cell: Vec<Item>,
}

/// Reads the body of a part.
pub(super) struct Body<'a> {
    styles: Styles,
    numbering: Numbering,
    limits: &'a Limits,
    items: Vec<Item>,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    /// How many tables and paragraphs were open when each open text box began.
    boxes: Vec<(usize, Vec<Table>)>,
    in_text: bool,
    chars: usize,
}

impl<'a> Body<'a> {
    pub fn new(styles: Styles, numbering: Numbering, limits: &'a Limits) -> Self {
        Self {
            styles,
            numbering,
            limits,
            items: Vec::new(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            boxes: Vec::new(),
            in_text: false,
            chars: 0,
        }
    }

    pub fn read(mut self, text: &str) -> Result<Vec<Item>, ParseError> {
        let mut reader = reader(text);
        let mut skipping = 0_usize;
        loop {
            let event = match reader.read_event() {
                Ok(event) => event,
                // What was read before the damage is better than nothing.
                Err(_) if !self.items.is_empty() => break,
                Err(error) => return Err(ParseError::damaged(LABEL, error)),
            };
            match event {
                Event::Eof => break,
                Event::Start(_) if skipping > 0 => skipping += 1,
                Event::End(_) if skipping > 0 => skipping -= 1,
                _ if skipping > 0 => {}
                Event::Start(element) if is_left_out(&element) => skipping = 1,
                Event::Start(element) => self.start(&element)?,
                Event::End(element) => self.end(element.local_name().as_ref()),
                Event::Text(text) if self.in_text => self.text(&text.xml10_content())?,
                Event::CData(text) if self.in_text => self.text(&text.xml10_content())?,
                Event::GeneralRef(entity) if self.in_text => {
                    let letter = reference(&entity).map(String::from).unwrap_or_default();
                    self.text(&letter)?;
                }
                _ => {}
            }
        }
        while !self.paragraphs.is_empty() {
            self.end_paragraph();
        }
        while !self.tables.is_empty() {
            self.end("tr");
            self.end("tbl");
        }
        Ok(self.items)
    }

    fn text(&mut self, text: &str) -> Result<(), ParseError> {
        self.chars += text.len();
        if self.chars > self.limits.text_chars.saturating_mul(4) {
            return Err(ParseError::over("characters of text", self.limits.text_chars));
        }
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|paragraph| !paragraph.hidden) {
            paragraph.text.push_str(text);
        }
        Ok(())
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), ParseError> {
        let name = element.local_name();
        match name.as_ref() {
            "p" => self.paragraphs.push(Paragraph::default()),
            "tbl" => self.tables.push(Table::default()),
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.rows.push(Vec::new());
                }
            }
            "txbxContent" => self.boxes.push((self.paragraphs.len(), std::mem::take(&mut self.tables))),
            name => self.inside_paragraph(name, element),
        }
        if self.paragraphs.len() + self.tables.len() + self.boxes.len() > self.limits.nesting {
            return Err(ParseError::over("levels of nesting", self.limits.nesting));
        }
        Ok(())
    }

    fn inside_paragraph(&mut self, name: &str, element: &BytesStart<'_>) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let value = || attribute(element, "val");
        match name {
            "t" => self.in_text = true,
            "pPr" => paragraph.in_properties = true,
            "pStyle" => paragraph.style = value(),
            "numId" => paragraph.list = value(),
            "ilvl" => paragraph.level = value().and_then(|level| level.parse().ok()),
            "outlineLvl" => paragraph.outline = value().and_then(|level| level.parse().ok()),
            "vanish" if !paragraph.in_properties => {
                paragraph.hidden = !matches!(value().as_deref(), Some("0" | "false" | "off"));
            }
            "tab" | "ptab" if !paragraph.in_properties && !paragraph.hidden => paragraph.text.push('\t'),
            "br" | "cr" if !paragraph.hidden => paragraph.text.push('\n'),
            "noBreakHyphen" => paragraph.text.push('-'),
            "commentReference" => {
                let id = attribute(element, "id").unwrap_or_default();
                paragraph.notes.push(("comment".to_owned(), id));
            }
            "footnoteReference" | "endnoteReference" => {
                let id = attribute(element, "id").unwrap_or_default();
                paragraph.text.push_str(&format!(" [{id}]"));
                paragraph.notes.push((name.trim_end_matches("Reference").to_owned(), id));
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "r" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.hidden = false;
                }
            }
            "pPr" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.in_properties = false;
                }
            }
            "p" => self.end_paragraph(),
            "tc" => {
                if let Some(table) = self.tables.last_mut() {
                    let cell = flatten(std::mem::take(&mut table.cell));
                    match table.rows.last_mut() {
                        Some(row) => row.push(cell),
                        None => table.rows.push(vec![cell]),
                    }
                }
            }
            "tbl" => self.end_table(),
            "txbxContent" => {
                if let Some((open, tables)) = self.boxes.pop() {
                    while self.paragraphs.len() > open {
                        self.end_paragraph();
                    }
                    self.tables = tables;
                }
            }
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let Some(mut paragraph) = self.paragraphs.pop() else { return };
        let boxes = std::mem::take(&mut paragraph.boxes);
        let notes = std::mem::take(&mut paragraph.notes);
        let in_cell = !self.tables.is_empty();
        let item = self.finish(paragraph);
        self.add(item);
        if in_cell {
            boxes.into_iter().for_each(|item| self.add(item));
            // Notes of a cell would break the row; they follow the table.
            self.items.extend(notes.into_iter().map(Item::Note));
        } else {
            notes.into_iter().for_each(|note| self.add(Item::Note(note)));
            boxes.into_iter().for_each(|item| self.add(item));
        }
    }

    fn finish(&mut self, paragraph: Paragraph) -> Item {
        let style = paragraph.style.as_deref().unwrap_or_default();
        let is_title = self.styles.is_title(style);
        let outline = paragraph.outline.filter(|level| *level < 9).map(|level| level + 1);
        let heading = if is_title { Some(1) } else { outline.or_else(|| self.styles.heading(style)) };
        let blank = paragraph.text.trim().is_empty();
        let list = match &paragraph.list {
            Some(list) => Some((list.clone(), paragraph.level)),
            None => self.styles.list(style).map(|(list, level)| (list, paragraph.level.or(level))),
        };
        // Empty paragraphs show no number, though Word counts those that have one.
        let mark = list.filter(|(list, _)| list != "0" && !blank).and_then(|(list, level)| {
            let level = level.or_else(|| self.numbering.level_of_style(&list, style)).unwrap_or(0);
            self.numbering.next(&list, level)
        });
        let text = paragraph.text.trim();
        match (heading, mark) {
            (Some(level), Some(Mark::Number(_, number))) => Item::Paragraph {
                kind: BlockKind::Heading(level),
                text: format!("{number} {}", one_line(text)),
                is_title,
            },
            (Some(level), _) => {
                Item::Paragraph { kind: BlockKind::Heading(level), text: one_line(text), is_title }
            }
            (None, Some(mark)) => {
                let (level, mark) = match mark {
                    Mark::Bullet(level) => (level, "-".to_owned()),
                    Mark::Number(level, number) => (level, number),
                };
                let text = format!("{}{mark} {text}", "  ".repeat(level));
                Item::Paragraph { kind: BlockKind::ListItem, text, is_title }
            }
            (None, None) => Item::Paragraph { kind: BlockKind::Paragraph, text: text.to_owned(), is_title },
        }
    }

    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        let mut rows = table.rows;
        rows.retain(|cells| cells.iter().any(|cell| !cell.trim().is_empty()));
        // A single cell is a frame around text, not a table.
        if let [row] = rows.as_slice()
            && let [cell] = row.as_slice()
        {
            let text = cell.clone();
            self.add(Item::Paragraph { kind: BlockKind::Paragraph, text, is_title: false });
        } else {
            self.add(Item::Table(rows));
        }
    }

    /// Adds to the innermost of: the open cell, the paragraph that a text box is anchored to, the body.
    fn add(&mut self, item: Item) {
        if let Some(table) = self.tables.last_mut() {
            table.cell.push(item);
        } else if let (Some(_), Some(anchor)) = (self.boxes.last(), self.paragraphs.last_mut()) {
            anchor.boxes.push(item);
        } else {
            self.items.push(item);
        }
    }
}

/// Elements whose content is not part of the text: what was deleted or moved away under change tracking, the old
/// properties that change tracking keeps, the second copy of a text box for old readers, field codes.
fn is_left_out(element: &BytesStart<'_>) -> bool {
    matches!(
        element.local_name().as_ref(),
        "del"
            | "moveFrom"
            | "Fallback"
            | "rPrChange"
            | "pPrChange"
            | "tblPrChange"
            | "sectPrChange"
            | "instrText"
            | "delText"
            | "delInstrText"
            | "sectPr"
            | "tblPr"
            | "tblGrid"
            | "trPr"
            | "tcPr"
    )
}

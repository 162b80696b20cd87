//! The blocks of an RTF document: rows that become tables, notes behind the paragraphs that have them.

use std::collections::BTreeMap;

use crate::{
    BlockKind, Limits, ParseError, Parsed,
    formats::table::is_header,
    writer::{Writer, one_line},
};

/// A paragraph that is complete.
pub(super) struct Paragraph<'a> {
    pub text: &'a str,
    /// The number or bullet before it.
    pub mark: &'a str,
    /// Its level when it is a heading.
    pub level: Option<u8>,
    pub is_title: bool,
}

/// Writes paragraphs, rows and notes.
pub(super) struct Blocks<'a> {
    writer: Writer<'a>,
    notes: Vec<String>,
    /// How many notes were written already.
    notes_before: usize,
    furniture: Vec<String>,
    cells: Vec<String>,
    table: Option<u32>,
    /// The first row, held back until it is known whether another follows.
    first_row: Option<Vec<String>>,
    title: Option<String>,
}

impl<'a> Blocks<'a> {
    pub fn new(limits: &'a Limits) -> Self {
        Self {
            writer: Writer::new(limits),
            notes: Vec::new(),
            notes_before: 0,
            furniture: Vec::new(),
            cells: Vec::new(),
            table: None,
            first_row: None,
            title: None,
        }
    }

    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// The number of the next note.
    pub fn next_note(&self) -> usize {
        self.notes_before + self.notes.len() + 1
    }

    /// The head or foot of pages, kept once.
    pub fn furniture(&mut self, text: String) {
        const MOST: usize = 100;
        if self.furniture.len() < MOST && !self.furniture.contains(&text) {
            self.furniture.push(text);
        }
    }

    /// Whether a row has begun.
    pub fn in_row(&self) -> bool {
        !self.cells.is_empty()
    }

    pub fn cell(&mut self, text: &str, mark: &str) {
        // Cells of a table inside the cell end with a separator.
        let text = format!("{} {}", mark.trim(), text.trim().trim_end_matches([' ', ';', '|']));
        self.cells.push(text.trim().to_owned());
    }

    pub fn row(&mut self) -> Result<(), ParseError> {
        let cells = std::mem::take(&mut self.cells);
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        match (self.table, self.first_row.take()) {
            (None, _) => {
                self.table = Some(self.writer.next_table());
                self.first_row = Some(cells);
                Ok(())
            }
            (Some(table), Some(first)) => {
                self.writer.row(table, is_header(&first), &first)?;
                self.writer.row(table, false, &cells)
            }
            (Some(table), None) => self.writer.row(table, false, &cells),
        }
    }

    /// Ends the table before it and writes a paragraph.
    pub fn paragraph(&mut self, paragraph: &Paragraph<'_>) -> Result<(), ParseError> {
        self.end_table()?;
        let text = paragraph.text.trim();
        if text.is_empty() {
            return self.write_notes();
        }
        if paragraph.is_title && self.title.is_none() {
            self.title = Some(one_line(text));
        }
        let mark = one_line(paragraph.mark);
        let is_bullet = !mark.is_empty() && !mark.chars().any(char::is_alphanumeric);
        let mark = if is_bullet { "-" } else { mark.as_str() };
        match paragraph.level {
            Some(level) => {
                let heading = format!("{mark} {}", one_line(text));
                self.writer.push(BlockKind::Heading(level), heading.trim())?;
            }
            None if !mark.is_empty() => {
                self.writer.push(BlockKind::ListItem, &format!("{mark} {text}"))?;
            }
            None => self.writer.push(BlockKind::Paragraph, text)?,
        }
        self.write_notes()
    }

    fn end_table(&mut self) -> Result<(), ParseError> {
        if self.table.is_none() && self.cells.is_empty() {
            return Ok(());
        }
        let (table, first) = (self.table.take(), self.first_row.take());
        if let (Some(table), Some(cells)) = (table, first) {
            self.writer.row(table, false, &cells)?;
        }
        // Cells without the end of their row.
        let cells = std::mem::take(&mut self.cells);
        cells.iter().try_for_each(|cell| self.writer.push(BlockKind::Paragraph, cell))?;
        self.write_notes()
    }

    fn write_notes(&mut self) -> Result<(), ParseError> {
        // Numbers go on through the document.
        let first = self.notes_before;
        let notes = std::mem::take(&mut self.notes);
        self.notes_before += notes.len();
        (first + 1..).zip(notes).filter(|(_, text)| !text.is_empty()).try_for_each(|(number, text)| {
            self.writer.push(BlockKind::Paragraph, &format!("[{number}] {text}"))
        })
    }

    /// The document, with the properties that it states.
    pub fn finish(mut self, properties: BTreeMap<&'static str, String>) -> Result<Parsed, ParseError> {
        for text in std::mem::take(&mut self.furniture) {
            if text.chars().any(char::is_alphabetic) {
                self.writer.push(BlockKind::Paragraph, &text)?;
            }
        }
        let mut parsed = self.writer.finish();
        for (name, text) in properties {
            let text = one_line(&text);
            match name {
                _ if text.is_empty() => {}
                "title" => self.title = self.title.or(Some(text)),
                _ => _ = parsed.metadata.insert(name.to_owned(), text),
            }
        }
        parsed.title = self.title.or(parsed.title);
        Ok(parsed)
    }
}

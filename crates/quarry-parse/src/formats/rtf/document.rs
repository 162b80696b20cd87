//! The text of an RTF document: paragraphs, list items, table rows, notes.

use std::collections::BTreeMap;

use super::{
    group::{Destination, Group},
    header::{Fonts, Styles},
    tokens::{Token, Tokens},
};
use crate::{
    BlockKind, ParseError, Parsed, codepage,
    formats::{Input, table::is_header},
    writer::{Writer, one_line},
};

/// Reads a document token by token.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut reader = Reader::new(input);
    for token in Tokens::new(input.bytes) {
        reader.token(token)?;
    }
    reader.finish()
}

/// A paragraph as it grows.
#[derive(Default)]
struct Paragraph {
    text: String,
    mark: String,
    style: i32,
    outline: Option<u8>,
    in_table: bool,
}

struct Reader<'a> {
    writer: Writer<'a>,
    deepest: usize,
    groups: Vec<Group>,
    fonts: Fonts,
    styles: Styles,
    paragraph: Paragraph,
    /// The paragraphs that groups such as footnotes interrupt, with the depth of the group.
    interrupted: Vec<(usize, Paragraph)>,
    notes: Vec<String>,
    /// How many notes were written already.
    notes_before: usize,
    furniture: Vec<String>,
    /// Bytes of text that wait for the end of their run, since letters may need several.
    pending: Vec<u8>,
    /// Bytes to leave out after a Unicode letter.
    skip: usize,
    high_surrogate: Option<u16>,
    properties: BTreeMap<&'static str, String>,
    cells: Vec<String>,
    table: Option<u32>,
    /// Rows of the table so far; the first is held back until it is known whether another follows.
    first_row: Option<Vec<String>>,
    title: Option<String>,
}

impl<'a> Reader<'a> {
    fn new(input: &Input<'a>) -> Self {
        Self {
            writer: Writer::new(input.limits),
            deepest: input.limits.nesting.saturating_mul(4),
            groups: vec![Group::outermost()],
            fonts: Fonts::default(),
            styles: Styles::default(),
            paragraph: Paragraph::default(),
            interrupted: Vec::new(),
            notes: Vec::new(),
            notes_before: 0,
            furniture: Vec::new(),
            pending: Vec::new(),
            skip: 0,
            high_surrogate: None,
            properties: BTreeMap::new(),
            cells: Vec::new(),
            table: None,
            first_row: None,
            title: None,
        }
    }

    fn group(&self) -> Group {
        self.groups.last().copied().unwrap_or_else(Group::outermost)
    }

    fn change(&mut self, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.groups.last_mut() {
            change(group);
        }
    }

    fn token(&mut self, token: Token<'_>) -> Result<(), ParseError> {
        match token {
            Token::Open => {
                self.flush_bytes();
                self.skip = 0;
                if self.groups.len() >= self.deepest {
                    return Err(ParseError::over("levels of nesting", self.deepest));
                }
                let inner = self.group().inner();
                self.groups.push(inner);
            }
            Token::Close => {
                self.flush_bytes();
                self.skip = 0;
                self.close()?;
            }
            Token::Symbol(b'*') if self.group().fresh => self.change(|group| group.starred = true),
            Token::Symbol(symbol) => {
                self.change(|group| group.fresh = false);
                self.symbol(symbol);
            }
            Token::Word(word, number) => self.word(word, number)?,
            Token::Byte(byte) => self.bytes(&[byte]),
            Token::Text(text) => self.bytes(text),
        }
        Ok(())
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'~' => self.text("\u{a0}"),
            b'_' => self.text("\u{2011}"),
            // An optional hyphen, an index sign.
            _ => {}
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.change(|group| group.fresh = false);
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let bytes = bytes.get(skipped..).unwrap_or_default();
        if bytes.is_empty() {
            return;
        }
        let group = self.group();
        match group.destination {
            Destination::Skipped | Destination::Fonts | Destination::Info => {}
            Destination::Styles => self.styles.text(bytes),
            _ if group.hidden || group.deleted => {}
            _ => self.pending.extend(bytes),
        }
    }

    fn flush_bytes(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        let text = codepage::decode(&bytes, self.fonts.page_for(self.group().font, &bytes));
        self.text(&text);
    }

    /// Text that is decoded.
    fn text(&mut self, text: &str) {
        self.flush_bytes();
        let group = self.group();
        if group.hidden || group.deleted {
            return;
        }
        match group.destination {
            Destination::Skipped | Destination::Fonts | Destination::Styles | Destination::Info => {}
            Destination::Mark => self.paragraph.mark.push_str(text),
            Destination::Property(name) => self.properties.entry(name).or_default().push_str(text),
            Destination::Body | Destination::Footnote | Destination::Furniture => {
                self.paragraph.text.push_str(text);
            }
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>) -> Result<(), ParseError> {
        self.flush_bytes();
        let group = self.group();
        if group.destination == Destination::Skipped {
            return Ok(());
        }
        if group.fresh || group.starred {
            self.enter(word, group);
        }
        self.change(|group| (group.fresh, group.starred) = (false, false));
        match self.group().destination {
            Destination::Skipped => {}
            Destination::Fonts => self.fonts.word(word, number),
            Destination::Styles => self.styles.word(word, number),
            Destination::Property(name @ ("created" | "modified")) => self.date(name, word, number),
            _ => self.format(word, number)?,
        }
        Ok(())
    }

    /// The first word of a group says what the group is.
    fn enter(&mut self, word: &str, group: Group) {
        let in_info = matches!(group.destination, Destination::Info);
        let destination = match Group::destination_of(word) {
            // Properties stand in their own part only; elsewhere these words mean nothing.
            Some(Destination::Property(_)) if !in_info => None,
            Some(Destination::Furniture | Destination::Footnote | Destination::Mark)
                if group.destination != Destination::Body =>
            {
                None
            }
            None if group.starred && !Group::is_read_though_starred(word) => Some(Destination::Skipped),
            other => other,
        };
        let Some(destination) = destination else { return };
        if matches!(destination, Destination::Footnote | Destination::Furniture) {
            let depth = self.groups.len();
            self.interrupted.push((depth, std::mem::take(&mut self.paragraph)));
        }
        self.change(|group| group.destination = destination);
    }

    fn close(&mut self) -> Result<(), ParseError> {
        let depth = self.groups.len();
        let group = self.group();
        if depth > 1 {
            self.groups.pop();
        }
        if group.destination == Destination::Styles {
            self.styles.end();
        }
        if self.interrupted.last().is_some_and(|(opened, _)| *opened == depth) {
            let text = one_line(&std::mem::take(&mut self.paragraph).text);
            if let Some((_, paragraph)) = self.interrupted.pop() {
                self.paragraph = paragraph;
            }
            const MOST: usize = 100;
            if group.destination == Destination::Footnote {
                self.notes.push(text);
            } else if !self.furniture.contains(&text) && self.furniture.len() < MOST {
                self.furniture.push(text);
            }
        }
        if depth == 1 {
            self.end_paragraph()?;
        }
        Ok(())
    }

    fn date(&mut self, name: &'static str, word: &str, number: Option<i32>) {
        let separator = match word {
            "yr" => "",
            "mo" | "dy" => "-",
            _ => return,
        };
        let number = number.unwrap_or_default();
        self.properties.entry(name).or_default().push_str(&format!("{separator}{number:02}"));
    }

    fn format(&mut self, word: &str, number: Option<i32>) -> Result<(), ParseError> {
        let is_on = number != Some(0);
        match word {
            "ansicpg" => self.fonts.default_page = number.and_then(|page| u32::try_from(page).ok()).unwrap_or(0),
            "mac" => self.fonts.default_page = 10000,
            "pc" => self.fonts.default_page = 437,
            "pca" => self.fonts.default_page = 850,
            "deff" => self.fonts.default_font = number,
            "f" => self.change(|group| group.font = number),
            "uc" => {
                let count = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
                self.change(|group| group.fallback = count.min(16));
            }
            "u" => self.unicode(number.unwrap_or_default()),
            "v" => self.change(|group| group.hidden = is_on),
            "deleted" => self.change(|group| group.deleted = is_on),
            "plain" => self.change(|group| (group.hidden, group.deleted, group.font) = (false, false, None)),
            "par" | "sect" | "page" => return self.break_paragraph(),
            "line" | "lbr" | "softline" => self.text("\n"),
            "tab" => self.text("\t"),
            "emdash" => self.text("—"),
            "endash" => self.text("–"),
            "lquote" => self.text("‘"),
            "rquote" => self.text("’"),
            "ldblquote" => self.text("“"),
            "rdblquote" => self.text("”"),
            "bullet" => self.text("•"),
            "emspace" | "enspace" | "qmspace" => self.text(" "),
            "pard" => {
                (self.paragraph.style, self.paragraph.outline, self.paragraph.in_table) = (0, None, false);
            }
            "s" => self.paragraph.style = number.unwrap_or_default(),
            "outlinelevel" => {
                self.paragraph.outline = number.and_then(|level| u8::try_from(level).ok()).filter(|level| *level < 9);
            }
            "intbl" => self.paragraph.in_table = true,
            "chftn" => {
                if self.group().destination == Destination::Body {
                    let mark = format!(" [{}]", self.notes_before + self.notes.len() + 1);
                    self.text(&mark);
                }
            }
            "cell" => self.end_cell(),
            "nestcell" => self.text(" | "),
            "nestrow" => self.text("; "),
            "row" => return self.end_row(),
            _ => {}
        }
        Ok(())
    }

    fn unicode(&mut self, number: i32) {
        self.skip = self.group().fallback;
        // Letters above the middle are written as negative numbers.
        let unit = u16::try_from(number.rem_euclid(0x1_0000)).unwrap_or_default();
        match (self.high_surrogate.take(), unit) {
            (_, 0xd800..=0xdbff) => self.high_surrogate = Some(unit),
            (Some(high), 0xdc00..=0xdfff) => {
                self.text(&String::from_utf16_lossy(&[high, unit]));
            }
            (None, 0xdc00..=0xdfff) => {}
            // Bytes of symbol fonts are kept in the private area.
            (_, 0xf020..=0xf0ff) => {}
            _ => self.text(&String::from_utf16_lossy(&[unit])),
        }
    }

    fn break_paragraph(&mut self) -> Result<(), ParseError> {
        match self.group().destination {
            Destination::Body if self.paragraph.in_table || !self.cells.is_empty() => {
                self.paragraph.text.push('\n');
                Ok(())
            }
            Destination::Body => self.end_paragraph(),
            _ => {
                self.text("\n");
                Ok(())
            }
        }
    }

    fn end_cell(&mut self) {
        let text = std::mem::take(&mut self.paragraph.text);
        let mark = std::mem::take(&mut self.paragraph.mark);
        // Nested cells end with a separator.
        let text = format!("{} {}", mark.trim(), text.trim().trim_end_matches([' ', ';', '|']));
        self.cells.push(text.trim().to_owned());
    }

    fn end_row(&mut self) -> Result<(), ParseError> {
        if !self.paragraph.text.trim().is_empty() {
            self.end_cell();
        }
        let cells = std::mem::take(&mut self.cells);
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        match (self.table, self.first_row.take()) {
            (None, None) => {
                self.table = Some(self.writer.next_table());
                self.first_row = Some(cells);
                Ok(())
            }
            (Some(table), Some(first)) => {
                self.writer.row(table, is_header(&first), &first)?;
                self.writer.row(table, false, &cells)
            }
            (table, _) => self.writer.row(table.unwrap_or_default(), false, &cells),
        }
    }

    fn end_table(&mut self) -> Result<(), ParseError> {
        let (table, first) = (self.table.take(), self.first_row.take());
        if let (Some(table), Some(cells)) = (table, first) {
            self.writer.row(table, false, &cells)?;
        }
        if self.cells.is_empty() {
            self.write_notes()?;
        }
        Ok(())
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

    fn end_paragraph(&mut self) -> Result<(), ParseError> {
        self.flush_bytes();
        let cells = std::mem::take(&mut self.cells);
        self.end_table()?;
        cells.iter().try_for_each(|cell| self.writer.push(BlockKind::Paragraph, cell))?;
        let text = std::mem::take(&mut self.paragraph.text);
        let mark = one_line(&std::mem::take(&mut self.paragraph.mark));
        if text.trim().is_empty() {
            return self.write_notes();
        }
        let style = self.paragraph.style;
        let is_title = self.styles.title == Some(style);
        let outline = self.paragraph.outline.map(|level| level + 1);
        let level = if is_title { Some(1) } else { outline.or_else(|| self.styles.level(style)) };
        if is_title && self.title.is_none() {
            self.title = Some(one_line(&text));
        }
        let mark = if mark.is_empty() || mark.chars().any(char::is_alphanumeric) { mark } else { "-".to_owned() };
        match level {
            Some(level) => {
                let heading = format!("{mark} {}", one_line(&text));
                self.writer.push(BlockKind::Heading(level), heading.trim())?;
            }
            None if !mark.is_empty() => {
                self.writer.push(BlockKind::ListItem, &format!("{mark} {}", text.trim()))?;
            }
            None => self.writer.push(BlockKind::Paragraph, &text)?,
        }
        self.write_notes()
    }

    fn finish(mut self) -> Result<Parsed, ParseError> {
        self.end_paragraph()?;
        for text in std::mem::take(&mut self.furniture) {
            if text.chars().any(char::is_alphabetic) {
                self.writer.push(BlockKind::Paragraph, &text)?;
            }
        }
        let mut parsed = self.writer.finish();
        for (name, text) in self.properties {
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

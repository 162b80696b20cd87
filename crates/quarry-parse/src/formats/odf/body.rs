//! The body of an OpenDocument: paragraphs, lists, tables, frames, notes, slides.

use quick_xml::events::{BytesStart, Event};

use super::{
    elements::{is_left_out, is_shape},
    sink::{Item, Kind, Sink},
    styles::{Meaning, Styles},
};
use crate::{
    BlockKind, Limits, ParseError,
    formats::markup::{attribute, reader, reference},
    writer::one_line,
};

/// Attributes that repeat a thing can say any number; real ones repeat empty cells to the edge of the sheet.
const MOST_REPEATS: usize = 64;
const MOST_SPACES: usize = 100;

/// A list that is open.
#[derive(Default)]
pub(super) struct List {
    style: String,
    count: u32,
    /// Whether the next paragraph is the first of an item.
    fresh: bool,
}

struct Paragraph {
    text: String,
    meaning: Meaning,
    /// Notes and frames anchored here; they follow the paragraph.
    after: Vec<Item>,
    /// How many sinks were open: text within a deeper one is not part of the paragraph.
    sinks: usize,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    row: Vec<String>,
    repeat: usize,
    headers: usize,
    in_header: bool,
}

pub(super) struct Body<'a> {
    styles: &'a Styles,
    limits: &'a Limits,
    label: &'static str,
    sinks: Vec<Sink>,
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    lists: Vec<List>,
    headings: Vec<u32>,
    citation: Option<String>,
    pub items: Vec<Item>,
    pub pages: usize,
    rows: usize,
    chars: usize,
}

impl<'a> Body<'a> {
    pub fn new(styles: &'a Styles, limits: &'a Limits, label: &'static str) -> Self {
        Self {
            styles,
            limits,
            label,
            sinks: vec![Sink::new(Kind::Body, "")],
            paragraphs: Vec::new(),
            tables: Vec::new(),
            lists: Vec::new(),
            headings: Vec::new(),
            citation: None,
            items: Vec::new(),
            pages: 0,
            rows: 0,
            chars: 0,
        }
    }

    pub fn read(mut self, text: &str) -> Result<Self, ParseError> {
        let mut reader = reader(text);
        let (mut active, mut skipping) = (false, 0_usize);
        loop {
            let event = match reader.read_event() {
                Ok(event) => event,
                // What was read before the damage is better than nothing.
                Err(_) if !self.sinks.iter().all(|sink| sink.items.is_empty()) => break,
                Err(error) => return Err(ParseError::damaged(self.label, error)),
            };
            match event {
                Event::Eof => break,
                Event::Start(element) if element.local_name().as_ref() == "body" => active = true,
                Event::End(element) if element.local_name().as_ref() == "body" => active = false,
                _ if !active => {}
                Event::Start(_) if skipping > 0 => skipping += 1,
                Event::End(_) if skipping > 0 => skipping -= 1,
                _ if skipping > 0 => {}
                Event::Start(element) if is_left_out(&element) => skipping = 1,
                Event::Start(element) => self.start(&element)?,
                Event::End(element) => self.end(element.local_name().as_ref())?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(entity) => {
                    self.text(&reference(&entity).map(String::from).unwrap_or_default())?;
                }
                _ => {}
            }
        }
        self.close()?;
        Ok(self)
    }

    fn close(&mut self) -> Result<(), ParseError> {
        while !self.paragraphs.is_empty() {
            self.end_paragraph();
        }
        while self.sinks.len() > 1 {
            self.end_sink();
        }
        while !self.tables.is_empty() {
            self.end_row()?;
            self.end_table();
        }
        self.items = self.sinks.pop().map(|sink| sink.items).unwrap_or_default();
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ParseError> {
        if let Some(citation) = &mut self.citation {
            citation.push_str(text.trim());
            return Ok(());
        }
        let sinks = self.sinks.len();
        let Some(paragraph) = self.paragraphs.last_mut().filter(|paragraph| paragraph.sinks == sinks) else {
            return Ok(());
        };
        self.chars += text.len();
        if self.chars > self.limits.text_chars.saturating_mul(4) {
            return Err(ParseError::over("characters of text", self.limits.text_chars));
        }
        for letter in text.chars() {
            // White space is one space; more have an element of their own.
            if !letter.is_ascii_whitespace() {
                paragraph.text.push(letter);
            } else if !paragraph.text.is_empty() && !paragraph.text.ends_with([' ', '\n']) {
                paragraph.text.push(' ');
            }
        }
        Ok(())
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), ParseError> {
        let local = element.local_name();
        let name = local.as_ref();
        let number = |name| attribute(element, name).and_then(|text| text.parse::<usize>().ok());
        match name {
            "p" | "h" => self.start_paragraph(name, element),
            "s" => self.push(&" ".repeat(number("c").unwrap_or(1).min(MOST_SPACES))),
            "tab" => self.push("\t"),
            "line-break" => self.push("\n"),
            "note-citation" => self.citation = Some(String::new()),
            "note-body" => {
                let mark = self.citation.take().unwrap_or_default();
                self.push(&format!(" [{mark}]"));
                self.open(Kind::Note(mark), name);
            }
            "annotation" => self.open(Kind::Comment, name),
            "notes" => self.open(Kind::SpeakerNotes, name),
            "list" => self.start_list(element),
            "list-item" => self.start_item(number("start-value")),
            "table" => self.tables.push(Table::default()),
            "table-header-rows" => self.in_header(true),
            "table-row" => {
                if let Some(table) = self.tables.last_mut() {
                    table.row = Vec::new();
                    table.repeat = number("number-rows-repeated").unwrap_or(1);
                }
            }
            "table-cell" | "covered-table-cell" => {
                let repeat = number("number-columns-repeated").unwrap_or(1).clamp(1, MOST_REPEATS);
                self.open(Kind::Cell(repeat), name);
            }
            "page" => {
                self.pages += 1;
                self.add(Item::Page(self.pages));
            }
            "object" => {
                let path = attribute(element, "href").unwrap_or_default();
                if !path.is_empty() {
                    self.add(Item::Object(path));
                }
            }
            _ if is_shape(name) => {
                let is_title = attribute(element, "class").is_some_and(|class| class == "title");
                self.open(Kind::Frame { is_title }, name);
            }
            _ => {}
        }
        let depth = self.sinks.len() + self.paragraphs.len() + self.tables.len() + self.lists.len();
        if depth > self.limits.nesting {
            return Err(ParseError::over("levels of nesting", self.limits.nesting));
        }
        Ok(())
    }

    fn start_list(&mut self, element: &BytesStart<'_>) {
        let style = attribute(element, "style-name");
        let style = style.or_else(|| Some(self.lists.last()?.style.clone())).unwrap_or_default();
        let first = self.styles.first(&style, self.lists.len());
        self.lists.push(List { style, count: first.saturating_sub(1), fresh: false });
    }

    fn start_item(&mut self, number: Option<usize>) {
        let start = number.and_then(|start| u32::try_from(start).ok());
        if let Some(list) = self.lists.last_mut() {
            list.count = start.unwrap_or_else(|| list.count.saturating_add(1));
            list.fresh = true;
        }
    }

    fn start_paragraph(&mut self, name: &str, element: &BytesStart<'_>) {
        let style = attribute(element, "style-name").unwrap_or_default();
        let meaning = match (name, self.styles.meaning(&style)) {
            ("h", _) => {
                let level = attribute(element, "outline-level").and_then(|level| level.parse().ok());
                Meaning::Heading(level.unwrap_or(1_u8).clamp(1, 9))
            }
            (_, meaning) => meaning,
        };
        let sinks = self.sinks.len();
        self.paragraphs.push(Paragraph { text: String::new(), meaning, after: Vec::new(), sinks });
    }

    fn push(&mut self, text: &str) {
        let sinks = self.sinks.len();
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|paragraph| paragraph.sinks == sinks) {
            paragraph.text.push_str(text);
            self.chars += text.len();
        }
    }

    fn in_header(&mut self, inside: bool) {
        if let Some(table) = self.tables.last_mut() {
            table.in_header = inside;
        }
    }

    fn open(&mut self, kind: Kind, element: &str) {
        let mut sink = Sink::new(kind, element);
        sink.lists = std::mem::take(&mut self.lists);
        self.sinks.push(sink);
    }

    fn end(&mut self, name: &str) -> Result<(), ParseError> {
        match name {
            "p" | "h" => self.end_paragraph(),
            "list" => _ = self.lists.pop(),
            "table-header-rows" => self.in_header(false),
            "table-row" => self.end_row()?,
            "table" => self.end_table(),
            _ => {
                let opened =
                    self.sinks.len() > 1 && self.sinks.last().is_some_and(|sink| sink.element == name);
                if opened {
                    self.end_sink();
                }
            }
        }
        Ok(())
    }

    fn end_sink(&mut self) {
        let sinks = self.sinks.len();
        while self.paragraphs.last().is_some_and(|paragraph| paragraph.sinks >= sinks) {
            self.end_paragraph();
        }
        let Some(mut sink) = self.sinks.pop() else { return };
        self.lists = std::mem::take(&mut sink.lists);
        if let Kind::Cell(repeat) = sink.kind {
            let text = sink.flatten();
            if let Some(table) = self.tables.last_mut() {
                table.row.extend(std::iter::repeat_n(text, repeat));
            }
            return;
        }
        let outside = self.sinks.len();
        let items = sink.into_items();
        match self.paragraphs.last_mut().filter(|paragraph| paragraph.sinks == outside) {
            Some(anchor) => anchor.after.extend(items),
            None => items.into_iter().for_each(|item| self.add(item)),
        }
    }

    fn end_row(&mut self) -> Result<(), ParseError> {
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        let row = std::mem::take(&mut table.row);
        let length: usize = row.iter().map(String::len).sum();
        if length == 0 {
            return Ok(());
        }
        let repeat = table.repeat.clamp(1, MOST_REPEATS);
        self.rows += repeat;
        self.chars += length.saturating_mul(repeat);
        if self.rows > self.limits.table_rows {
            return Err(ParseError::over("table rows", self.limits.table_rows));
        }
        if self.chars > self.limits.text_chars.saturating_mul(4) {
            return Err(ParseError::over("characters of text", self.limits.text_chars));
        }
        table.headers += usize::from(table.in_header);
        table.rows.extend(std::iter::repeat_n(row, repeat));
        Ok(())
    }

    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        if !table.rows.is_empty() {
            self.add(Item::Table { rows: table.rows, headers: table.headers });
        }
    }

    fn end_paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.pop() else { return };
        let text = paragraph.text.trim_end();
        let in_cell = matches!(self.sinks.last(), Some(Sink { kind: Kind::Cell(_), .. }));
        let list = self.lists.last_mut().filter(|_| !in_cell);
        let (kind, text) = match (paragraph.meaning, list) {
            (Meaning::Heading(level), _) => {
                (BlockKind::Heading(level), format!("{}{}", self.heading_number(level), one_line(text)))
            }
            (Meaning::Title, _) => (BlockKind::Heading(1), one_line(text)),
            (_, Some(list)) => {
                let fresh = std::mem::take(&mut list.fresh) && !text.trim().is_empty();
                (BlockKind::ListItem, self.item(text, fresh))
            }
            (Meaning::Code, _) => (BlockKind::Code, text.to_owned()),
            (Meaning::Quote, _) => (BlockKind::Quote, text.to_owned()),
            (Meaning::Plain, _) => (BlockKind::Paragraph, text.to_owned()),
        };
        let is_title = paragraph.meaning == Meaning::Title;
        self.add(Item::Block { kind, text, is_title });
        paragraph.after.into_iter().for_each(|item| self.add(item));
    }

    fn item(&self, text: &str, fresh: bool) -> String {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1));
        let counters: Vec<u32> = self.lists.iter().map(|list| list.count).collect();
        let style = self.lists.last().map(|list| list.style.as_str()).unwrap_or_default();
        if fresh { format!("{indent}{} {text}", self.styles.mark(style, &counters)) } else { text.to_owned() }
    }

    fn heading_number(&mut self, level: u8) -> String {
        let level = usize::from(level);
        self.headings.resize(level, 0);
        if let Some(counter) = self.headings.last_mut() {
            *counter = counter.saturating_add(1);
        }
        self.styles.heading_number(&self.headings).map(|number| format!("{number} ")).unwrap_or_default()
    }

    fn add(&mut self, item: Item) {
        if let Some(sink) = self.sinks.last_mut() {
            sink.items.push(item);
        }
    }
}

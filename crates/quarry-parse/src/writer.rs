//! Builds a document's text block by block, under the limits.

use crate::{Block, BlockKind, Limits, ParseError, Parsed};

/// Collects text and blocks. Every reader but the plain-text one writes through it, so that separators and limits
/// are the same everywhere.
pub(crate) struct Writer<'a> {
    text: String,
    blocks: Vec<Block>,
    limits: &'a Limits,
    chars: usize,
    tables: u32,
    rows: usize,
    empty_rows: usize,
    full: bool,
    /// The page that blocks written now are on.
    pub page: Option<u32>,
}

impl<'a> Writer<'a> {
    pub fn new(limits: &'a Limits) -> Self {
        Self {
            text: String::new(),
            blocks: Vec::new(),
            limits,
            chars: 0,
            tables: 0,
            rows: 0,
            empty_rows: 0,
            full: false,
            page: None,
        }
    }

    /// Adds a block; blank text adds nothing.
    pub fn push(&mut self, kind: BlockKind, text: &str) -> Result<(), ParseError> {
        let text = if kind == BlockKind::Code { trim_blank_lines(text) } else { text.trim() };
        if text.trim().is_empty() {
            return Ok(());
        }
        let chars = self.chars + text.chars().count() + 2;
        if chars > self.limits.text_chars {
            self.full = true;
            return Err(ParseError::over("characters of text", self.limits.text_chars));
        }
        if matches!(kind, BlockKind::TableRow { .. }) {
            self.rows += 1;
            if self.rows > self.limits.table_rows {
                self.full = true;
                return Err(ParseError::over("table rows", self.limits.table_rows));
            }
        }
        self.chars = chars;
        if let Some(last) = self.blocks.last() {
            self.text.push_str(separator(last.kind, kind));
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.blocks.push(Block { kind, range: start..self.text.len(), page: self.page });
        Ok(())
    }

    /// The number for the rows of a new table.
    pub fn next_table(&mut self) -> u32 {
        self.tables += 1;
        self.tables
    }

    /// Adds one row. Cells are put on one line; a row of empty cells adds nothing.
    pub fn row<S: AsRef<str>>(&mut self, table: u32, header: bool, cells: &[S]) -> Result<(), ParseError> {
        if cells.iter().all(|cell| cell.as_ref().trim().is_empty()) {
            // An endless table of empty rows costs time too.
            self.empty_rows += 1;
            if self.empty_rows > self.limits.table_rows {
                return Err(ParseError::over("table rows", self.limits.table_rows));
            }
            return Ok(());
        }
        self.push(BlockKind::TableRow { table, header }, &join_cells(cells))
    }

    /// Rows at once: the first is the header when it looks like one.
    pub fn table(&mut self, rows: &[Vec<String>], has_header: bool) -> Result<(), ParseError> {
        let table = self.next_table();
        rows.iter()
            .enumerate()
            .try_for_each(|(index, cells)| self.row(table, has_header && index == 0, cells))
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether a block was refused because a limit is reached.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// How many characters and table rows still fit.
    pub fn room(&self) -> (usize, usize) {
        (self.limits.text_chars.saturating_sub(self.chars), self.limits.table_rows.saturating_sub(self.rows))
    }

    pub fn finish(self) -> Parsed {
        let title = first_heading(&self.text, &self.blocks);
        Parsed { title, text: self.text, blocks: self.blocks, ..Parsed::default() }
    }
}

/// Cells on one line. Empty cells keep their place, unless the row is so wide that they would drown the rest.
pub(crate) fn join_cells<S: AsRef<str>>(cells: &[S]) -> String {
    const WIDE: usize = 64;
    let used = cells.iter().rposition(|cell| !cell.as_ref().trim().is_empty()).map_or(0, |last| last + 1);
    let mut line = String::new();
    let mut first = true;
    for cell in cells.iter().take(used) {
        let cell = cell.as_ref();
        if used > WIDE && cell.trim().is_empty() {
            continue;
        }
        if !first {
            line.push_str(" | ");
        }
        first = false;
        push_one_line(&mut line, cell);
    }
    line
}

/// Appends text with every run of white space as one space.
pub(crate) fn push_one_line(line: &mut String, text: &str) {
    for (index, word) in text.split_whitespace().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
}

/// Text with every run of white space as one space.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    push_one_line(&mut line, text);
    line
}

fn separator(last: BlockKind, next: BlockKind) -> &'static str {
    match (last, next) {
        (BlockKind::ListItem, BlockKind::ListItem) => "\n",
        (BlockKind::TableRow { table: a, .. }, BlockKind::TableRow { table: b, .. }) if a == b => "\n",
        _ => "\n\n",
    }
}

/// Drops blank lines at both ends and keeps the indentation of the first line.
fn trim_blank_lines(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let start = text.get(..blank).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or(text)
}

fn first_heading(text: &str, blocks: &[Block]) -> Option<String> {
    // A heading far into a document names a part of it, not the whole.
    let titles = |block: &&Block| matches!(block.kind, BlockKind::Heading(1..=3));
    let opening = blocks.first().filter(|block| matches!(block.kind, BlockKind::Heading(_)));
    let heading = opening.or_else(|| blocks.iter().take(20).find(titles))?;
    text.get(heading.range.clone()).map(one_line)
}

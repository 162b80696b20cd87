//! The text of an RTF document as its tokens give it, with the state that groups nest.

use std::collections::BTreeMap;

use super::{
    blocks::{self, Blocks},
    group::{Destination, Group},
    header::{Fonts, Styles},
    tokens::{Token, Tokens},
};
use crate::{ParseError, Parsed, codepage, formats::Input, writer::one_line};

/// Reads a document token by token.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut reader = Reader::new(input);
    for token in Tokens::new(input.bytes) {
        reader.token(token)?;
    }
    reader.end_paragraph()?;
    reader.blocks.finish(reader.properties)
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
    blocks: Blocks<'a>,
    deepest: usize,
    groups: Vec<Group>,
    fonts: Fonts,
    styles: Styles,
    paragraph: Paragraph,
    /// The paragraphs that groups such as footnotes interrupt, with the depth of the group.
    interrupted: Vec<(usize, Paragraph)>,
    /// Bytes of text that wait for the end of their run, since letters may need several.
    pending: Vec<u8>,
    /// Bytes to leave out after a Unicode letter.
    skip: usize,
    high_surrogate: Option<u16>,
    properties: BTreeMap<&'static str, String>,
}

impl<'a> Reader<'a> {
    fn new(input: &Input<'a>) -> Self {
        Self {
            blocks: Blocks::new(input.limits),
            deepest: input.limits.nesting.saturating_mul(4),
            groups: vec![Group::outermost()],
            fonts: Fonts::default(),
            styles: Styles::default(),
            paragraph: Paragraph::default(),
            interrupted: Vec::new(),
            pending: Vec::new(),
            skip: 0,
            high_surrogate: None,
            properties: BTreeMap::new(),
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
            match group.destination {
                Destination::Footnote => self.blocks.note(text),
                _ => self.blocks.furniture(text),
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
            "ansicpg" => {
                self.fonts.default_page = number.and_then(|page| u32::try_from(page).ok()).unwrap_or(0)
            }
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
                self.paragraph.outline =
                    number.and_then(|level| u8::try_from(level).ok()).filter(|level| *level < 9);
            }
            "intbl" => self.paragraph.in_table = true,
            "chftn" if self.group().destination == Destination::Body => {
                let mark = format!(" [{}]", self.blocks.next_note());
                self.text(&mark);
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
            Destination::Body if self.paragraph.in_table || self.blocks.in_row() => {
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
        self.blocks.cell(&text, &mark);
    }

    fn end_row(&mut self) -> Result<(), ParseError> {
        if !self.paragraph.text.trim().is_empty() {
            self.end_cell();
        }
        self.blocks.row()
    }

    fn end_paragraph(&mut self) -> Result<(), ParseError> {
        self.flush_bytes();
        let text = std::mem::take(&mut self.paragraph.text);
        let mark = std::mem::take(&mut self.paragraph.mark);
        let style = self.paragraph.style;
        let is_title = self.styles.title == Some(style);
        let outline = self.paragraph.outline.map(|level| level + 1);
        let level = if is_title { Some(1) } else { outline.or_else(|| self.styles.level(style)) };
        self.blocks.paragraph(&blocks::Paragraph { text: &text, mark: &mark, level, is_title })
    }
}

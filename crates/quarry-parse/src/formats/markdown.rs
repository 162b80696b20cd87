//! Markdown: headings, lists, tables, code and quotes, with the marks of inline formatting gone.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Input;
use crate::{BlockKind, ParseError, Parsed, decode::decode, writer::Writer};

/// Reads Markdown with the common extensions.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    let mut options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    options |= Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_DEFINITION_LIST;
    let mut walk = Walk::new(input);
    for event in Parser::new_ext(&text, options) {
        walk.event(event)?;
    }
    walk.flush()?;
    let (front, title) = (std::mem::take(&mut walk.front), walk.front_title());
    let mut parsed = walk.writer.finish();
    parsed.title = title.or(parsed.title);
    parsed.metadata.extend(front);
    Ok(parsed)
}

/// A list that is open: the number of its next item, when it is numbered.
struct List {
    next: Option<u64>,
}

struct Walk<'a> {
    writer: Writer<'a>,
    nesting: usize,
    text: String,
    lists: Vec<List>,
    quotes: usize,
    heading: Option<u8>,
    code: bool,
    front: Vec<(String, String)>,
    title: Option<String>,
    /// Whether the text collected is the first of a list item.
    item: bool,
    table: u32,
    header: bool,
    cells: Option<Vec<String>>,
}

impl<'a> Walk<'a> {
    fn new(input: &Input<'a>) -> Self {
        Self {
            writer: Writer::new(input.limits),
            nesting: input.limits.nesting,
            text: String::new(),
            lists: Vec::new(),
            quotes: 0,
            heading: None,
            code: false,
            front: Vec::new(),
            title: None,
            item: false,
            table: 0,
            header: false,
            cells: None,
        }
    }

    fn front_title(&mut self) -> Option<String> {
        self.title.take()
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), ParseError> {
        match event {
            Event::Start(tag) => self.start(tag)?,
            Event::End(tag) => self.end(tag)?,
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text.push_str(&text);
            }
            Event::FootnoteReference(name) => {
                self.text.push_str("[^");
                self.text.push_str(&name);
                self.text.push(']');
            }
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::TaskListMarker(done) => self.text.push_str(if done { "[x] " } else { "[ ] " }),
            Event::Html(html) => self.html(&html),
            Event::InlineHtml(html) => self.html(&html),
            Event::Rule => self.flush()?,
        }
        Ok(())
    }

    /// Tags say nothing; what stands between them was or will be text.
    fn html(&mut self, html: &str) {
        let mut inside = false;
        for letter in html.chars() {
            match letter {
                '<' => inside = true,
                '>' => inside = false,
                _ if !inside => self.text.push(letter),
                _ => {}
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) -> Result<(), ParseError> {
        match tag {
            Tag::Paragraph if self.cells.is_none() && !self.item => self.flush()?,
            Tag::Heading { level, .. } => {
                self.flush()?;
                self.heading = Some(level as u8);
            }
            Tag::BlockQuote(_) => {
                self.flush()?;
                self.quotes += 1;
            }
            Tag::CodeBlock(_) => {
                self.flush()?;
                self.code = true;
            }
            Tag::List(next) => {
                self.flush()?;
                self.lists.push(List { next });
            }
            Tag::Item => {
                self.flush()?;
                self.mark_item();
            }
            Tag::FootnoteDefinition(name) => {
                self.flush()?;
                self.text = format!("[^{name}]: ");
            }
            Tag::Table(_) => {
                self.flush()?;
                self.table = self.writer.next_table();
            }
            Tag::TableHead => (self.header, self.cells) = (true, Some(Vec::new())),
            Tag::TableRow => (self.header, self.cells) = (false, Some(Vec::new())),
            Tag::HtmlBlock | Tag::DefinitionListTitle | Tag::DefinitionListDefinition => self.flush()?,
            _ => {}
        }
        if self.lists.len() + self.quotes > self.nesting {
            return Err(ParseError::over("levels of nesting", self.nesting));
        }
        Ok(())
    }

    fn mark_item(&mut self) {
        let depth = self.lists.len().saturating_sub(1);
        self.text = "  ".repeat(depth);
        match self.lists.last_mut() {
            Some(List { next: Some(number) }) => {
                self.text.push_str(&format!("{number}. "));
                *number += 1;
            }
            _ => self.text.push_str("- "),
        }
        self.item = true;
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), ParseError> {
        match tag {
            TagEnd::Paragraph if self.cells.is_none() => self.flush()?,
            TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Item | TagEnd::HtmlBlock => self.flush()?,
            TagEnd::BlockQuote(_) => {
                self.flush()?;
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.flush()?;
                self.lists.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                if let Some(cells) = &mut self.cells {
                    cells.push(cell);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some(cells) = self.cells.take() {
                    self.writer.row(self.table, self.header, &cells)?;
                }
            }
            TagEnd::MetadataBlock(_) => self.front_matter(),
            TagEnd::DefinitionListTitle | TagEnd::DefinitionListDefinition | TagEnd::FootnoteDefinition => {
                self.flush()?
            }
            _ => {}
        }
        Ok(())
    }

    /// The simple `key: value` lines of a YAML front matter; the rest of YAML is not needed here.
    fn front_matter(&mut self) {
        for line in std::mem::take(&mut self.text).lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            let known = match key {
                "author" => "author",
                "date" | "created" => "created",
                "lang" | "language" => "language",
                "description" | "subject" => "subject",
                "keywords" | "tags" => "keywords",
                "title" if !value.is_empty() => {
                    self.title = Some(value.to_owned());
                    continue;
                }
                _ => continue,
            };
            if !value.is_empty() {
                self.front.push((known.to_owned(), value.to_owned()));
            }
        }
    }

    fn flush(&mut self) -> Result<(), ParseError> {
        let text = std::mem::take(&mut self.text);
        let (heading, code, item) = (self.heading.take(), self.code, self.item);
        (self.code, self.item) = (false, false);
        let kind = match heading {
            Some(level) => BlockKind::Heading(level),
            None if code => BlockKind::Code,
            None if item || !self.lists.is_empty() => BlockKind::ListItem,
            None if self.quotes > 0 => BlockKind::Quote,
            None => BlockKind::Paragraph,
        };
        let bare_mark = item
            && text
                .trim()
                .trim_end_matches('.')
                .chars()
                .all(|letter| letter == '-' || letter.is_ascii_digit());
        if bare_mark { Ok(()) } else { self.writer.push(kind, &text) }
    }
}

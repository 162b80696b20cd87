//! A walk over the tree of a page that writes its blocks.

use dom_query::{Document, NodeRef};

use super::{
    furniture::{is_furniture, is_hidden, is_inline, spoken},
    table,
};
use crate::{
    BlockKind, ParseError, Parsed,
    formats::Input,
    writer::{Writer, one_line},
};

/// What is walked: a whole page has navigation to leave out, an article was cleaned already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Page,
    Article,
}

/// Writes the blocks of a document.
pub(super) fn walk(document: &Document, input: &Input<'_>, scope: Scope) -> Result<Parsed, ParseError> {
    let mut walk = Walk {
        writer: Writer::new(input.limits),
        scope,
        // Real pages wrap deeper than other formats nest, so the limit counts four levels as one.
        deepest: input.limits.nesting.saturating_mul(4),
        text: String::new(),
        lists: Vec::new(),
        quotes: 0,
        item: None,
    };
    walk.children(&document.root(), 0)?;
    walk.flush()?;
    Ok(walk.writer.finish())
}

/// What the open text is an item of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    List,
    /// A term and what it means.
    Definition,
}

struct Walk<'a> {
    writer: Writer<'a>,
    scope: Scope,
    deepest: usize,
    text: String,
    /// Open lists; the number of the next item where they are numbered.
    lists: Vec<Option<u64>>,
    quotes: usize,
    item: Option<Item>,
}

impl Walk<'_> {
    fn children(&mut self, node: &NodeRef<'_>, depth: usize) -> Result<(), ParseError> {
        if depth > self.deepest {
            // Only pages that leave elements open get here: their text counts, their structure is an accident.
            push_collapsed(&mut self.text, &node.text());
            return Ok(());
        }
        node.children_it(false).try_for_each(|child| self.node(&child, depth + 1))
    }

    fn node(&mut self, node: &NodeRef<'_>, depth: usize) -> Result<(), ParseError> {
        if node.is_text() {
            push_collapsed(&mut self.text, &node.text());
            return Ok(());
        }
        let Some(name) = node.node_name() else { return self.children(node, depth) };
        if is_hidden(node, &name) || (self.scope == Scope::Page && is_furniture(node, &name)) {
            return Ok(());
        }
        if let Some(said) = spoken(node, &name) {
            push_collapsed(&mut self.text, &said);
            return Ok(());
        }
        match &*name {
            "br" => self.text.push('\n'),
            "hr" => self.flush()?,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.as_bytes().get(1).map_or(1, |digit| digit - b'0');
                self.heading(node, level, depth)?;
            }
            _ if node.attr("role").is_some_and(|role| &*role == "heading") => {
                let level =
                    node.attr("aria-level").and_then(|level| level.trim().parse().ok()).unwrap_or(2_u8);
                self.heading(node, level.clamp(1, 6), depth)?;
            }
            "pre" | "textarea" | "listing" | "xmp" => {
                self.flush()?;
                let mut code = String::new();
                push_lines(&mut code, node, 0);
                self.writer.push(BlockKind::Code, &code)?;
            }
            "table" if table::holds_data(node) => {
                self.flush()?;
                table::write(node, &mut self.writer)?;
            }
            "ul" | "ol" | "menu" | "li" | "dl" | "dt" | "dd" | "blockquote" => {
                self.grouped(node, &name, depth)?
            }
            name if is_inline(name) => self.children(node, depth)?,
            _ => {
                // The first block inside an item stays behind the item's mark or term.
                self.flush_unless_started()?;
                self.children(node, depth)?;
                self.flush_unless_started()?;
            }
        }
        Ok(())
    }

    fn heading(&mut self, node: &NodeRef<'_>, level: u8, depth: usize) -> Result<(), ParseError> {
        self.flush()?;
        self.children(node, depth)?;
        let text = std::mem::take(&mut self.text);
        self.item = None;
        self.writer.push(BlockKind::Heading(level), &one_line(&text))
    }

    /// Lists, definitions and quotations.
    fn grouped(&mut self, node: &NodeRef<'_>, name: &str, depth: usize) -> Result<(), ParseError> {
        // A definition goes on behind its term.
        if name != "dd" || !self.is_started() {
            self.flush()?;
        }
        match name {
            "ul" | "ol" | "menu" => {
                let first = node.attr("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                self.lists.push((name == "ol").then_some(first));
            }
            "li" => self.mark(node.attr("value").and_then(|value| value.trim().parse().ok())),
            "dt" | "dd" => self.item = Some(Item::Definition),
            "blockquote" => self.quotes += 1,
            _ => {}
        }
        self.children(node, depth)?;
        if name == "dt" && !self.text.trim().is_empty() {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str(if self.text.ends_with(':') { " " } else { ": " });
            return Ok(());
        }
        self.flush()?;
        match name {
            "ul" | "ol" | "menu" => drop(self.lists.pop()),
            "blockquote" => self.quotes -= 1,
            _ => {}
        }
        Ok(())
    }

    fn mark(&mut self, value: Option<u64>) {
        self.text = "  ".repeat(self.lists.len().saturating_sub(1));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = value.unwrap_or(*number);
                self.text.push_str(&format!("{number}. "));
                *number = number.saturating_add(1);
            }
            _ => self.text.push_str("- "),
        }
        self.item = Some(Item::List);
    }

    /// Whether an item has nothing but its mark or its term so far.
    fn is_started(&self) -> bool {
        match self.item {
            Some(Item::List) => is_mark(&self.text),
            Some(Item::Definition) => self.text.ends_with(": "),
            None => false,
        }
    }

    fn flush_unless_started(&mut self) -> Result<(), ParseError> {
        if self.is_started() { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), ParseError> {
        let text = std::mem::take(&mut self.text);
        let kind = match self.item.take() {
            Some(Item::List) if is_mark(&text) => return Ok(()),
            Some(Item::Definition) => {
                let text = text.trim_end();
                return self.writer.push(BlockKind::ListItem, text.strip_suffix(':').unwrap_or(text));
            }
            Some(Item::List) => BlockKind::ListItem,
            None if self.quotes > 0 => BlockKind::Quote,
            None => BlockKind::Paragraph,
        };
        self.writer.push(kind, &text)
    }
}

/// Whether a list item has nothing but its mark so far.
fn is_mark(text: &str) -> bool {
    text.trim().trim_end_matches('.').chars().all(|letter| letter == '-' || letter.is_ascii_digit())
}

/// White space in HTML is one space, and none at the start of a line.
pub(super) fn push_collapsed(text: &mut String, more: &str) {
    for letter in more.chars() {
        // A no-break space is content, though an invisible one.
        if letter.is_ascii_whitespace() {
            if !text.is_empty() && !text.ends_with([' ', '\n']) {
                text.push(' ');
            }
        } else if !matches!(letter, '\u{ad}' | '\u{200b}') {
            text.push(letter);
        }
    }
}

/// Preformatted text as it is, with the line ends that elements make.
fn push_lines(code: &mut String, node: &NodeRef<'_>, depth: usize) {
    const DEEPEST: usize = 100;
    for child in node.children_it(false) {
        let Some(name) = child.node_name().filter(|_| !child.is_text() && depth < DEEPEST) else {
            code.push_str(&child.text());
            continue;
        };
        match &*name {
            "br" => code.push('\n'),
            name if is_hidden(&child, name) => {}
            name => {
                // Some pages put each line of a listing into an element of its own.
                let line = matches!(name, "div" | "p" | "li" | "tr");
                if line && !code.is_empty() && !code.ends_with('\n') {
                    code.push('\n');
                }
                push_lines(code, &child, depth + 1);
                if line && !code.ends_with('\n') {
                    code.push('\n');
                }
            }
        }
    }
}

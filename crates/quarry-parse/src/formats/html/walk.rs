//! A walk over the tree of a page that writes its blocks.

use dom_query::{Document, NodeRef};

use super::table;
use crate::{BlockKind, ParseError, Parsed, formats::Input, writer::Writer};

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
        item: false,
    };
    walk.children(&document.root(), 0)?;
    walk.flush()?;
    Ok(walk.writer.finish())
}

struct Walk<'a> {
    writer: Writer<'a>,
    scope: Scope,
    deepest: usize,
    text: String,
    /// Open lists; the number of the next item where they are numbered.
    lists: Vec<Option<u64>>,
    quotes: usize,
    item: bool,
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
        match &*name {
            "br" => self.text.push('\n'),
            "hr" => self.flush()?,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.flush()?;
                self.children(node, depth)?;
                let level = name.as_bytes().get(1).map_or(1, |digit| digit - b'0');
                let text = std::mem::take(&mut self.text);
                self.writer.push(BlockKind::Heading(level), &crate::writer::one_line(&text))?;
            }
            "pre" | "textarea" | "listing" => {
                self.flush()?;
                self.writer.push(BlockKind::Code, &node.text())?;
            }
            "ul" | "ol" | "menu" => {
                self.flush()?;
                let first = node.attr("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                self.lists.push((&*name == "ol").then_some(first));
                self.children(node, depth)?;
                self.flush()?;
                self.lists.pop();
            }
            "li" => {
                self.flush()?;
                self.mark();
                self.children(node, depth)?;
                self.flush()?;
            }
            "blockquote" => {
                self.flush()?;
                self.quotes += 1;
                self.children(node, depth)?;
                self.flush()?;
                self.quotes -= 1;
            }
            "table" if table::holds_data(node) => {
                self.flush()?;
                table::write(node, &mut self.writer)?;
            }
            name if is_inline(name) => self.children(node, depth)?,
            _ => {
                // The first block inside a list item stays behind the item's mark.
                if !self.item || !is_mark(&self.text) {
                    self.flush()?;
                }
                self.children(node, depth)?;
                if !self.item || !is_mark(&self.text) {
                    self.flush()?;
                }
            }
        }
        Ok(())
    }

    fn mark(&mut self) {
        self.text = "  ".repeat(self.lists.len().saturating_sub(1));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.text.push_str(&format!("{number}. "));
                *number = number.saturating_add(1);
            }
            _ => self.text.push_str("- "),
        }
        self.item = true;
    }

    fn flush(&mut self) -> Result<(), ParseError> {
        let text = std::mem::take(&mut self.text);
        let item = std::mem::take(&mut self.item);
        let kind = if item {
            BlockKind::ListItem
        } else if self.quotes > 0 {
            BlockKind::Quote
        } else {
            BlockKind::Paragraph
        };
        if item && is_mark(&text) { Ok(()) } else { self.writer.push(kind, &text) }
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
        } else if letter != '\u{ad}' {
            text.push(letter);
        }
    }
}

pub(super) fn is_hidden(node: &NodeRef<'_>, name: &str) -> bool {
    let never = matches!(
        name,
        "script"
            | "style"
            | "noscript"
            | "template"
            | "svg"
            | "math"
            | "head"
            | "title"
            | "iframe"
            | "object"
            | "canvas"
            | "select"
            | "button"
            | "input"
            | "audio"
            | "video"
            | "datalist"
    );
    never
        || node.has_attr("hidden")
        || node.attr("style").is_some_and(|style| {
            let style: String = style.chars().filter(|letter| !letter.is_whitespace()).collect();
            style.to_ascii_lowercase().contains("display:none")
        })
}

/// The parts around the content that are the same on every page of a site.
fn is_furniture(node: &NodeRef<'_>, name: &str) -> bool {
    let role = node.attr("role").unwrap_or_default();
    matches!(name, "nav" | "footer" | "aside" | "dialog")
        || matches!(&*role, "navigation" | "banner" | "contentinfo" | "search" | "dialog" | "menu")
}

pub(super) fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "img"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

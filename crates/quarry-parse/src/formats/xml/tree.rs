//! Elements to pieces, from the inside out: an element with text of its own is a text, one without holds blocks.

use quick_xml::events::BytesStart;

use super::{
    names,
    pieces::{Piece, flatten, item, row, settle, without_tags},
};
use crate::{BlockKind, Limits, ParseError, writer::one_line};

#[derive(Default)]
struct Open {
    name: String,
    pieces: Vec<Piece>,
    /// Whether there is text beside the elements in it.
    has_text: bool,
    attributes: Vec<(String, String)>,
}

/// The elements that are open.
pub(super) struct Tree {
    open: Vec<Open>,
    deepest: usize,
    sections: usize,
    lists: usize,
    is_prose: bool,
    left_out: usize,
    chars: usize,
    most_chars: usize,
}

impl Tree {
    pub fn new(limits: &Limits, is_prose: bool) -> Self {
        Self {
            open: vec![Open::default()],
            deepest: limits.nesting.saturating_mul(2),
            sections: 0,
            lists: 0,
            is_prose,
            left_out: 0,
            chars: 0,
            most_chars: limits.text_chars.saturating_mul(4),
        }
    }

    pub fn start(&mut self, element: &BytesStart<'_>) -> Result<(), ParseError> {
        if self.open.len() > self.deepest {
            return Err(ParseError::over("levels of nesting", self.deepest));
        }
        let name = element.local_name().as_ref().to_owned();
        self.sections += usize::from(names::is_section(&name));
        self.lists += usize::from(names::is_item(&name));
        self.left_out += usize::from(names::is_left_out(&name));
        let attributes = element
            .attributes()
            .with_checks(false)
            .flatten()
            .filter(|attribute| names::is_said(attribute.key.as_ref()))
            .take(20)
            .filter_map(|attribute| {
                let name = attribute.key.as_ref();
                let text = crate::formats::markup::attribute(element, name)?;
                Some((name.to_owned(), text))
            })
            .collect();
        self.open.push(Open { name, attributes, ..Open::default() });
        Ok(())
    }

    pub fn text(&mut self, text: &str) -> Result<(), ParseError> {
        if self.left_out > 0 {
            return Ok(());
        }
        self.chars += text.len();
        if self.chars > self.most_chars {
            return Err(ParseError::over("characters of text", self.most_chars / 4));
        }
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        open.has_text |= !text.trim().is_empty();
        match open.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            _ => open.pieces.push(Piece::Text(text.to_owned())),
        }
        Ok(())
    }

    /// Unparsed text; feeds put whole pages into it.
    pub fn data(&mut self, text: &str) -> Result<(), ParseError> {
        let looks_like_markup = text.contains("</") || text.contains("/>") || text.contains("<br");
        if looks_like_markup { self.text(&without_tags(text)) } else { self.text(text) }
    }

    pub fn end(&mut self) -> Result<(), ParseError> {
        if self.open.len() < 2 {
            return Ok(());
        }
        let Some(open) = self.open.pop() else { return Ok(()) };
        let name = open.name.clone();
        let sections = self.sections;
        self.sections = sections.saturating_sub(usize::from(names::is_section(&name)));
        let depth = self.lists;
        self.lists = depth.saturating_sub(usize::from(names::is_item(&name)));
        if names::is_left_out(&name) {
            self.left_out = self.left_out.saturating_sub(1);
            return Ok(());
        }
        let pieces = self.close(open, sections, depth);
        if let Some(outer) = self.open.last_mut() {
            if outer.pieces.is_empty() {
                outer.pieces = pieces;
            } else {
                outer.pieces.extend(pieces);
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<Piece>, ParseError> {
        while self.open.len() > 1 {
            self.end()?;
        }
        let root = self.open.pop().unwrap_or_default();
        Ok(settle(root.pieces))
    }

    fn close(&self, open: Open, sections: usize, depth: usize) -> Vec<Piece> {
        let Open { name, pieces, has_text, attributes } = open;
        let has_blocks = pieces.iter().any(|piece| match piece {
            Piece::Text(_) | Piece::Inline { .. } => false,
            // Names and dates within a sentence are part of it.
            Piece::Record(_) => !has_text,
            _ => true,
        });
        if names::is_row(&name) {
            return row(pieces);
        }
        if names::is_cell(&name) {
            return vec![Piece::Inline { name, text: one_line(&flatten(pieces)) }];
        }
        if names::is_table(&name) {
            let mut settled = settle(pieces);
            settled.push(Piece::TableEnd);
            return settled;
        }
        if names::is_code(&name) {
            return vec![Piece::Block(BlockKind::Code, flatten(pieces))];
        }
        if names::is_item(&name) {
            return item(pieces, depth);
        }
        if names::is_title(&name) && !has_blocks {
            return self.title(name, pieces, sections);
        }
        if has_blocks {
            let mut settled = settle(pieces);
            if !attributes.is_empty() && !self.is_prose {
                settled.insert(0, Piece::Record(attributes));
            }
            return settled;
        }
        let only_inline = pieces.iter().all(|piece| match piece {
            Piece::Inline { name, .. } => names::is_inline(name),
            _ => true,
        });
        if has_text || only_inline || names::is_paragraph(&name) {
            let text = flatten(pieces);
            if names::is_paragraph(&name) {
                return vec![Piece::Block(BlockKind::Paragraph, one_line(&text))];
            }
            if text.trim().is_empty() && !attributes.is_empty() {
                return vec![Piece::Record(attributes)];
            }
            return vec![Piece::Inline { name, text: one_line(&text) }];
        }
        let mut fields = attributes;
        fields.extend(pieces.into_iter().filter_map(|piece| match piece {
            Piece::Inline { name, text } if !text.is_empty() => Some((name, text)),
            _ => None,
        }));
        if fields.is_empty() { Vec::new() } else { vec![Piece::Record(fields)] }
    }
}

impl Tree {
    /// A heading, unless what it names is a figure or another publication.
    fn title(&self, name: String, pieces: Vec<Piece>, sections: usize) -> Vec<Piece> {
        let text = one_line(&flatten(pieces));
        let outer = self.open.last();
        let around = outer.map(|open| open.name.as_str()).unwrap_or_default();
        // In the records of data, a title is a field like the others.
        let is_data = !self.is_prose && sections == 0;
        if is_data || names::is_reference(around) || outer.is_some_and(|open| open.has_text) {
            return vec![Piece::Inline { name, text }];
        }
        if names::is_figure(around) {
            return vec![Piece::Block(BlockKind::Paragraph, text)];
        }
        let level = u8::try_from(sections.clamp(1, 8)).unwrap_or(1);
        let level = level + u8::from(sections > 0 && name == "subtitle");
        vec![Piece::Block(BlockKind::Heading(level), text)]
    }
}

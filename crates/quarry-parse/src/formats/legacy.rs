//! Word 97 and PowerPoint 97, read by `office_oxide`, whose elements become blocks here.

use std::io::Cursor;

use office_oxide::{
    Document, DocumentFormat, OfficeError,
    ir::{Element, List, Section, Table, inline_to_text},
    options::ParseOptions,
};

use super::{Input, numerals};
use crate::{BlockKind, Format, ParseError, Parsed, writer::Writer, writer::one_line};

/// Reads a document or a presentation.
pub(super) fn read(input: &Input<'_>, format: Format) -> Result<Parsed, ParseError> {
    let label = format.label();
    let mut options = ParseOptions::default();
    options.limits.text_chars = input.limits.text_chars;
    options.limits.memory_bytes = options.limits.memory_bytes.min(input.limits.expanded_bytes);
    options.limits.embedded_depth = 0;
    let kind = if format == Format::Ppt { DocumentFormat::Ppt } else { DocumentFormat::Doc };
    let bytes = Cursor::new(input.bytes.to_vec());
    let document = Document::from_reader_with(bytes, kind, &options)
        .map_err(|error| refused(&error, label, input.password))?;
    let tree = document.to_ir();
    let mut walk = Walk { writer: Writer::new(input.limits), nesting: input.limits.nesting };
    let slides = format == Format::Ppt;
    // Behind the slides stand sections for what all of them show.
    let count = document.as_ppt().map_or(tree.sections.len(), |deck| deck.slides.len());
    if slides && count > input.limits.pages {
        return Err(ParseError::over("slides", input.limits.pages));
    }
    let mut furniture: Vec<String> = Vec::new();
    for (index, section) in tree.sections.iter().enumerate() {
        if slides {
            walk.writer.page = u32::try_from(index + 1).ok().filter(|_| index < count);
        }
        walk.section(section, slides && index < count)?;
        for text in running_texts(section) {
            if !furniture.contains(&text) && furniture.len() < 100 {
                furniture.push(text);
            }
        }
    }
    walk.writer.page = None;
    furniture.iter().try_for_each(|text| walk.writer.push(BlockKind::Paragraph, text))?;
    let mut parsed = walk.writer.finish();
    let metadata = &tree.metadata;
    parsed.title = metadata.title.clone().filter(|title| !title.trim().is_empty()).or(parsed.title);
    let keywords = Some(metadata.keywords.join(", "));
    let properties = [
        ("author", &metadata.author),
        ("subject", &metadata.subject),
        ("keywords", &keywords),
        ("created", &metadata.created),
        ("modified", &metadata.modified),
        ("language", &metadata.language),
    ];
    for (name, value) in properties {
        if let Some(value) = value.as_ref().map(|value| one_line(value)).filter(|value| !value.is_empty()) {
            parsed.metadata.insert(name.to_owned(), value);
        }
    }
    if slides {
        parsed.pages = u32::try_from(count).ok();
    }
    if metadata.text_truncated {
        parsed.warnings.push("the text is not complete: the file is damaged or too large".to_owned());
    }
    Ok(parsed)
}

fn refused(error: &OfficeError, label: &'static str, password: Option<&str>) -> ParseError {
    let message = error.to_string();
    let lower = message.to_ascii_lowercase();
    if lower.contains("encrypted") || lower.contains("password") {
        ParseError::encrypted(label, password)
    } else {
        ParseError::damaged(label, message)
    }
}

/// The heads and feet of a section's pages.
fn running_texts(section: &Section) -> Vec<String> {
    let parts = [
        &section.header,
        &section.first_page_header,
        &section.even_page_header,
        &section.footer,
        &section.first_page_footer,
        &section.even_page_footer,
    ];
    let text = |content: &[Element]| -> String {
        let texts = content.iter().map(|element| element_text(element, 0));
        one_line(&texts.collect::<Vec<_>>().join(" "))
    };
    let texts = parts.into_iter().flatten().map(|part| text(&part.content));
    texts.filter(|text| text.chars().any(char::is_alphabetic)).collect()
}

struct Walk<'a> {
    writer: Writer<'a>,
    nesting: usize,
}

impl Walk<'_> {
    fn section(&mut self, section: &Section, is_slide: bool) -> Result<(), ParseError> {
        let title = section.title.as_deref().map(one_line).unwrap_or_default();
        let mut elements = section.elements.as_slice();
        if is_slide && !title.is_empty() && !is_numbered_slide(&title) {
            self.writer.push(BlockKind::Heading(1), &title)?;
            // The title is the first of the elements too.
            if let [Element::Heading(heading), rest @ ..] = elements
                && one_line(&inline_to_text(&heading.content)) == title
            {
                elements = rest;
            }
        }
        elements.iter().try_for_each(|element| self.element(element, 0))?;
        let mut label = "Speaker notes: ";
        for note in section.speaker_notes.iter().flatten() {
            let text = element_text(note, 0);
            self.writer.push(BlockKind::Paragraph, &format!("{label}{text}"))?;
            label = "";
        }
        Ok(())
    }

    fn element(&mut self, element: &Element, depth: usize) -> Result<(), ParseError> {
        if depth > self.nesting {
            return Err(ParseError::over("levels of nesting", self.nesting));
        }
        match element {
            Element::Heading(heading) => {
                let text = one_line(&inline_to_text(&heading.content));
                self.writer.push(BlockKind::Heading(heading.clamped_level()), &text)
            }
            Element::Paragraph(paragraph) => {
                self.writer.push(BlockKind::Paragraph, &inline_to_text(&paragraph.content))
            }
            Element::CodeBlock(code) => self.writer.push(BlockKind::Code, &code.content),
            Element::Table(table) => self.table(table),
            Element::List(list) => self.list(list, depth),
            Element::TextBox(text_box) => {
                text_box.content.iter().try_for_each(|element| self.element(element, depth + 1))
            }
            Element::Footnote(note) | Element::Endnote(note) => {
                let texts: Vec<String> = note.content.iter().map(|inner| element_text(inner, 0)).collect();
                self.writer
                    .push(BlockKind::Paragraph, &format!("[{}] {}", note.id, one_line(&texts.join(" "))))
            }
            _ => Ok(()),
        }
    }

    fn table(&mut self, table: &Table) -> Result<(), ParseError> {
        let row = |row: &office_oxide::ir::TableRow| -> Vec<String> {
            let text = |content: &[Element]| {
                content.iter().map(|element| element_text(element, 0)).collect::<Vec<_>>().join(" ")
            };
            row.cells.iter().map(|cell| text(&cell.content)).collect()
        };
        let rows: Vec<Vec<String>> = table.rows.iter().map(row).collect();
        let first = table.rows.first().is_some_and(|row| row.is_header);
        let header = first || rows.first().is_some_and(|cells| super::table::is_header(cells));
        self.writer.table(&rows, header && rows.len() > 1)
    }

    fn list(&mut self, list: &List, depth: usize) -> Result<(), ParseError> {
        if depth > self.nesting {
            return Err(ParseError::over("levels of nesting", self.nesting));
        }
        let indent = "  ".repeat(usize::from(list.level).min(8));
        let first = list.start_number.unwrap_or(1);
        for (number, item) in (first..).zip(&list.items) {
            let mark = if list.ordered {
                format!("{}.", numerals::write(number, numbering(list)))
            } else {
                "-".to_owned()
            };
            let mut mark = Some(mark);
            for element in &item.content {
                match (element, mark.take()) {
                    (Element::Paragraph(paragraph), Some(mark)) => {
                        let text = inline_to_text(&paragraph.content);
                        self.writer.push(BlockKind::ListItem, &format!("{indent}{mark} {}", text.trim()))?;
                    }
                    (element, _) => self.element(element, depth + 1)?,
                }
            }
            if let Some(nested) = &item.nested {
                self.list(nested, depth + 1)?;
            }
        }
        Ok(())
    }
}

fn numbering(list: &List) -> &'static str {
    use office_oxide::ir::ListStyle;
    match list.style {
        Some(ListStyle::LowerRoman) => "lowerRoman",
        Some(ListStyle::UpperRoman) => "upperRoman",
        Some(ListStyle::LowerAlpha) => "lowerLetter",
        Some(ListStyle::UpperAlpha) => "upperLetter",
        _ => "decimal",
    }
}

/// `Slide 3`, which the reader gives to slides without a title.
fn is_numbered_slide(title: &str) -> bool {
    title.strip_prefix("Slide ").is_some_and(|rest| rest.trim().chars().all(|letter| letter.is_ascii_digit()))
}

/// The text of an element on its own, as cells and notes need it.
fn element_text(element: &Element, depth: usize) -> String {
    const DEEPEST: usize = 20;
    if depth > DEEPEST {
        return String::new();
    }
    let all = |content: &[Element]| {
        content.iter().map(|inner| element_text(inner, depth + 1)).collect::<Vec<_>>().join(" ")
    };
    match element {
        Element::Heading(heading) => inline_to_text(&heading.content),
        Element::Paragraph(paragraph) => inline_to_text(&paragraph.content),
        Element::CodeBlock(code) => code.content.clone(),
        Element::TextBox(text_box) => all(&text_box.content),
        Element::Footnote(note) | Element::Endnote(note) => all(&note.content),
        Element::List(list) => list.items.iter().map(|item| all(&item.content)).collect::<Vec<_>>().join(" "),
        Element::Table(table) => {
            let cells = table.rows.iter().flat_map(|row| &row.cells);
            cells.map(|cell| all(&cell.content)).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

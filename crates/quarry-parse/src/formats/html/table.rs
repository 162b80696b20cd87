//! Tables of a page. Tables that only place things on the screen are walked like any other element.

use dom_query::NodeRef;

use super::walk::{is_hidden, is_inline, push_collapsed};
use crate::{BlockKind, ParseError, writer::Writer, writer::one_line};

/// Whether rows and columns mean something: more than one cell in a row, nothing large inside.
pub(super) fn holds_data(table: &NodeRef<'_>) -> bool {
    const LONGEST_CELL: usize = 2_000;
    let mut wide = false;
    for node in table.descendants_it() {
        let Some(name) = node.node_name() else { continue };
        match &*name {
            "table" | "h1" | "h2" | "h3" | "form" | "article" | "section" => return false,
            "td" | "th" if node.text().len() > LONGEST_CELL => return false,
            "tr" => wide |= cells(&node).take(2).count() > 1,
            _ => {}
        }
    }
    wide
}

/// Writes the caption as a paragraph and every row.
pub(super) fn write(table: &NodeRef<'_>, writer: &mut Writer<'_>) -> Result<(), ParseError> {
    let mut spans: Vec<Span> = Vec::new();
    let number = writer.next_table();
    let mut first = true;
    for node in table.descendants_it() {
        match node.node_name().as_deref() {
            Some("caption") => writer.push(BlockKind::Paragraph, &one_line(&node.text()))?,
            Some("tr") => {
                let (row, header) = row(&node, &mut spans);
                writer.row(number, first && header, &row)?;
                first = false;
            }
            _ => {}
        }
    }
    Ok(())
}

/// A cell that reaches into the rows below.
struct Span {
    column: usize,
    rows: usize,
    text: String,
}

/// The cells of a row, with the text of cells above that reach into it, and whether it names the columns.
fn row(row: &NodeRef<'_>, spans: &mut Vec<Span>) -> (Vec<String>, bool) {
    // Wider or longer spans are nonsense or an attack.
    const WIDEST: usize = 64;
    const LONGEST: usize = 1_000;
    let mut line: Vec<String> = Vec::new();
    let (mut header, mut starting) = (true, Vec::new());
    for cell in cells(row) {
        reach(&mut line, spans);
        let number =
            |name: &str| cell.attr(name).and_then(|text| text.trim().parse().ok()).unwrap_or(1_usize);
        let mut text = String::new();
        push_cell(&mut text, &cell, 0);
        header &= cell.has_name("th");
        let rows = number("rowspan").min(LONGEST);
        if rows > 1 {
            starting.push(Span { column: line.len(), rows: rows - 1, text: text.clone() });
        }
        line.push(text);
        let empty = number("colspan").clamp(1, WIDEST) - 1;
        line.extend(std::iter::repeat_n(String::new(), empty));
    }
    reach(&mut line, spans);
    spans.iter_mut().for_each(|span| span.rows -= 1);
    spans.retain(|span| span.rows > 0);
    spans.append(&mut starting);
    spans.sort_by_key(|span| span.column);
    (line, header)
}

fn reach(line: &mut Vec<String>, spans: &[Span]) {
    while let Some(span) = spans.iter().find(|span| span.column == line.len()) {
        line.push(span.text.clone());
    }
}

fn cells<'a>(row: &NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> {
    row.children_it(false).filter(|cell| cell.has_name("td") || cell.has_name("th"))
}

/// The text of a cell on one line; blocks inside it are parted by spaces.
fn push_cell(text: &mut String, node: &NodeRef<'_>, depth: usize) {
    const DEEPEST: usize = 100;
    for child in node.children_it(false) {
        if child.is_text() {
            push_collapsed(text, &child.text());
            continue;
        }
        let Some(name) = child.node_name() else { continue };
        if depth > DEEPEST || is_hidden(&child, &name) {
            continue;
        }
        let block = !is_inline(&name);
        if block {
            push_collapsed(text, " ");
        }
        push_cell(text, &child, depth + 1);
        if block {
            push_collapsed(text, " ");
        }
    }
}

//! Tables of a page. Tables that only place things on the screen are walked like any other element.

use dom_query::NodeRef;

use super::{
    furniture::{is_hidden, is_inline, spoken, text_length},
    walk::push_collapsed,
};
use crate::{BlockKind, ParseError, writer::Writer, writer::one_line};

/// Whether rows and columns mean something: more than one cell in a row, nothing large inside. A table in a cell is
/// part of that cell where the outer one is a table by its own heads or its short cells.
pub(super) fn holds_data(table: &NodeRef<'_>) -> bool {
    const LONGEST_CELL: usize = 2_000;
    const LONGEST_AROUND_TABLE: usize = 400;
    let rows = rows(table);
    let all_within = |most: usize| {
        rows.iter().all(|row| cells(row).all(|cell| text_length(&cell, most, |_| true) <= most))
    };
    let presented = table.attr("role").is_some_and(|role| matches!(&*role, "presentation" | "none"));
    // First what costs little: tables of a hostile page stand in each other by the thousand, and each is asked.
    if presented || !rows.iter().any(|row| cells(row).nth(1).is_some()) || !all_within(LONGEST_CELL) {
        return false;
    }
    let named = rows.iter().any(|row| row.children_it(false).any(|cell| cell.has_name("th")));
    let mut nested = false;
    for node in table.descendants_it() {
        match node.node_name().as_deref() {
            Some("h1" | "h2" | "h3" | "form" | "article" | "section" | "pre") => return false,
            Some("table") => nested = true,
            _ => {}
        }
    }
    !nested || named || all_within(LONGEST_AROUND_TABLE)
}

/// The rows of a table itself, not those of tables in its cells.
fn rows<'a>(table: &NodeRef<'a>) -> Vec<NodeRef<'a>> {
    let mut rows = Vec::new();
    for child in table.children_it(false) {
        match child.node_name().as_deref() {
            Some("tr") => rows.push(child),
            Some("thead" | "tbody" | "tfoot") => {
                rows.extend(child.children_it(false).filter(|row| row.has_name("tr")));
            }
            _ => {}
        }
    }
    rows
}

/// Writes the caption as a paragraph and every row.
pub(super) fn write(table: &NodeRef<'_>, writer: &mut Writer<'_>) -> Result<(), ParseError> {
    let mut spans: Vec<Span> = Vec::new();
    let number = writer.next_table();
    if let Some(caption) = table.children_it(false).find(|child| child.has_name("caption")) {
        writer.push(BlockKind::Paragraph, &one_line(&caption.text()))?;
    }
    for (index, node) in rows(table).iter().enumerate() {
        let in_head = node.parent().is_some_and(|parent| parent.has_name("thead"));
        let (cells, named) = row(node, &mut spans);
        writer.row(number, index == 0 && (named || in_head), &cells)?;
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
        if let Some(said) = spoken(&child, &name) {
            push_collapsed(text, &said);
            continue;
        }
        // Rows and cells of a table in a cell stay apart.
        match &*name {
            "td" | "th" => part(text, ", "),
            "tr" => part(text, "; "),
            _ => {}
        }
        let block = !is_inline(&name);
        if block {
            push_collapsed(text, " ");
        }
        push_cell(text, &child, depth + 1);
        if block && !matches!(&*name, "td" | "th" | "tr") {
            push_collapsed(text, " ");
        }
    }
}

/// Ends a cell or row of a table in a cell, where there is one before.
fn part(text: &mut String, mark: &str) {
    let length = text.trim_end().len();
    if length > 0 && !text.trim_end().ends_with(mark.trim_end()) && !text.trim_end().ends_with(';') {
        text.truncate(length);
        text.push_str(mark);
    }
}

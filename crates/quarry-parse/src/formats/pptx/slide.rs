//! What is on a slide: shapes with their paragraphs, tables, and the places of charts and diagrams.

use quick_xml::events::{BytesStart, Event};

use crate::{
    Limits, ParseError,
    formats::{
        markup::{attribute, prefixed_attribute, reader, reference},
        numerals,
    },
};

/// One thing on a slide, in the order of the file, which is that of reading.
pub(super) enum Item {
    Shape(Role, Vec<Paragraph>),
    Table {
        rows: Vec<Vec<String>>,
        header: bool,
    },
    /// The relation to a part with a chart or a diagram.
    Part(String),
}

impl Item {
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Shape(role, _) => Some(*role),
            _ => None,
        }
    }
}

/// What a shape is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Text,
    /// Header, footer, date.
    Furniture,
}

#[derive(Default)]
pub(super) struct Paragraph {
    pub text: String,
    pub is_item: bool,
}

pub(super) struct Slide {
    pub items: Vec<Item>,
    pub broken: bool,
}

/// Reads the part of a slide or of its notes.
pub(super) fn read(text: &str, limits: &Limits) -> Result<Slide, ParseError> {
    let mut reader = reader(text);
    let mut walk = Walk { limits, ..Walk::new(limits) };
    let (mut skipping, mut depth, mut broken) = (0_usize, 0_usize, false);
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => {
                broken = true;
                break;
            }
        };
        match event {
            Event::Eof => break,
            Event::Start(_) if skipping > 0 => skipping += 1,
            Event::End(_) if skipping > 0 => skipping -= 1,
            _ if skipping > 0 => {}
            // The second form of what a newer program draws in another way.
            Event::Start(element) if element.local_name().as_ref() == "Fallback" => skipping = 1,
            Event::Start(element) => {
                depth += 1;
                if depth > limits.nesting.saturating_mul(4) {
                    return Err(ParseError::over("levels of nesting", limits.nesting.saturating_mul(4)));
                }
                walk.start(&element);
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                walk.end(element.local_name().as_ref())?;
            }
            Event::Text(text) if walk.in_text => walk.text(&text.xml10_content()),
            Event::CData(text) if walk.in_text => walk.text(&text.xml10_content()),
            Event::GeneralRef(entity) if walk.in_text => {
                walk.text(&reference(&entity).map(String::from).unwrap_or_default());
            }
            _ => {}
        }
    }
    walk.end("p")?;
    walk.end("tbl")?;
    walk.end("sp")?;
    Ok(Slide { items: walk.items, broken })
}

/// What stands before a paragraph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Mark {
    /// What the placeholder has.
    #[default]
    Inherited,
    None,
    Bullet,
    Number {
        format: String,
        start: u32,
    },
}

#[derive(Default)]
struct Open {
    text: String,
    level: usize,
    mark: Mark,
}

#[derive(Default)]
struct Shape {
    kind: Option<String>,
    paragraphs: Vec<Paragraph>,
    counters: Vec<u32>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    header: bool,
    cell: Vec<String>,
    /// Whether the open cell only continues the one to its left, or the one above it.
    covered: bool,
    below: bool,
}

struct Walk<'a> {
    limits: &'a Limits,
    items: Vec<Item>,
    shape: Shape,
    table: Option<Table>,
    paragraph: Option<Open>,
    in_text: bool,
    in_number_field: bool,
    rows: usize,
}

impl<'a> Walk<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            items: Vec::new(),
            shape: Shape::default(),
            table: None,
            paragraph: None,
            in_text: false,
            in_number_field: false,
            rows: 0,
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraph.as_mut().filter(|_| !self.in_number_field) {
            // A vertical tab is a line break within a title.
            paragraph.text.push_str(&text.replace(['\u{b}', '\r'], "\n"));
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) {
        let value = |name| attribute(element, name);
        let is_on = |name| matches!(attribute(element, name).as_deref(), Some("1" | "true"));
        match (element.local_name().as_ref(), &mut self.paragraph, &mut self.table) {
            ("sp" | "graphicFrame" | "pic" | "cxnSp", ..) => self.shape = Shape::default(),
            ("ph", ..) => self.shape.kind = Some(value("type").unwrap_or_else(|| "obj".to_owned())),
            ("p", ..) => self.paragraph = Some(Open::default()),
            ("pPr", Some(paragraph), _) => {
                let level = value("lvl").and_then(|level| level.parse::<usize>().ok()).unwrap_or(0);
                paragraph.level = level.min(8);
            }
            ("buNone", Some(paragraph), _) => paragraph.mark = Mark::None,
            ("buChar" | "buBlip", Some(paragraph), _) => paragraph.mark = Mark::Bullet,
            ("buAutoNum", Some(paragraph), _) => {
                let start = value("startAt").and_then(|start| start.parse().ok()).unwrap_or(1);
                paragraph.mark = Mark::Number { format: value("type").unwrap_or_default(), start };
            }
            ("br", Some(paragraph), _) => paragraph.text.push('\n'),
            ("fld", ..) => {
                self.in_number_field = value("type").is_some_and(|kind| kind == "slidenum");
            }
            ("t", ..) => self.in_text = true,
            ("tbl", ..) => self.table = Some(Table::default()),
            ("tblPr", _, Some(table)) => table.header = is_on("firstRow"),
            ("tr", _, Some(table)) => table.rows.push(Vec::new()),
            ("tc", _, Some(table)) => (table.covered, table.below) = (is_on("hMerge"), is_on("vMerge")),
            ("relIds", ..) => self.items.extend(value("dm").map(Item::Part)),
            ("chart", ..) => self.items.extend(prefixed_attribute(element, "id").map(Item::Part)),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) -> Result<(), ParseError> {
        match name {
            "t" => self.in_text = false,
            "fld" => self.in_number_field = false,
            "p" => self.end_paragraph(),
            "tc" => self.end_cell(),
            "tr" => {
                self.rows += 1;
                if self.rows > self.limits.table_rows {
                    return Err(ParseError::over("table rows", self.limits.table_rows));
                }
            }
            "tbl" => {
                if let Some(table) = self.table.take() {
                    self.items.push(Item::Table { rows: table.rows, header: table.header });
                }
            }
            "sp" | "graphicFrame" | "pic" | "cxnSp" => {
                let shape = std::mem::take(&mut self.shape);
                let role = match shape.kind.as_deref() {
                    Some("title" | "ctrTitle") => Role::Title,
                    Some("ftr" | "dt" | "hdr") => Role::Furniture,
                    Some("sldNum" | "sldImg") => return Ok(()),
                    _ => Role::Text,
                };
                if shape.paragraphs.iter().any(|paragraph| !paragraph.text.trim().is_empty()) {
                    self.items.push(Item::Shape(role, shape.paragraphs));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) {
        let Some(table) = &mut self.table else { return };
        let mut text = std::mem::take(&mut table.cell).join("\n");
        let column = table.rows.last().map_or(0, Vec::len);
        if table.below && text.trim().is_empty() {
            // A cell that reaches down says the same in each row.
            let above = table.rows.iter().rev().nth(1).and_then(|row| row.get(column));
            text = above.cloned().unwrap_or_default();
        } else if table.covered {
            text.clear();
        }
        if let Some(row) = table.rows.last_mut() {
            row.push(text);
        }
    }

    fn end_paragraph(&mut self) {
        let Some(paragraph) = self.paragraph.take() else { return };
        self.in_text = false;
        let text = paragraph.text.trim();
        if let Some(table) = &mut self.table {
            if !text.is_empty() {
                table.cell.push(text.to_owned());
            }
            return;
        }
        if text.is_empty() {
            return;
        }
        let is_list = matches!(self.shape.kind.as_deref(), Some("body" | "obj"));
        let indent = "  ".repeat(paragraph.level);
        let counters = &mut self.shape.counters;
        counters.truncate(paragraph.level + 1);
        let mark = match &paragraph.mark {
            Mark::Number { format, start } => {
                counters.resize(paragraph.level + 1, 0);
                let counter = counters.last_mut();
                let number = counter.map_or(*start, |counter| {
                    *counter = if *counter == 0 { *start } else { counter.saturating_add(1) };
                    *counter
                });
                Some(number_text(number, format))
            }
            other => {
                counters.truncate(paragraph.level);
                let bullet = *other == Mark::Bullet || (*other == Mark::Inherited && is_list);
                bullet.then(|| "-".to_owned())
            }
        };
        let is_item = mark.is_some();
        let text = mark.map_or_else(|| text.to_owned(), |mark| format!("{indent}{mark} {text}"));
        self.shape.paragraphs.push(Paragraph { text, is_item });
    }
}

/// A number as its format, such as `alphaLcParenR`, writes it.
fn number_text(number: u32, format: &str) -> String {
    let digits = match format {
        _ if format.starts_with("alphaLc") => "lowerLetter",
        _ if format.starts_with("alphaUc") => "upperLetter",
        _ if format.starts_with("romanLc") => "lowerRoman",
        _ if format.starts_with("romanUc") => "upperRoman",
        _ => "decimal",
    };
    let number = numerals::write(number, digits);
    if format.ends_with("ParenBoth") {
        format!("({number})")
    } else if format.ends_with("ParenR") {
        format!("{number})")
    } else if format.ends_with("Plain") {
        number
    } else {
        format!("{number}.")
    }
}

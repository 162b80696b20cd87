//! Word documents: the parts of the container, put together.

mod body;
mod notes;
mod numbering;
mod styles;

use std::collections::BTreeMap;

use super::{Input, diagrams, office};
use crate::{BlockKind, ParseError, Parsed, archive::Archive, writer::Writer, writer::one_line};
use body::{Body, Item};
use numbering::Numbering;
use styles::Styles;

const LABEL: &str = "Word document";

/// Reads a document: body with notes behind the paragraphs that refer to them, then the texts of diagrams.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut archive = Archive::open(input, LABEL)?;
    let Some(document) = main_part(&mut archive)? else {
        return Err(ParseError::damaged(LABEL, "it has no main part (word/document.xml)"));
    };
    let styles = Styles::read(&archive.text("word/styles.xml")?);
    let numbering = Numbering::read(&archive.text("word/numbering.xml")?);
    let mut all_notes = BTreeMap::new();
    const NOTES: &[(&str, &str)] = &[
        ("footnote", "word/footnotes.xml"),
        ("endnote", "word/endnotes.xml"),
        ("comment", "word/comments.xml"),
    ];
    for (kind, name) in NOTES.iter().copied() {
        let part = archive.text(name)?;
        all_notes.extend(notes::read(&part, kind, input.limits)?);
    }
    let items = Body::new(styles, numbering, input.limits).read(&document)?;
    let mut writer = Writer::new(input.limits);
    let mut title = None;
    for item in items {
        write(&mut writer, item, &mut all_notes, &mut title)?;
    }
    drawings(&mut archive, &mut writer)?;
    furniture(&mut archive, &mut writer, input)?;
    let metadata = office::properties(&archive.text("docProps/core.xml")?);
    let mut parsed = writer.finish();
    let stated = metadata.get("title").cloned();
    parsed.title = title.or(stated).or(parsed.title);
    parsed.metadata = metadata.into_iter().filter(|(name, _)| name != "title").collect();
    Ok(parsed)
}

/// The main part has another name in files of some producers.
fn main_part(archive: &mut Archive<'_>) -> Result<Option<String>, ParseError> {
    let mut names: Vec<String> = archive
        .names()
        .into_iter()
        .filter(|name| name.starts_with("word/document") && name.ends_with(".xml"))
        .collect();
    names.sort();
    match names.first() {
        Some(name) => archive.text(name).map(Some),
        None => Ok(None),
    }
}

/// The texts of SmartArt and charts, which stand in parts of their own.
fn drawings(archive: &mut Archive<'_>, writer: &mut Writer<'_>) -> Result<(), ParseError> {
    let is_drawing = |name: &String| {
        name.starts_with("word/diagrams/data")
            || (name.starts_with("word/charts/chart") && name.ends_with(".xml"))
    };
    let mut names: Vec<String> = archive.names().into_iter().filter(is_drawing).collect();
    names.sort();
    names.iter().try_for_each(|name| diagrams::write(&archive.text(name)?, writer))
}

/// What stands at the head and foot of every page, once.
fn furniture(
    archive: &mut Archive<'_>,
    writer: &mut Writer<'_>,
    input: &Input<'_>,
) -> Result<(), ParseError> {
    const MOST: usize = 50;
    let is_furniture = |name: &String| {
        (name.starts_with("word/header") || name.starts_with("word/footer")) && name.ends_with(".xml")
    };
    let mut names: Vec<String> = archive.names().into_iter().filter(is_furniture).take(MOST).collect();
    names.sort();
    let mut seen = Vec::new();
    for name in names {
        let body = Body::new(Styles::default(), Numbering::default(), input.limits);
        // A broken header costs the header.
        let Ok(items) = body.read(&archive.text(&name)?) else { continue };
        let text = one_line(&notes::flatten(items));
        if text.chars().any(char::is_alphabetic) && !seen.contains(&text) {
            writer.push(BlockKind::Paragraph, &text)?;
            seen.push(text);
        }
    }
    Ok(())
}

fn write(
    writer: &mut Writer<'_>,
    item: Item,
    notes: &mut BTreeMap<(String, String), String>,
    title: &mut Option<String>,
) -> Result<(), ParseError> {
    match item {
        Item::Paragraph { kind, text, is_title } => {
            if is_title && title.is_none() {
                *title = Some(one_line(&text));
            }
            writer.push(kind, &text)
        }
        Item::Table(rows) => {
            let header = rows.len() > 1 && rows.first().is_some_and(|cells| super::table::is_header(cells));
            writer.table(&rows, header)
        }
        Item::Note(key) => match notes.remove(&key) {
            Some(text) if key.0 == "comment" => {
                writer.push(BlockKind::Paragraph, &format!("[Comment] {text}"))
            }
            Some(text) => writer.push(BlockKind::Paragraph, &format!("[{}] {text}", key.1)),
            None => Ok(()),
        },
    }
}

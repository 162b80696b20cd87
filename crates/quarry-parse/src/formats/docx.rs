//! Word documents: the parts of the container, put together.

mod body;
mod notes;
mod numbering;
mod styles;
mod xml;

use std::collections::BTreeMap;

use super::Input;
use crate::{BlockKind, ParseError, Parsed, archive::Archive, writer::Writer, writer::one_line};
use body::{Body, Item};
use numbering::Numbering;
use styles::Styles;

const LABEL: &str = "Word document";

/// Reads a document: body with notes behind the paragraphs that refer to them, then the texts of diagrams.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut archive = Archive::open(input.bytes, LABEL, input.limits)?;
    let Some(document) = main_part(&mut archive)? else {
        return Err(ParseError::damaged(LABEL, "it has no main part (word/document.xml)"));
    };
    let styles = Styles::read(&part(&mut archive, "word/styles.xml")?);
    let numbering = Numbering::read(&part(&mut archive, "word/numbering.xml")?);
    let mut all_notes = BTreeMap::new();
    for (kind, name) in [("footnote", "word/footnotes.xml"), ("endnote", "word/endnotes.xml")] {
        let part = part(&mut archive, name)?;
        all_notes.extend(notes::read(&part, kind, input.limits)?);
    }
    let items = Body::new(styles, numbering, input.limits).read(&document)?;
    let mut writer = Writer::new(input.limits);
    let mut title = None;
    for item in items {
        write(&mut writer, item, &mut all_notes, &mut title)?;
    }
    let mut diagrams: Vec<String> =
        archive.names().into_iter().filter(|name| name.starts_with("word/diagrams/data")).collect();
    diagrams.sort();
    for name in diagrams {
        for text in xml::paragraphs(&part(&mut archive, &name)?) {
            writer.push(BlockKind::Paragraph, &text)?;
        }
    }
    let metadata = properties(&part(&mut archive, "docProps/core.xml")?);
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
        Some(name) => part(archive, name).map(Some),
        None => Ok(None),
    }
}

/// The text of a part; a part that is not there is empty.
fn part(archive: &mut Archive<'_>, name: &str) -> Result<String, ParseError> {
    let bytes = archive.read(name)?.unwrap_or_default();
    Ok(crate::decode::decode(&bytes, None))
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
            Some(text) => writer.push(BlockKind::Paragraph, &format!("[{}] {text}", key.1)),
            None => Ok(()),
        },
    }
}

/// The properties that Word shows under "Info".
fn properties(core: &str) -> BTreeMap<String, String> {
    const NAMES: &[(&str, &str)] = &[
        ("title", "title"),
        ("creator", "author"),
        ("created", "created"),
        ("modified", "modified"),
        ("subject", "subject"),
        ("keywords", "keywords"),
        ("language", "language"),
    ];
    let texts = xml::leaves(core);
    let known = |(name, text): (String, String)| {
        let (_, to) = NAMES.iter().find(|(from, _)| *from == name)?;
        let text = one_line(&text);
        (!text.is_empty()).then(|| ((*to).to_owned(), text))
    };
    texts.into_iter().filter_map(known).collect()
}

//! Any XML: its texts, as prose where its elements are those of a document, as named values where they are data.
//!
//! [`tree`] turns events into [`pieces`] from the inside out and [`names`] knows what elements are called in the usual
//! kinds of documents (JATS, DocBook, TEI, DITA, FictionBook, feeds). Nothing outside the file is ever fetched, and
//! entities that the file defines are replaced only where their text is plain.

mod entities;
mod names;
mod pieces;
mod tree;

use quick_xml::events::Event;

use super::{
    Input,
    markup::{reader, reference},
};
use crate::{BlockKind, ParseError, Parsed, decode::decode, writer::Writer, writer::one_line};
use entities::Entities;
use pieces::Piece;
use tree::Tree;

const LABEL: &str = "XML document";

/// Reads a document.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, declared_encoding(input.bytes));
    let is_prose = names::is_prose(&text);
    let mut reader = reader(&text);
    let mut tree = Tree::new(input.limits, is_prose);
    let mut entities = Entities::default();
    let mut broken = None;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(element)) => tree.start(&element)?,
            Ok(Event::End(_)) => tree.end()?,
            Ok(Event::Text(text)) => tree.text(&text.xml10_content())?,
            Ok(Event::CData(text)) => tree.data(&text.xml10_content())?,
            Ok(Event::DocType(content)) => entities.define(&content.into_inner()),
            Ok(Event::GeneralRef(entity)) => match reference(&entity) {
                Some(letter) => tree.text(letter.encode_utf8(&mut [0; 4]))?,
                None => tree.text(entities.get(&entity.xml10_content()))?,
            },
            Ok(_) => {}
            Err(error) => {
                broken = Some(error.to_string());
                break;
            }
        }
    }
    let pieces = tree.finish()?;
    let mut writer = Writer::new(input.limits);
    let mut table = None;
    for piece in pieces {
        write(&mut writer, piece, is_prose, &mut table)?;
    }
    if let (Some(error), true) = (&broken, writer.is_empty()) {
        return Err(ParseError::damaged(LABEL, error));
    }
    let mut parsed = writer.finish();
    if let Some(error) = broken {
        parsed.warnings.push(format!("the XML breaks off or is not well-formed ({error}); read up to there"));
    }
    Ok(parsed)
}

fn write(
    writer: &mut Writer<'_>,
    piece: Piece,
    is_prose: bool,
    table: &mut Option<u32>,
) -> Result<(), ParseError> {
    if let Piece::Row { cells, header } = piece {
        let number = *table.get_or_insert_with(|| writer.next_table());
        return writer.row(number, header, &cells);
    }
    *table = None;
    match piece {
        Piece::Block(kind, text) => writer.push(kind, &text),
        Piece::Record(fields) => {
            let line = |(name, text): &(String, String)| {
                if is_prose || name.is_empty() {
                    one_line(text)
                } else {
                    format!("{name}: {}", one_line(text))
                }
            };
            let lines: Vec<String> = fields.iter().map(line).filter(|line| !line.is_empty()).collect();
            // Parts of a name or a date belong on one line; the fields of data do not.
            writer.push(BlockKind::Paragraph, &lines.join(if is_prose { " " } else { "\n" }))
        }
        Piece::Text(text) | Piece::Inline { text, .. } => writer.push(BlockKind::Paragraph, &one_line(&text)),
        Piece::TableEnd | Piece::Row { .. } => Ok(()),
    }
}

/// The encoding in the declaration. Files in UTF-16 say all kinds of things there; their bytes are believed first.
fn declared_encoding(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = bytes.get(..200).unwrap_or(bytes);
    let end = head.iter().position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, rest) = declaration.split_once("encoding=")?;
    let label = rest.trim_start_matches(['"', '\'']).split(['"', '\'', '?']).next()?;
    encoding_rs::Encoding::for_label(label.as_bytes())
}

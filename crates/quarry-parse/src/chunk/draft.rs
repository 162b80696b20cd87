//! From ranges of pieces to drafts: their text, place, page, kind and context.

use std::ops::Range;

use quarry_core::{ChunkKind, Span};

use super::{ChunkDraft, Cut, pieces::Piece};
use crate::{Block, BlockKind, Parsed};

/// Turns cuts into drafts; cuts that hold nothing but white space give none.
pub(super) fn write(parsed: &Parsed, pieces: &[Piece], cuts: Vec<Cut>) -> Vec<ChunkDraft> {
    let headers = headers(parsed);
    let start = || Place { text: &parsed.text, byte: 0, char: 0 };
    // Windows lie around their drafts; a place of their own keeps both in nearly rising order.
    let (mut place, mut window_place) = (start(), start());
    let mut drafts = Vec::with_capacity(cuts.len());
    for cut in cuts {
        let Some(members) = pieces.get(cut.pieces) else { continue };
        let Some(bytes) = trimmed(parsed, members) else { continue };
        let span = place.span(&bytes);
        let window = cut.window.and_then(|window| trimmed(parsed, pieces.get(window)?));
        drafts.push(ChunkDraft {
            text: parsed.text.get(bytes).unwrap_or_default().to_owned(),
            headings: cut.headings,
            page: members.iter().find_map(|piece| piece.page),
            span,
            kind: kind(members),
            context: context(parsed, members, &headers),
            window: window.map(|window| window_place.span(&window)).filter(|window| *window != span),
        });
    }
    drafts
}

/// Where the text of some pieces is, without the white space around it.
fn trimmed(parsed: &Parsed, members: &[Piece]) -> Option<Range<usize>> {
    let bytes = members.first()?.range.start..members.last()?.range.end;
    let text = parsed.text.get(bytes.clone())?;
    let start = bytes.start + text.len() - text.trim_start().len();
    let text = text.trim();
    (!text.is_empty()).then(|| start..start + text.len())
}

/// Where each table's header row is.
fn headers(parsed: &Parsed) -> Vec<(u32, Range<usize>)> {
    let header = |block: &Block| match block.kind {
        BlockKind::TableRow { table, header: true } => Some((table, block.range.clone())),
        _ => None,
    };
    parsed.blocks.iter().filter_map(header).collect()
}

fn context(parsed: &Parsed, members: &[Piece], headers: &[(u32, Range<usize>)]) -> Option<String> {
    // Longer header rows would be most of what is embedded with a row.
    const LONGEST: usize = 400;
    let (first, table) = members.iter().find_map(|piece| match piece.kind {
        BlockKind::TableRow { table, .. } => Some((piece, table)),
        _ => None,
    })?;
    let index = headers.binary_search_by_key(&table, |(table, _)| *table).ok()?;
    let (_, header) = headers.get(index)?;
    if header.start >= first.range.start || header.len() > LONGEST {
        return None;
    }
    parsed.text.get(header.clone()).map(str::to_owned)
}

fn kind(members: &[Piece]) -> ChunkKind {
    let weight = |wanted: fn(BlockKind) -> bool| -> usize {
        members.iter().filter(|piece| wanted(piece.kind)).map(|piece| piece.tokens).sum()
    };
    let total = weight(|kind| !matches!(kind, BlockKind::Heading(_)));
    let most = |part: usize| part * 2 > total;
    if most(weight(|kind| matches!(kind, BlockKind::TableRow { .. }))) {
        ChunkKind::Table
    } else if most(weight(|kind| kind == BlockKind::Code)) {
        ChunkKind::Code
    } else if most(weight(|kind| kind == BlockKind::ListItem)) {
        ChunkKind::List
    } else {
        ChunkKind::Prose
    }
}

/// Turns byte places into character places. Asked in nearly rising order, it counts each byte about once.
struct Place<'a> {
    text: &'a str,
    byte: usize,
    char: u32,
}

impl Place<'_> {
    fn span(&mut self, bytes: &Range<usize>) -> Span {
        let start = self.char_at(bytes.start);
        Span { start, end: self.char_at(bytes.end) }
    }

    fn char_at(&mut self, byte: usize) -> u32 {
        let count = |range: Range<usize>| {
            let bytes = self.text.as_bytes().get(range).unwrap_or_default();
            // Every character has one byte that does not continue another.
            u32::try_from(bytes.iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count())
                .unwrap_or(u32::MAX)
        };
        if byte >= self.byte {
            self.char = self.char.saturating_add(count(self.byte..byte));
        } else {
            self.char = self.char.saturating_sub(count(byte..self.byte));
        }
        self.byte = byte;
        self.char
    }
}

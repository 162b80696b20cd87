//! Cutting a document's text into chunks, by its structure.
//!
//! Four steps: [`pieces`] cuts blocks that are too long and counts every piece once; [`sections`] joins the pieces
//! under headings into sections and the tiny sections into groups; [`pack`] fills chunks from a group, keeping
//! lists, tables and code whole where they fit; this file turns ranges of pieces into drafts.
//!
//! Invariant: each draft's text is the document's text at its span, drafts are in order, together they hold all
//! text that is not blank, and none has more than the asked number of tokens unless a single letter has. Tested in
//! `tests/it/chunking.rs`.

mod pack;
mod pieces;
mod sections;

use std::ops::Range;

use quarry_core::{ChunkKind, Span};
use serde::{Deserialize, Serialize};

use crate::{BlockKind, Parsed};
use pieces::Piece;

/// How large chunks become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChunkSettings {
    /// Most tokens in a chunk.
    pub max_tokens: usize,
    /// Tokens that a chunk repeats from the one before, where a paragraph had to be cut between them.
    pub overlap_tokens: usize,
}

impl Default for ChunkSettings {
    fn default() -> Self {
        Self { max_tokens: 400, overlap_tokens: 32 }
    }
}

/// A chunk before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkDraft {
    /// Its text: exactly the document's text at `span`.
    pub text: String,
    /// The headings above it, from the highest. A heading that stands in the chunk is in its path too, when the
    /// whole chunk is under it.
    pub headings: Vec<String>,
    /// The page it starts on.
    pub page: Option<u32>,
    /// Where it is, in characters of the document's text.
    pub span: Span,
    /// What most of it is.
    pub kind: ChunkKind,
    /// For rows of a table whose header row is in another chunk: that header row. Not part of `text`.
    pub context: Option<String>,
}

/// Cuts a document into chunks. `count` gives the tokens of a text; it is called once for each block, and once
/// more for each part of a block that is too long. The tokens of a chunk are the sum over its parts.
#[must_use]
pub fn chunk(parsed: &Parsed, settings: &ChunkSettings, count: &dyn Fn(&str) -> usize) -> Vec<ChunkDraft> {
    let settings = ChunkSettings { max_tokens: settings.max_tokens.max(1), ..*settings };
    let pieces = pieces::cut(parsed, settings.max_tokens, count);
    let groups = sections::group(parsed, &pieces, settings.max_tokens);
    let mut drafts = Vec::new();
    let mut place = Place { text: &parsed.text, byte: 0, char: 0 };
    let headers = headers(parsed);
    for group in groups {
        for range in pack::pack(pieces.get(group.pieces.clone()).unwrap_or_default(), &settings) {
            let range = range.start + group.pieces.start..range.end + group.pieces.start;
            let Some(members) = pieces.get(range) else { continue };
            drafts.extend(draft(parsed, members, &group.headings, &headers, &mut place));
        }
    }
    drafts
}

fn draft(
    parsed: &Parsed,
    members: &[Piece],
    headings: &[String],
    headers: &[(u32, Range<usize>)],
    place: &mut Place<'_>,
) -> Option<ChunkDraft> {
    let bytes = members.first()?.range.start..members.last()?.range.end;
    let text = parsed.text.get(bytes.clone())?;
    let lead = text.len() - text.trim_start().len();
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let start = place.char_at(bytes.start + lead);
    let end = place.char_at(bytes.start + lead + text.len());
    Some(ChunkDraft {
        text: text.to_owned(),
        headings: headings.to_vec(),
        page: members.iter().find_map(|piece| piece.page),
        span: Span { start, end },
        kind: kind(members),
        context: context(parsed, members, headers),
    })
}

/// Where each table's header row is.
fn headers(parsed: &Parsed) -> Vec<(u32, Range<usize>)> {
    let header = |block: &crate::Block| match block.kind {
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

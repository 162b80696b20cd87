//! Filling chunks from the pieces of one group.

use std::ops::Range;

use super::{ChunkSettings, pieces::Piece};
use crate::BlockKind;

/// Pieces that should stay in one chunk.
struct Atom {
    pieces: Range<usize>,
    tokens: usize,
}

/// Ranges of pieces, one for each chunk. They tile the group, apart from the overlap where a block was cut.
pub(super) fn pack(pieces: &[Piece], settings: &ChunkSettings) -> Vec<Range<usize>> {
    let total: usize = pieces.iter().map(|piece| piece.tokens).sum();
    if total <= settings.max_tokens {
        return std::iter::once(0..pieces.len()).filter(|range| !range.is_empty()).collect();
    }
    // Chunks of about the same size instead of full ones and a small rest.
    let target = total.div_ceil(total.div_ceil(settings.max_tokens));
    let mut chunks: Vec<Range<usize>> = Vec::new();
    let mut open = Open { pieces: 0..0, tokens: 0 };
    for atom in atoms(pieces, settings.max_tokens) {
        let full = open.tokens + atom.tokens > settings.max_tokens;
        let enough = open.tokens + atom.tokens / 2 > target;
        if open.tokens > 0 && (full || enough) {
            chunks.push(open.pieces.clone());
            open = Open::after(pieces, &atom, settings);
        }
        open.pieces.end = atom.pieces.end;
        open.tokens += atom.tokens;
    }
    if let Some(last) = chunks.last_mut()
        && tokens(pieces, last.start..open.pieces.end) <= settings.max_tokens
    {
        last.end = open.pieces.end;
    } else {
        chunks.push(open.pieces);
    }
    chunks
}

struct Open {
    pieces: Range<usize>,
    tokens: usize,
}

impl Open {
    /// A chunk that will start with `atom`: in the middle of a block it reaches back for the overlap.
    fn after(pieces: &[Piece], atom: &Atom, settings: &ChunkSettings) -> Self {
        let (mut start, mut repeated) = (atom.pieces.start, 0);
        let room = settings.overlap_tokens.min(settings.max_tokens.saturating_sub(atom.tokens));
        while let [before, piece, ..] = pieces.get(start.wrapping_sub(1)..).unwrap_or_default() {
            let prose = !matches!(piece.kind, BlockKind::TableRow { .. } | BlockKind::Code);
            if !(piece.continues && prose && repeated + before.tokens <= room) {
                break;
            }
            repeated += before.tokens;
            start -= 1;
        }
        Self { pieces: start..atom.pieces.end, tokens: repeated }
    }
}

fn tokens(pieces: &[Piece], range: Range<usize>) -> usize {
    pieces.get(range).unwrap_or_default().iter().map(|piece| piece.tokens).sum()
}

/// Whole lists, tables and listings where they fit; single pieces elsewhere; a heading with what follows it.
fn atoms(pieces: &[Piece], max_tokens: usize) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let end = run_end(pieces, at);
        let whole = tokens(pieces, at..end);
        if whole <= max_tokens {
            atoms.push(Atom { pieces: at..end, tokens: whole });
        } else {
            atoms.extend(
                (at..end)
                    .map(|index| Atom { pieces: index..index + 1, tokens: tokens(pieces, index..index + 1) }),
            );
        }
        at = end;
    }
    glue_headings(pieces, atoms, max_tokens)
}

/// The end of the list, table or listing that starts here, or just the next piece.
fn run_end(pieces: &[Piece], at: usize) -> usize {
    let Some(first) = pieces.get(at) else { return at };
    let same = |piece: &&Piece| match (first.kind, piece.kind) {
        (BlockKind::ListItem, BlockKind::ListItem) => true,
        (BlockKind::TableRow { table: a, .. }, BlockKind::TableRow { table: b, .. }) => a == b,
        _ => piece.continues && first.kind == BlockKind::Code,
    };
    at + 1 + pieces.get(at + 1..).unwrap_or_default().iter().take_while(same).count()
}

/// No chunk ends with a heading: it goes with the next atom, as long as both fit.
fn glue_headings(pieces: &[Piece], atoms: Vec<Atom>, max_tokens: usize) -> Vec<Atom> {
    let mut glued: Vec<Atom> = Vec::with_capacity(atoms.len());
    for atom in atoms {
        let after_heading = |last: &Atom| {
            let heading = pieces
                .get(last.pieces.end - 1)
                .is_some_and(|piece| matches!(piece.kind, BlockKind::Heading(_)));
            heading && last.tokens + atom.tokens <= max_tokens
        };
        match glued.last_mut() {
            Some(last) if after_heading(last) => {
                last.pieces.end = atom.pieces.end;
                last.tokens += atom.tokens;
            }
            _ => glued.push(atom),
        }
    }
    glued
}

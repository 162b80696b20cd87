//! Which pieces belong together: the sections under headings, and tiny sections joined with their neighbours.

use std::ops::Range;

use super::pieces::Piece;
use crate::{BlockKind, Parsed, writer::one_line};

/// Pieces that may share chunks.
pub(super) struct Group {
    pub pieces: Range<usize>,
    pub headings: Vec<String>,
}

/// One heading with what stands under it up to the next heading of any level.
struct Section {
    pieces: Range<usize>,
    /// The headings above it and its own, with their levels.
    path: Vec<(u8, String)>,
    tokens: usize,
    /// Whether there is anything but the heading.
    bare: bool,
}

/// Sections in order, the tiny ones joined.
pub(super) fn group(parsed: &Parsed, pieces: &[Piece], max_tokens: usize) -> Vec<Group> {
    // Below a sixth of a chunk a section says too little alone; half a chunk is enough company.
    let (tiny, company) = ((max_tokens / 6).max(1), (max_tokens / 2).max(1));
    let mut groups: Vec<Section> = Vec::new();
    for next in sections(parsed, pieces) {
        let Some(last) = groups.last_mut() else {
            groups.push(next);
            continue;
        };
        let sum = last.tokens + next.tokens;
        let goes_up = next.level() < last.level();
        // A heading without text belongs to what follows it; a short tail to what is before it, but never to an
        // older chapter.
        let join = if last.bare {
            !goes_up || sum <= max_tokens
        } else {
            (last.tokens < tiny && sum <= max_tokens)
                || (next.tokens < tiny && !next.bare && !goes_up && sum <= company)
        };
        if join {
            last.join(next);
        } else {
            groups.push(next);
        }
    }
    groups
        .into_iter()
        .map(|section| Group {
            pieces: section.pieces,
            headings: section.path.into_iter().map(|(_, heading)| heading).collect(),
        })
        .collect()
}

impl Section {
    fn level(&self) -> u8 {
        self.path.last().map_or(0, |(level, _)| *level)
    }

    fn join(&mut self, next: Self) {
        if self.bare {
            // Its headings stay in the text of the first chunk; the path is that of all the text below.
            self.path = next.path;
        } else {
            let common = self.path.iter().zip(&next.path).take_while(|(a, b)| a == b).count();
            self.path.truncate(common);
        }
        self.pieces.end = next.pieces.end;
        self.tokens += next.tokens;
        self.bare = self.bare && next.bare;
    }
}

/// The headings above a place, asked for in rising order.
pub(super) struct Path<'a> {
    parsed: &'a Parsed,
    next: usize,
    open: Vec<(u8, String)>,
}

impl<'a> Path<'a> {
    pub fn new(parsed: &'a Parsed) -> Self {
        Self { parsed, next: 0, open: Vec::new() }
    }

    /// The headings above a byte of the text, from the highest. One that starts there is among them.
    pub fn at(&mut self, byte: usize) -> Vec<String> {
        while let Some(block) = self.parsed.blocks.get(self.next).filter(|block| block.range.start <= byte) {
            if let BlockKind::Heading(level) = block.kind {
                self.open.retain(|(above, _)| *above < level);
                self.open.push((level, heading(self.parsed, block.range.clone())));
            }
            self.next += 1;
        }
        self.open.iter().map(|(_, heading)| heading.clone()).collect()
    }
}

fn sections(parsed: &Parsed, pieces: &[Piece]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut path: Vec<(u8, String)> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if let (BlockKind::Heading(level), false) = (piece.kind, piece.continues) {
            path.retain(|(above, _)| *above < level);
            path.push((level, heading(parsed, piece.range.clone())));
            sections.push(Section { pieces: index..index, path: path.clone(), tokens: 0, bare: true });
        }
        if sections.is_empty() {
            sections.push(Section { pieces: index..index, path: Vec::new(), tokens: 0, bare: true });
        }
        if let Some(section) = sections.last_mut() {
            section.pieces.end = index + 1;
            section.tokens += piece.tokens;
            section.bare &= matches!(piece.kind, BlockKind::Heading(_));
        }
    }
    sections
}

/// A heading on one line. What is longer than a line or two is a paragraph in disguise.
pub(super) fn heading(parsed: &Parsed, range: Range<usize>) -> String {
    const LONGEST: usize = 200;
    let text = one_line(parsed.text.get(range).unwrap_or_default());
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}

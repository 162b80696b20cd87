//! The smallest parts that chunks are made of: whole blocks, or parts of blocks that are too long.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::{Block, BlockKind, Parsed};

/// A part of the text with its tokens.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub kind: BlockKind,
    pub range: Range<usize>,
    pub page: Option<u32>,
    pub tokens: usize,
    /// Whether the same block goes on from the piece before.
    pub continues: bool,
}

/// Cuts the document's blocks. Text between blocks that is not blank becomes a paragraph, so nothing is lost.
pub(super) fn cut(parsed: &Parsed, max_tokens: usize, count: &dyn Fn(&str) -> usize) -> Vec<Piece> {
    let mut cutter = Cutter::new(&parsed.text, max_tokens, count);
    cutter.blocks(parsed);
    cutter.pieces
}

/// Like [`cut`], with every sentence of running text on its own.
pub(super) fn sentences(parsed: &Parsed, max_tokens: usize, count: &dyn Fn(&str) -> usize) -> Vec<Piece> {
    let mut cutter = Cutter { by_sentence: true, ..Cutter::new(&parsed.text, max_tokens, count) };
    cutter.blocks(parsed);
    cutter.pieces
}

/// The lines of the whole text, each with the blank lines above it.
pub(super) fn lines(parsed: &Parsed, max_tokens: usize, count: &dyn Fn(&str) -> usize) -> Vec<Piece> {
    let mut cutter = Cutter::new(&parsed.text, max_tokens, count);
    let all = Block { kind: BlockKind::Code, range: 0..parsed.text.len(), page: None };
    cutter.split(&all, all.range.clone(), Bound::Line);
    cutter.pieces
}

/// Where a text may be cut, from the best place to the worst.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Line,
    Sentence,
    Clause,
    Letter,
}

pub(super) struct Cutter<'a> {
    text: &'a str,
    max_tokens: usize,
    count: &'a dyn Fn(&str) -> usize,
    /// Whether running text is cut into sentences even where all of it fits.
    by_sentence: bool,
    pub pieces: Vec<Piece>,
}

impl<'a> Cutter<'a> {
    pub fn new(text: &'a str, max_tokens: usize, count: &'a dyn Fn(&str) -> usize) -> Self {
        Self { text, max_tokens, count, by_sentence: false, pieces: Vec::new() }
    }

    fn blocks(&mut self, parsed: &Parsed) {
        let mut at = 0;
        for block in &parsed.blocks {
            self.gap(at..block.range.start);
            self.block(block);
            at = at.max(block.range.end);
        }
        self.gap(at..parsed.text.len());
    }

    fn gap(&mut self, range: Range<usize>) {
        if self.text.get(range.clone()).is_some_and(|gap| !gap.trim().is_empty()) {
            self.block(&Block { kind: BlockKind::Paragraph, range, page: None });
        }
    }

    fn block(&mut self, block: &Block) {
        let Some(text) = self.text.get(block.range.clone()) else { return };
        if text.trim().is_empty() {
            return;
        }
        let prose = matches!(block.kind, BlockKind::Paragraph | BlockKind::Quote | BlockKind::ListItem);
        if self.by_sentence && prose {
            self.split(block, block.range.clone(), Bound::Sentence);
            return;
        }
        let tokens = (self.count)(text);
        if tokens <= self.max_tokens {
            self.add(block, block.range.clone(), tokens);
            return;
        }
        let bound = if block.kind == BlockKind::Code { Bound::Line } else { Bound::Sentence };
        self.split(block, block.range.clone(), bound);
    }

    /// Adds a part of a block, cut further where it is too long. Parts tile the block, so each carries the white
    /// space behind it.
    pub fn split(&mut self, block: &Block, range: Range<usize>, bound: Bound) {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let mut at = range.start;
        let mut pending = range.start..range.start;
        let mut pending_tokens = 0;
        // Small parts are joined up to this, so that overlaps and packing work with sentences, not with words.
        let enough =
            if matches!(bound, Bound::Line | Bound::Sentence) { 0 } else { (self.max_tokens / 8).max(1) };
        for part in parts(text, bound, self.max_tokens) {
            let part_range = at..at + part.len();
            at = part_range.end;
            let tokens = if part.trim().is_empty() { 0 } else { (self.count)(part) };
            if tokens > self.max_tokens {
                self.flush(block, &mut pending, &mut pending_tokens);
                self.too_long(block, part_range.clone(), bound);
                pending = part_range.end..part_range.end;
                continue;
            }
            if pending_tokens + tokens > enough.max(1) && pending_tokens > 0 {
                self.flush(block, &mut pending, &mut pending_tokens);
            }
            pending.end = part_range.end;
            pending_tokens += tokens;
        }
        self.flush(block, &mut pending, &mut pending_tokens);
    }

    fn too_long(&mut self, block: &Block, range: Range<usize>, bound: Bound) {
        match bound {
            Bound::Line => self.split(block, range, Bound::Sentence),
            Bound::Sentence => self.split(block, range, Bound::Clause),
            Bound::Clause => self.split(block, range, Bound::Letter),
            Bound::Letter => self.halve(block, range),
        }
    }

    /// Cuts a run without any bound in the middle until the halves fit or are single letters.
    fn halve(&mut self, block: &Block, range: Range<usize>) {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let letters = text.graphemes(true).count();
        let Some((middle, _)) = text.grapheme_indices(true).nth(letters / 2).filter(|(at, _)| *at > 0) else {
            // One letter that is over the limit alone: it cannot be cut.
            let tokens = (self.count)(text);
            self.add(block, range, tokens);
            return;
        };
        for half in [range.start..range.start + middle, range.start + middle..range.end] {
            let tokens = (self.count)(self.text.get(half.clone()).unwrap_or_default());
            if tokens <= self.max_tokens { self.add(block, half, tokens) } else { self.halve(block, half) }
        }
    }

    fn flush(&mut self, block: &Block, pending: &mut Range<usize>, tokens: &mut usize) {
        if pending.start < pending.end {
            self.add(block, pending.clone(), *tokens);
        }
        *pending = pending.end..pending.end;
        *tokens = 0;
    }

    fn add(&mut self, block: &Block, range: Range<usize>, tokens: usize) {
        let continues = range.start > block.range.start;
        self.pieces.push(Piece { kind: block.kind, range, page: block.page, tokens, continues });
    }
}

/// The parts of a text between bounds; they tile it.
fn parts(text: &str, bound: Bound, max_tokens: usize) -> Box<dyn Iterator<Item = &str> + '_> {
    match bound {
        Bound::Line => Box::new(text.split_inclusive('\n')),
        Bound::Sentence => Box::new(text.split_sentence_bounds()),
        // Words with the space behind them; Chinese and Japanese have no spaces but do have commas.
        Bound::Clause => Box::new(text.split_inclusive(|letter: char| {
            letter.is_whitespace() || matches!(letter, '，' | '、' | '；' | '：' | '。' | '､' | '\u{200b}')
        })),
        // A token is rarely less than a letter, so runs of as many letters as tokens mostly fit at once.
        Bound::Letter => Box::new(Runs { text, letters: max_tokens.max(2) }),
    }
}

/// Runs of a fixed number of letters (grapheme clusters).
struct Runs<'a> {
    text: &'a str,
    letters: usize,
}

impl<'a> Iterator for Runs<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = self.text.grapheme_indices(true).nth(self.letters).map_or(self.text.len(), |(at, _)| at);
        let (run, rest) = self.text.split_at_checked(end)?;
        self.text = rest;
        (!run.is_empty()).then_some(run)
    }
}

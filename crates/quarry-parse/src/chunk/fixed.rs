//! Windows of the same number of tokens over the whole text, whatever stands in it.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::{
    ChunkSettings, Cut,
    pieces::{Bound, Cutter, Piece},
    sections::Path,
};
use crate::{Block, BlockKind, Parsed};

/// Full windows, each starting with the last tokens of the one before.
pub(super) fn cut(
    parsed: &Parsed,
    settings: &ChunkSettings,
    count: &dyn Fn(&str) -> usize,
) -> (Vec<Piece>, Vec<Cut>) {
    let pieces = units(parsed, settings, count);
    let tokens = |range: Range<usize>| -> usize {
        pieces.get(range).unwrap_or_default().iter().map(|piece| piece.tokens).sum()
    };
    let mut cuts = Vec::new();
    let mut path = Path::new(parsed);
    let (mut start, mut end, mut sum) = (0, 0, 0);
    while end < pieces.len() {
        let next = tokens(end..end + 1);
        if end > start && sum + next > settings.max_tokens {
            cuts.push(window(&pieces, start..end, &mut path));
            let mut repeated = 0;
            let room = settings.overlap_tokens.min(settings.max_tokens.saturating_sub(next));
            // Each window must bring something new, so it never starts where the last one did.
            start += 1;
            let mut from = end;
            while from > start && repeated + tokens(from - 1..from) <= room {
                from -= 1;
                repeated += tokens(from..from + 1);
            }
            (start, sum) = (from, repeated);
        }
        sum += next;
        end += 1;
    }
    if start < end {
        cuts.push(window(&pieces, start..end, &mut path));
    }
    (pieces, cuts)
}

fn window(pieces: &[Piece], range: Range<usize>, path: &mut Path<'_>) -> Cut {
    let start = pieces.get(range.start).map_or(0, |piece| piece.range.start);
    Cut { pieces: range, headings: path.at(start), window: None }
}

/// A few words each, with the white space behind them. They tile the text.
fn units(parsed: &Parsed, settings: &ChunkSettings, count: &dyn Fn(&str) -> usize) -> Vec<Piece> {
    // A piece for every word would need more memory than the text; this fine, windows still come out full.
    let small = (settings.max_tokens / 32).max(1);
    let block = Block { kind: BlockKind::Paragraph, range: 0..parsed.text.len(), page: None };
    let mut cutter = Cutter::new(&parsed.text, settings.max_tokens, count);
    let mut at = 0;
    while let Some(rest) = parsed.text.get(at..).filter(|rest| !rest.is_empty()) {
        let run = run(rest);
        let tokens = count(run.trim());
        // Where no spaces part words, as in Chinese, their bounds do.
        let words: Vec<&str> = if tokens > small { run.split_word_bounds().collect() } else { vec![run] };
        for (index, word) in words.iter().enumerate() {
            let range = at..at + word.len();
            at = range.end;
            let tokens = if words.len() == 1 { tokens } else { count(word) };
            let mark = index > 0 && !word.chars().any(char::is_alphanumeric);
            if tokens > settings.max_tokens {
                cutter.split(&block, range, Bound::Letter);
            } else {
                add(
                    &mut cutter.pieces,
                    Piece { tokens, ..blank(range) },
                    if mark { settings.max_tokens } else { small },
                );
            }
        }
    }
    let mut pieces = cutter.pieces;
    place(parsed, &mut pieces);
    pieces
}

/// The next letters up to and with white space.
fn run(text: &str) -> &str {
    let lead = text.len() - text.trim_start().len();
    let word = text.get(lead..).unwrap_or_default();
    let end = word.find(char::is_whitespace).unwrap_or(word.len());
    let after = word.get(end..).unwrap_or_default();
    let space = after.len() - after.trim_start().len();
    text.get(..lead + end + space).unwrap_or(text)
}

const fn blank(range: Range<usize>) -> Piece {
    Piece { kind: BlockKind::Paragraph, range, page: None, tokens: 0, continues: true }
}

/// Joins a piece with the last one, as long as both have no more than `most` tokens.
fn add(pieces: &mut Vec<Piece>, piece: Piece, most: usize) {
    match pieces.last_mut() {
        Some(last) if piece.tokens == 0 || last.tokens + piece.tokens <= most => {
            last.range.end = piece.range.end;
            last.tokens += piece.tokens;
        }
        _ => pieces.push(piece),
    }
}

/// Gives each piece the kind and page of the block it starts in.
fn place(parsed: &Parsed, pieces: &mut [Piece]) {
    let mut blocks = parsed.blocks.iter().peekable();
    for piece in pieces {
        while blocks.next_if(|block| block.range.end <= piece.range.start).is_some() {}
        if let Some(block) = blocks.peek().filter(|block| block.range.start < piece.range.end) {
            piece.kind = block.kind;
            piece.page = block.page;
        }
    }
}

//! One sentence a chunk, with the sentences around it as its window.

use std::ops::Range;

use super::{ChunkSettings, Cut, pieces, pieces::Piece, sections};
use crate::{BlockKind, Parsed};

/// Sentences, rows, items and listings; those too short to mean something alone join their neighbours.
pub(super) fn cut(
    parsed: &Parsed,
    settings: &ChunkSettings,
    count: &dyn Fn(&str) -> usize,
) -> (Vec<Piece>, Vec<Cut>) {
    let pieces = pieces::sentences(parsed, settings.max_tokens, count);
    let mut cuts = Vec::new();
    for group in sections::group(parsed, &pieces, settings.max_tokens) {
        let ranges = join(&pieces, group.pieces, settings.max_tokens);
        for index in 0..ranges.len() {
            // A window ends with its section: what follows is about something else.
            let reach = settings.window_sentences;
            let first = ranges.get(index.saturating_sub(reach));
            let last = ranges.get((index + reach).min(ranges.len() - 1));
            let window = first.zip(last).map(|(first, last)| first.start..last.end);
            let range = ranges.get(index).cloned().unwrap_or_default();
            cuts.push(Cut { pieces: range, headings: group.headings.clone(), window });
        }
    }
    (pieces, cuts)
}

fn join(pieces: &[Piece], group: Range<usize>, max_tokens: usize) -> Vec<Range<usize>> {
    // "Yes, he did." is found by no question.
    const SHORT: usize = 12;
    let mut ranges: Vec<(Range<usize>, usize)> = Vec::new();
    let heading = |at: usize| pieces.get(at).is_some_and(|piece| matches!(piece.kind, BlockKind::Heading(_)));
    for index in group {
        let tokens = pieces.get(index).map_or(0, |piece| piece.tokens);
        match ranges.last_mut() {
            Some((last, sum))
                if *sum + tokens <= max_tokens
                    && (*sum < SHORT
                        || heading(last.end - 1)
                        || (tokens < SHORT / 2 && *sum < 3 * SHORT && !heading(index))) =>
            {
                last.end = index + 1;
                *sum += tokens;
            }
            _ => ranges.push((index..index + 1, tokens)),
        }
    }
    ranges.into_iter().map(|(range, _)| range).collect()
}

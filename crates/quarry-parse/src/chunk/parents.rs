//! Small chunks for searching inside the chunks that structure makes.

use super::{ChunkSettings, Cut, by_structure, pack, pieces, pieces::Piece};
use crate::Parsed;

/// Children with the headings of their parent, and the parent as their window.
pub(super) fn cut(
    parsed: &Parsed,
    settings: &ChunkSettings,
    count: &dyn Fn(&str) -> usize,
) -> (Vec<Piece>, Vec<Cut>) {
    // Less than this says nothing alone.
    const SMALLEST: usize = 16;
    let most = (settings.max_tokens / 4).max(SMALLEST).min(settings.max_tokens);
    // Parents repeat nothing: each child has one parent, and the parents are read, not searched.
    let whole = ChunkSettings { overlap_tokens: 0, ..*settings };
    let small = ChunkSettings {
        max_tokens: most,
        overlap_tokens: settings.overlap_tokens.min(most / 4),
        ..*settings
    };
    let pieces = pieces::cut(parsed, most, count);
    let mut cuts = Vec::new();
    for parent in by_structure(parsed, &pieces, &whole) {
        let members = pieces.get(parent.pieces.clone()).unwrap_or_default();
        for range in pack::pack(members, &small) {
            cuts.push(Cut {
                pieces: range.start + parent.pieces.start..range.end + parent.pieces.start,
                headings: parent.headings.clone(),
                window: Some(parent.pieces.clone()),
            });
        }
    }
    (pieces, cuts)
}

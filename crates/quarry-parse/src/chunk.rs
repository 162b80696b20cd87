//! Cutting a document's text into chunks, by its structure or by another strategy.
//!
//! Every strategy makes the same two things: [`pieces`], the smallest parts, each counted once, and cuts, ranges of
//! pieces with their headings and window. [`draft`] turns cuts into drafts. By structure, [`sections`] joins the
//! pieces under headings into sections and the tiny sections into groups, and [`pack`] fills chunks from a group,
//! keeping lists, tables and code whole where they fit. [`parents`] cuts those chunks again; [`sentences`],
//! [`fixed`] and [`code`] find their own ranges.
//!
//! Invariant, for every strategy: each draft's text is the document's text at its span, drafts are in order, together
//! they hold all text that is not blank, none has more than the asked number of tokens unless a single letter has,
//! and a window holds its draft. Tested in `tests/it/chunking.rs` and `tests/it/strategies.rs`.

mod code;
mod draft;
mod fixed;
mod pack;
mod parents;
mod pieces;
mod sections;
mod sentences;
mod settings;

use std::ops::Range;

use quarry_core::{ChunkKind, Span};

use crate::Parsed;
use pieces::Piece;
pub use settings::{ChunkSettings, InvalidChunkSettings, Strategy};

/// A chunk before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkDraft {
    /// Its text: exactly the document's text at `span`.
    pub text: String,
    /// The headings above it, from the highest. A heading that stands in the chunk is in its path too, when the
    /// whole chunk is under it. For a part of a definition in source code, the first lines of what encloses it.
    pub headings: Vec<String>,
    /// The page it starts on.
    pub page: Option<u32>,
    /// Where it is, in characters of the document's text.
    pub span: Span,
    /// What most of it is.
    pub kind: ChunkKind,
    /// For rows of a table whose header row is in another chunk: that header row. Not part of `text`.
    pub context: Option<String>,
    /// What it can be widened to once it is found, in characters of the document's text; nothing where the strategy
    /// has no wider text, or the chunk is all of it.
    pub window: Option<Span>,
}

/// What becomes one draft.
struct Cut {
    pieces: Range<usize>,
    headings: Vec<String>,
    /// The pieces of the wider text.
    window: Option<Range<usize>>,
}

/// Cuts a document into chunks. `count` gives the tokens of a text; it is called about once for each part that is not
/// cut further. The tokens of a chunk are the sum over its parts.
#[must_use]
pub fn chunk(parsed: &Parsed, settings: &ChunkSettings, count: &dyn Fn(&str) -> usize) -> Vec<ChunkDraft> {
    let settings = ChunkSettings { max_tokens: settings.max_tokens.max(1), ..*settings };
    let (pieces, cuts) = match settings.strategy {
        Strategy::Fixed => fixed::cut(parsed, &settings, count),
        Strategy::SentenceWindow => sentences::cut(parsed, &settings, count),
        Strategy::ParentChild => parents::cut(parsed, &settings, count),
        Strategy::Code if code::suits(parsed) => code::cut(parsed, &settings, count),
        Strategy::Structure | Strategy::Code => {
            let pieces = pieces::cut(parsed, settings.max_tokens, count);
            let cuts = by_structure(parsed, &pieces, &settings);
            (pieces, cuts)
        }
    };
    draft::write(parsed, &pieces, cuts)
}

fn by_structure(parsed: &Parsed, pieces: &[Piece], settings: &ChunkSettings) -> Vec<Cut> {
    let mut cuts = Vec::new();
    for group in sections::group(parsed, pieces, settings.max_tokens) {
        for range in pack::pack(pieces.get(group.pieces.clone()).unwrap_or_default(), settings) {
            let range = range.start + group.pieces.start..range.end + group.pieces.start;
            cuts.push(Cut { pieces: range, headings: group.headings.clone(), window: None });
        }
    }
    cuts
}

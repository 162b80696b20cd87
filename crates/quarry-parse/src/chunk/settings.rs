//! How a document is cut: the strategy, the sizes, and what is wrong with sizes that cannot work.

/// By what a document is cut.
pub use quarry_core::ChunkStrategy as Strategy;
use quarry_core::{ErrorKind, Fault};
use serde::{Deserialize, Serialize};

/// How large chunks become, and by what they are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChunkSettings {
    /// By what a document is cut.
    pub strategy: Strategy,
    /// Most tokens in a chunk.
    pub max_tokens: usize,
    /// Tokens that a chunk repeats from the one before: where a paragraph had to be cut between them, and
    /// everywhere with [`Strategy::Fixed`]. Source code and single sentences repeat nothing.
    pub overlap_tokens: usize,
    /// How many chunks before and behind belong to the window of one, with [`Strategy::SentenceWindow`].
    pub window_sentences: usize,
}

impl Default for ChunkSettings {
    fn default() -> Self {
        Self { strategy: Strategy::Structure, max_tokens: 400, overlap_tokens: 32, window_sentences: 3 }
    }
}

/// Settings that no document should be cut with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidChunkSettings {
    /// Chunks would say too little, or more than any embedder reads.
    #[error("chunks of {0} tokens are not made; `max_tokens` is 16 to 8192")]
    MaxTokens(usize),
    /// Chunks would mostly repeat each other.
    #[error(
        "an overlap of {overlap} tokens is too much for chunks of {max}; `overlap_tokens` is below half of `max_tokens`"
    )]
    Overlap {
        /// The overlap asked for.
        overlap: usize,
        /// The size asked for.
        max: usize,
    },
    /// A window would be nothing, or a whole chapter.
    #[error("a window of {0} sentences on each side is not made; `window_sentences` is 1 to 20")]
    Window(usize),
}

impl Fault for InvalidChunkSettings {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    fn code(&self) -> &'static str {
        "invalid_chunk_settings"
    }
}

impl ChunkSettings {
    /// Whether documents can be cut sensibly with these. [`chunk`](super::chunk) itself takes any and keeps its
    /// promises; this is for whoever lets people choose.
    ///
    /// # Errors
    /// Says which setting is out of its bounds, and what the bounds are.
    pub fn check(&self) -> Result<(), InvalidChunkSettings> {
        if !(16..=8192).contains(&self.max_tokens) {
            return Err(InvalidChunkSettings::MaxTokens(self.max_tokens));
        }
        if self.overlap_tokens.saturating_mul(2) >= self.max_tokens {
            return Err(InvalidChunkSettings::Overlap { overlap: self.overlap_tokens, max: self.max_tokens });
        }
        if !(1..=20).contains(&self.window_sentences) {
            return Err(InvalidChunkSettings::Window(self.window_sentences));
        }
        Ok(())
    }
}

//! Switches that say how a collection is embedded and cut.

use clap::Args;
use quarry_core::{ChunkStrategy, Chunking};
use quarry_engine::generations::Change;

/// How a collection is embedded and cut.
#[derive(Clone, Debug, Args)]
pub(crate) struct Cutting {
    /// Which embedder its vectors come from [default: the present one, or the configured one].
    #[arg(long, value_name = "ID")]
    embedder: Option<String>,
    /// How its documents are cut: structure, fixed, sentence_window, parent_child or code.
    #[arg(long, value_name = "NAME")]
    strategy: Option<ChunkStrategy>,
    /// Most tokens of a chunk, 16 to 8192.
    #[arg(long, value_name = "N")]
    max_tokens: Option<u32>,
    /// Tokens that a chunk repeats from the one before, where a paragraph had to be cut.
    #[arg(long, value_name = "N")]
    overlap_tokens: Option<u32>,
}

impl Cutting {
    /// What is said; what is not said stays.
    pub(crate) fn change(&self) -> Change {
        let says = self.strategy.is_some() || self.max_tokens.is_some() || self.overlap_tokens.is_some();
        let chunking = says.then(|| Chunking {
            strategy: self.strategy.unwrap_or_default(),
            max_tokens: self.max_tokens,
            overlap_tokens: self.overlap_tokens,
        });
        Change { embedder: self.embedder.clone(), chunking }
    }
}

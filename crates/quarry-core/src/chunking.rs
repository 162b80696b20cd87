//! How a collection's documents are cut into chunks.

use serde::{Deserialize, Serialize};

/// The way a document is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkStrategy {
    /// By headings, paragraphs, lists and tables.
    #[default]
    Structure,
    /// Windows of the same number of tokens, whatever stands in them. Words stay whole.
    Fixed,
    /// A sentence, or a few short ones, a chunk; its neighbours are its window.
    SentenceWindow,
    /// Small chunks for searching, of at most a quarter of `max_tokens`; the section around each, of at most
    /// `max_tokens`, is its window.
    ParentChild,
    /// By definitions, as indentation and blank lines show them. Documents that are not plain lines, such as a page
    /// with headings, are cut by structure.
    Code,
}

impl ChunkStrategy {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Structure, Self::Fixed, Self::SentenceWindow, Self::ParentChild, Self::Code];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Fixed => "fixed",
            Self::SentenceWindow => "sentence_window",
            Self::ParentChild => "parent_child",
            Self::Code => "code",
        }
    }
}

impl std::str::FromStr for ChunkStrategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or_else(|| {
            format!("`{text}` is not a strategy: use structure, fixed, sentence_window, parent_child or code")
        })
    }
}

/// How a collection's documents are cut; what is absent is the server's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chunking {
    /// The way.
    pub strategy: ChunkStrategy,
    /// Most tokens of a chunk, of the collection's embedder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Tokens that a chunk repeats from the one before, where a paragraph had to be cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap_tokens: Option<u32>,
}

impl Chunking {
    /// Fewest and most tokens of a chunk.
    pub const BOUNDS: (u32, u32) = (16, 8_192);

    /// Whether it can work, or a sentence about what cannot.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        let (least, most) = Self::BOUNDS;
        if self.max_tokens.is_some_and(|tokens| !(least..=most).contains(&tokens)) {
            return Err(format!("`max_tokens` must be {least} to {most}"));
        }
        match (self.overlap_tokens, self.max_tokens) {
            (Some(overlap), Some(tokens)) if overlap * 2 > tokens => {
                Err("`overlap_tokens` must be at most half of `max_tokens`".to_owned())
            }
            (Some(overlap), None) if overlap > most / 2 => {
                Err(format!("`overlap_tokens` must be at most {}", most / 2))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChunkStrategy, Chunking};

    #[test]
    fn sizes_are_bounded() {
        let sizes = |max_tokens, overlap_tokens| {
            Chunking { strategy: ChunkStrategy::Fixed, max_tokens, overlap_tokens }.check()
        };
        assert_eq!(sizes(None, None), Ok(()));
        assert_eq!(sizes(Some(100), Some(50)), Ok(()));
        for (most, overlap) in
            [(Some(8), None), (Some(9_000), None), (Some(100), Some(51)), (None, Some(9_000))]
        {
            assert!(sizes(most, overlap).is_err(), "{most:?} {overlap:?}");
        }
    }
}

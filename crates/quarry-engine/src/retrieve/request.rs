//! What a search asks and what it gives.

use quarry_core::{ChunkKind, ChunkRef, CollectionName, DocumentId, Filter, Metadata, QueryId, Span};
use serde::{Deserialize, Serialize};

/// Which legs look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Words and meaning.
    #[default]
    Hybrid,
    /// Words only (BM25).
    Lexical,
    /// Meaning only (vectors).
    Dense,
}

/// How the candidates of the legs become one list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankerChoice {
    /// The fitted linear ranker.
    #[default]
    Linear,
    /// A weighted sum of standardised scores.
    Standardised,
    /// Reciprocal rank fusion.
    Rrf,
}

/// Multipliers for each leg's share, 1 when not said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Of the lexical features.
    #[serde(default = "one")]
    pub lexical: f32,
    /// Of the dense features.
    #[serde(default = "one")]
    pub dense: f32,
}

const fn one() -> f32 {
    1.0
}

impl Default for Weights {
    fn default() -> Self {
        Self { lexical: 1.0, dense: 1.0 }
    }
}

/// A search.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// In which collection.
    pub collection: CollectionName,
    /// What to look for, 1 to [`SearchRequest::MAX_QUERY`] characters.
    pub query: String,
    /// How many hits at most, 1 to [`SearchRequest::MAX_K`].
    pub k: usize,
    /// Which legs look.
    pub mode: Mode,
    /// How they are fused.
    pub ranker: RankerChoice,
    /// Each leg's weight.
    pub weights: Weights,
    /// Only documents whose metadata match.
    pub filter: Option<Filter>,
    /// How many neighbouring chunks on each side are added to a hit's text, 0 to [`SearchRequest::MAX_WIDEN`].
    pub widen: u32,
    /// 0 ranks by relevance alone; up to 1 prefers passages unlike those above them.
    pub diversity: f32,
    /// Whether each hit says why it is where it is.
    pub explain: bool,
    /// Candidates of each leg; 100 when not said.
    pub depth: Option<usize>,
    /// Whether the search goes into the history.
    pub record: bool,
}

impl SearchRequest {
    /// Longest query in characters.
    pub const MAX_QUERY: usize = 4_096;
    /// Most hits.
    pub const MAX_K: usize = 200;
    /// Most neighbours on each side.
    pub const MAX_WIDEN: u32 = 5;

    /// A search with every default.
    #[must_use]
    pub fn new(collection: CollectionName, query: impl Into<String>) -> Self {
        Self {
            collection,
            query: query.into(),
            k: 10,
            mode: Mode::Hybrid,
            ranker: RankerChoice::Linear,
            weights: Weights::default(),
            filter: None,
            widen: 0,
            diversity: 0.0,
            explain: false,
            depth: None,
            record: true,
        }
    }
}

/// A passage that was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hit {
    /// From 1.
    pub rank: u32,
    /// The ranker's score: comparable within one search only.
    pub score: f32,
    /// The chunk's id.
    pub chunk_id: ChunkRef,
    /// Its document.
    pub document_id: DocumentId,
    /// Where the document came from.
    pub source: String,
    /// The document's title.
    pub title: String,
    /// Headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// The page it starts on, from 1, where the format has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Where the text stands in the document's parsed text, in characters.
    pub span: Span,
    /// What it mostly is.
    pub kind: ChunkKind,
    /// The passage.
    pub text: String,
    /// The document's metadata.
    pub metadata: Metadata,
    /// Why it is here; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

/// Why a hit is where it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// Its place in the lexical leg, if that proposed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lexical: Option<LegExplanation>,
    /// Its place in the dense leg, if that proposed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dense: Option<LegExplanation>,
    /// Each feature's value and share of the score.
    pub features: Vec<Share>,
}

/// A place in a leg.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LegExplanation {
    /// From 1.
    pub rank: u32,
    /// BM25 or cosine.
    pub score: f32,
}

/// A feature's part of the score.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// The feature's name.
    pub feature: String,
    /// Its value.
    pub value: f32,
    /// Weight times value.
    pub share: f32,
}

/// What a search found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SearchResponse {
    /// Its id in the history.
    pub query_id: QueryId,
    /// The collection searched.
    pub collection: CollectionName,
    /// The language the question was read in, ISO 639-3.
    pub language: String,
    /// Best first.
    pub hits: Vec<Hit>,
    /// Milliseconds it took.
    pub took_ms: f64,
}

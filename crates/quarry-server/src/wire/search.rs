//! Searches and questions, and what they give.

use quarry_core::CollectionName;
use quarry_engine::{AnswerRequest, SearchRequest, agent::AskRequest};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ChunkKind, Filter, Metadata, Span};

/// A body with every switch of a search beside its own fields. (`flatten` would let unknown fields through.)
macro_rules! body {
    ($(#[$attribute:meta])* $name:ident { $($(#[$field:meta])* $own:ident: $kind:ty,)+ }) => {
        #[derive(Clone, Debug, Deserialize, ToSchema)]
        $(#[$attribute])*
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field])* pub $own: $kind,)+
            /// Where to look; `default` when not said.
            #[schema(value_type = Option<String>)]
            pub collection: Option<CollectionName>,
            /// How many hits at most, 1 to 200; 10 when not said.
            #[schema(minimum = 1, maximum = 200)]
            pub k: Option<usize>,
            /// Which legs look; `hybrid` when not said.
            #[schema(value_type = Option<Mode>)]
            pub mode: Option<quarry_engine::Mode>,
            /// How the candidates are ranked; `linear` when not said.
            #[schema(value_type = Option<RankerChoice>)]
            pub ranker: Option<quarry_engine::RankerChoice>,
            /// Each leg's weight.
            #[schema(value_type = Option<Weights>)]
            pub weights: Option<quarry_engine::retrieve::Weights>,
            /// Only documents whose metadata match.
            #[schema(value_type = Option<Filter>)]
            pub filter: Option<quarry_core::Filter>,
            /// Neighbouring chunks added to each hit's text on each side, 0 to 5; 0 when not said.
            #[schema(maximum = 5)]
            pub widen: Option<u32>,
            /// 0 ranks by relevance alone; up to 1 prefers passages unlike those above them. 0 when not said.
            #[schema(minimum = 0, maximum = 1)]
            pub diversity: Option<f32>,
            /// Whether each hit says why it is where it is.
            pub explain: Option<bool>,
            /// Candidates of each leg.
            pub depth: Option<usize>,
            /// Whether the question goes into the history; it does when not said.
            pub record: Option<bool>,
        }

        impl $name {
            fn switches(self, question: String) -> SearchRequest {
                let collection = self.collection.unwrap_or_else(CollectionName::fallback);
                let usual = SearchRequest::new(collection, question);
                SearchRequest {
                    k: self.k.unwrap_or(usual.k),
                    mode: self.mode.unwrap_or(usual.mode),
                    ranker: self.ranker.unwrap_or(usual.ranker),
                    weights: self.weights.unwrap_or(usual.weights),
                    filter: self.filter,
                    widen: self.widen.unwrap_or(usual.widen),
                    diversity: self.diversity.unwrap_or(usual.diversity),
                    explain: self.explain.unwrap_or(usual.explain),
                    depth: self.depth,
                    record: self.record.unwrap_or(usual.record),
                    ..usual
                }
            }
        }
    };
}

body! {
    /// What to look for.
    #[schema(example = json!({"query": "what raises the sea", "k": 5}))]
    SearchBody {
        /// What to look for, 1 to 4,096 characters.
        query: String,
    }
}

body! {
    /// What to answer.
    #[schema(example = json!({"question": "What raises the sea twice a day?"}))]
    QueryBody {
        /// The question, 1 to 4,096 characters.
        question: String,
        /// Most sentences in an extractive answer, 1 to 10; 3 when not said.
        #[schema(minimum = 1, maximum = 10)]
        sentences: Option<usize>,
        /// The chat model that answers, by its configured name, or `extractive` for quotes alone; the configured
        /// default when not said, and where there is none the quotes.
        model: Option<String>,
        /// Whether the answer comes as a stream of events; it does not when not said, unless `Accept` is
        /// `text/event-stream`.
        stream: Option<bool>,
    }
}

impl SearchBody {
    /// The engine's request.
    pub(crate) fn request(mut self) -> SearchRequest {
        let query = std::mem::take(&mut self.query);
        self.switches(query)
    }
}

impl QueryBody {
    /// The engine's request.
    pub(crate) fn request(mut self) -> AnswerRequest {
        let question = std::mem::take(&mut self.question);
        let sentences = self.sentences;
        let search = self.switches(question);
        let usual = AnswerRequest::new(search.collection.clone(), "");
        AnswerRequest { search, sentences: sentences.unwrap_or(usual.sentences) }
    }

    /// The engine's request, where a model is to answer.
    pub(crate) fn ask(mut self) -> AskRequest {
        let question = std::mem::take(&mut self.question);
        let model = self.model.take();
        let search = self.switches(question);
        let usual = AskRequest::new(search.collection.clone(), "");
        AskRequest { model, keep: search.record, search, ..usual }
    }
}

/// Which legs look.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Mode {
    /// Words and meaning.
    Hybrid,
    /// Words only (BM25).
    Lexical,
    /// Meaning only (vectors).
    Dense,
}

/// How the candidates of the legs become one list.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum RankerChoice {
    /// The fitted linear ranker.
    Linear,
    /// A weighted sum of standardised scores.
    Standardised,
    /// Reciprocal rank fusion.
    Rrf,
}

/// Multipliers for each leg's share, 1 when not said.
#[derive(Clone, Copy, Debug, ToSchema)]
pub struct Weights {
    /// Of the lexical features.
    pub lexical: Option<f32>,
    /// Of the dense features.
    pub dense: Option<f32>,
}

/// What a search found.
#[derive(Clone, Debug, ToSchema)]
pub struct SearchResponse {
    /// Its id in the history.
    pub query_id: Uuid,
    /// The collection searched.
    pub collection: String,
    /// The language the question was read in, ISO 639-3.
    #[schema(example = "eng")]
    pub language: String,
    /// Best first.
    pub hits: Vec<Hit>,
    /// Milliseconds it took.
    pub took_ms: f64,
}

/// A passage that was found.
#[derive(Clone, Debug, ToSchema)]
pub struct Hit {
    /// From 1.
    pub rank: u32,
    /// Comparable within one search only.
    pub score: f32,
    /// `<document>.<version>.<ordinal>`
    pub chunk_id: String,
    /// Its document.
    pub document_id: Uuid,
    /// Where the document came from.
    pub source: String,
    /// The document's title.
    pub title: String,
    /// Headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// The page it starts on, from 1, where the format has pages.
    pub page: Option<u32>,
    /// Where the text stands in the document's text.
    pub span: Span,
    /// What it mostly is.
    pub kind: ChunkKind,
    /// The passage.
    pub text: String,
    /// The document's metadata.
    pub metadata: Metadata,
    /// Why it is here; only when asked for.
    pub explain: Option<Explanation>,
}

/// Why a hit is where it is.
#[derive(Clone, Debug, ToSchema)]
pub struct Explanation {
    /// Its place in the lexical leg, if that proposed it.
    pub lexical: Option<LegExplanation>,
    /// Its place in the dense leg, if that proposed it.
    pub dense: Option<LegExplanation>,
    /// Each feature's value and share of the score.
    pub features: Vec<Share>,
}

/// A place in a leg.
#[derive(Clone, Copy, Debug, ToSchema)]
pub struct LegExplanation {
    /// From 1.
    pub rank: u32,
    /// BM25 or cosine.
    pub score: f32,
}

/// A feature's part of the score.
#[derive(Clone, Debug, ToSchema)]
pub struct Share {
    /// The feature's name.
    pub feature: String,
    /// Its value.
    pub value: f32,
    /// Weight times value.
    pub share: f32,
}

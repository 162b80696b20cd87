//! What a question asks and what an answer is.

use quarry_core::{ChunkRef, CollectionName, DocumentId, QueryId, Span};
use serde::{Deserialize, Serialize};

use crate::retrieve::{Hit, SearchRequest};

/// A question: a search, and how much of an answer is wanted.
#[derive(Clone, Debug)]
pub struct AnswerRequest {
    /// Which passages to answer from; `search.query` is the question.
    pub search: SearchRequest,
    /// Most sentences in the answer, 1 to [`AnswerRequest::MAX_SENTENCES`].
    pub sentences: usize,
}

impl AnswerRequest {
    /// Most sentences anyone can ask for.
    pub const MAX_SENTENCES: usize = 10;

    /// A question with every default.
    #[must_use]
    pub fn new(collection: CollectionName, question: impl Into<String>) -> Self {
        Self { search: SearchRequest::new(collection, question), sentences: 3 }
    }
}

/// Where a sentence of an answer comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Citation {
    /// The number that stands in the answer as `[n]`, from 1.
    pub number: u32,
    /// The document.
    pub document_id: DocumentId,
    /// The passage.
    pub chunk_id: ChunkRef,
    /// The document's title.
    pub title: String,
    /// Where the document came from.
    pub source: String,
    /// The page, from 1, where the format has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Where the quote stands in the document's parsed text, in characters.
    pub span: Span,
    /// The words themselves.
    pub quote: String,
}

/// One sentence of an answer, or up to three neighbouring ones that answer together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// The [`Citation::number`] that supports it.
    pub citation: u32,
    /// How well it fits the question: comparable within one answer only.
    pub score: f32,
}

/// An answer. Every sentence of it is quoted from a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Its id in the history.
    pub query_id: QueryId,
    /// The collection asked.
    pub collection: CollectionName,
    /// The question.
    pub question: String,
    /// Whether the documents answer it.
    pub answered: bool,
    /// The answer with `[n]` marks, or the sentence that says the documents do not answer.
    pub answer: String,
    /// How sure the answerer is that the documents answer the question, 0 to 1.
    pub confidence: f32,
    /// Best first. When not answered, the closest sentences, which the answer does not claim.
    pub sentences: Vec<Sentence>,
    /// One for each sentence.
    pub citations: Vec<Citation>,
    /// The passages it was chosen from, best first.
    pub hits: Vec<Hit>,
    /// Who wrote it: `extractive`.
    pub answerer: String,
    /// Milliseconds it took.
    pub took_ms: f64,
}

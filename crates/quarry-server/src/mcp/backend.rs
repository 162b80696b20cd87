//! Who does the work behind the tools.

use async_trait::async_trait;
use quarry_core::{CollectionName, Document, DocumentId, Page, PageRequest};
use quarry_engine::{
    Answer, AnswerRequest, SearchRequest, SearchResponse,
    agent::{RunAnswer, source::Source},
    documents::ChunkView,
};

/// Why a tool could not do it: a sentence for a model, without anything of the inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct McpFailure(pub String);

/// What a question is answered with.
#[derive(Clone, Debug)]
pub enum McpAnswer {
    /// Quotes of the documents.
    Quoted(Box<Answer>),
    /// A model's words, and the passages it was given.
    Written(Box<RunAnswer>, Vec<Source>),
}

/// What the tools call: the engine in this process, or the API of a server elsewhere.
///
/// Contract (checked by the tests of both doors): everything is done with the right of whoever asks, and a failure is
/// a sentence that may be shown.
#[async_trait]
pub trait McpBackend: Send + Sync {
    /// Finds passages.
    ///
    /// # Errors
    /// A sentence.
    async fn search(&self, request: SearchRequest) -> Result<SearchResponse, McpFailure>;

    /// Answers a question, with a model where one is configured.
    ///
    /// # Errors
    /// A sentence.
    async fn answer(&self, request: AnswerRequest) -> Result<McpAnswer, McpFailure>;

    /// A page of a collection's documents, newest first.
    ///
    /// # Errors
    /// A sentence.
    async fn documents(
        &self,
        collection: &CollectionName,
        page: &PageRequest,
    ) -> Result<Page<Document>, McpFailure>;

    /// A document.
    ///
    /// # Errors
    /// A sentence.
    async fn document(&self, id: DocumentId) -> Result<Document, McpFailure>;

    /// A page of a document's passages, in its order.
    ///
    /// # Errors
    /// A sentence.
    async fn chunks(&self, id: DocumentId, page: &PageRequest) -> Result<Page<ChunkView>, McpFailure>;
}

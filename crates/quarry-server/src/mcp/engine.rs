//! The engine behind the tools.

use async_trait::async_trait;
use quarry_core::{Access, CollectionName, Document, DocumentId, Page, PageRequest};
use quarry_engine::{
    AnswerRequest, Engine, SearchRequest, SearchResponse, agent::AskRequest, documents::ChunkView,
};

use super::backend::{McpAnswer, McpBackend, McpFailure};
use crate::{
    ending::{self, Ending},
    events,
    problem::Problem,
};

/// The engine of this process, with somebody's right.
pub struct EngineBackend {
    engine: Engine,
    access: Access,
}

impl EngineBackend {
    /// The tools can do what `access` may.
    #[must_use]
    pub const fn new(engine: Engine, access: Access) -> Self {
        Self { engine, access }
    }
}

/// What a client may be told, as the API tells it; the rest goes to the log.
fn failure(error: impl Into<Problem>) -> McpFailure {
    let problem = error.into();
    if let Some(cause) = problem.cause() {
        events::failed(problem.code(), cause, "mcp");
    }
    McpFailure(problem.body("mcp").detail)
}

#[async_trait]
impl McpBackend for EngineBackend {
    async fn search(&self, request: SearchRequest) -> Result<SearchResponse, McpFailure> {
        self.engine.search(&self.access, request).await.map_err(failure)
    }

    async fn answer(&self, request: AnswerRequest) -> Result<McpAnswer, McpFailure> {
        if self.engine.chat().is_empty() {
            let answer = self.engine.answer(&self.access, request).await.map_err(failure)?;
            return Ok(McpAnswer::Quoted(Box::new(answer)));
        }
        let ask = AskRequest { search: request.search, model: None, keep: true, resumable: false };
        let handle = self.engine.ask_stream(&self.access, ask).await.map_err(failure)?;
        match ending::of(handle).await.map_err(failure)? {
            Ending::Answered(answer, sources) => Ok(McpAnswer::Written(answer, sources)),
            // A question has no tools that anybody could be asked about.
            Ending::Waiting(_) => Err(failure(Problem::internal("a question waits for a person"))),
        }
    }

    async fn documents(
        &self,
        collection: &CollectionName,
        page: &PageRequest,
    ) -> Result<Page<Document>, McpFailure> {
        self.engine.documents().list(&self.access, collection, None, page).await.map_err(failure)
    }

    async fn document(&self, id: DocumentId) -> Result<Document, McpFailure> {
        self.engine.documents().get(&self.access, id).await.map_err(failure)
    }

    async fn chunks(&self, id: DocumentId, page: &PageRequest) -> Result<Page<ChunkView>, McpFailure> {
        self.engine.documents().chunks(&self.access, id, page).await.map_err(failure)
    }
}

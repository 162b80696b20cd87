//! `quarry mcp`

use std::sync::Arc;

use async_trait::async_trait;
use clap::Args;
use quarry_core::{CollectionName, Document, DocumentId, Page, PageRequest};
use quarry_engine::{AnswerRequest, SearchRequest, SearchResponse, documents::ChunkView};
use quarry_server::mcp::{McpAnswer, McpBackend, McpFailure, serve_mcp};

use super::{answering::Told, ask, stop::Signals};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Exit, Failure, Outcome, plain},
};

/// How to serve MCP clients.
#[derive(Debug, Args)]
pub(crate) struct McpArgs {}

/// Whichever side there is, behind the tools.
struct Tools(Arc<Backend>);

/// A client's model reads the sentence; the next step is for people at a terminal.
fn failure(failure: Failure) -> McpFailure {
    McpFailure(failure.message)
}

#[async_trait]
impl McpBackend for Tools {
    async fn search(&self, request: SearchRequest) -> Result<SearchResponse, McpFailure> {
        self.0.search(request).await.map_err(failure)
    }

    async fn answer(&self, request: AnswerRequest) -> Result<McpAnswer, McpFailure> {
        match ask::by_default(&self.0, &request).await.map_err(failure)? {
            Some(stream) => {
                let told = Told::of(stream).await.map_err(failure)?;
                let answer = told.answer.ok_or_else(|| McpFailure("nobody answered".to_owned()))?;
                Ok(McpAnswer::Written(Box::new(answer), told.sources))
            }
            None => {
                let answer = self.0.answer(request).await.map_err(failure)?;
                Ok(McpAnswer::Quoted(Box::new(answer)))
            }
        }
    }

    async fn documents(
        &self,
        collection: &CollectionName,
        page: &PageRequest,
    ) -> Result<Page<Document>, McpFailure> {
        self.0.documents(collection, None, page).await.map_err(failure)
    }

    async fn document(&self, id: DocumentId) -> Result<Document, McpFailure> {
        self.0.document(id).await.map_err(failure)
    }

    async fn chunks(&self, id: DocumentId, page: &PageRequest) -> Result<Page<ChunkView>, McpFailure> {
        self.0.chunks(id, page).await.map_err(failure)
    }
}

/// Answers one client on standard input and output until it closes its side.
pub(crate) async fn run(context: &Context, _: &McpArgs) -> Outcome<()> {
    let mut signals = Signals::listen()?;
    let (read, write) = streams().map_err(|error| {
        let text = format!("standard input and output cannot be used: {}", plain(&error));
        Failure::new(Exit::Failed, "no_standard_streams", text)
    })?;
    let backend = Arc::new(context.backend("mcp", Need::Existing).await?);
    let tools = Arc::new(Tools(Arc::clone(&backend)));
    let served = tokio::select! {
        served = serve_mcp(tools, read, write) => {
            served.map_err(|error| Failure::new(Exit::Failed, "no_mcp_client", error.to_string()))
        }
        () = signals.next() => Ok(()),
    };
    // Whoever still holds it is a call of a client that has gone.
    if let Ok(backend) = Arc::try_unwrap(backend) {
        backend.close().await;
    }
    served
}

/// Standard input and output as files, read and written on the threads for blocking work.
#[cfg(unix)]
fn streams() -> std::io::Result<(tokio::fs::File, tokio::fs::File)> {
    use std::os::fd::AsFd;
    let read = std::io::stdin().as_fd().try_clone_to_owned()?;
    let write = std::io::stdout().as_fd().try_clone_to_owned()?;
    Ok((std::fs::File::from(read).into(), std::fs::File::from(write).into()))
}

/// Standard input and output as files, read and written on the threads for blocking work.
#[cfg(windows)]
fn streams() -> std::io::Result<(tokio::fs::File, tokio::fs::File)> {
    use std::os::windows::io::AsHandle;
    let read = std::io::stdin().as_handle().try_clone_to_owned()?;
    let write = std::io::stdout().as_handle().try_clone_to_owned()?;
    Ok((std::fs::File::from(read).into(), std::fs::File::from(write).into()))
}

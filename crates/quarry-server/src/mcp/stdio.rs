//! The same tools over a pair of streams.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::{backend::McpBackend, handler::Handler};

/// The client did not speak MCP, or the task that answered it died.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct McpStreamError(String);

/// Answers one client until it closes its stream.
///
/// # Errors
/// The client does not speak MCP.
pub async fn serve_mcp(
    backend: Arc<dyn McpBackend>,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), McpStreamError> {
    let serving = rmcp::serve_server(Handler::new(backend), (read, write)).await.map_err(|error| {
        McpStreamError(format!("the client does not speak MCP, or closed its stream at once: {error}"))
    })?;
    serving
        .waiting()
        .await
        .map_err(|_| McpStreamError("the task that answered the client died".to_owned()))?;
    Ok(())
}

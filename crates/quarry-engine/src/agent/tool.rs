//! The contract of a tool.

use std::time::Instant;

use async_trait::async_trait;
use quarry_core::{Access, Filter, RunId};
use quarry_models::chat::ToolSpec;
use tokio_util::sync::CancellationToken;

use super::{definition::AgentDefinition, source::Sources};
use crate::engine::Engine;

/// What a tool is given besides its arguments. All of it was decided outside the model.
pub struct ToolContext<'a> {
    /// The engine, for tools that search.
    pub engine: &'a Engine,
    /// The right of whoever asked; a tool can do no more than they.
    pub access: &'a Access,
    /// Whose facts are remembered and recalled.
    pub user: &'a str,
    /// The agent: its collections bound every search.
    pub agent: &'a AgentDefinition,
    /// Only documents whose metadata match may be looked at, whatever the model asks for.
    pub filter: Option<&'a Filter>,
    /// The run.
    pub run: RunId,
    /// Where passages get their numbers.
    pub sources: &'a Sources,
    /// When the run's time is over.
    pub deadline: Instant,
    /// Ends when the caller goes away.
    pub cancel: &'a CancellationToken,
}

/// What a tool found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolOutput {
    /// What the model reads. Untrusted: the run delimits and labels it.
    pub text: String,
    /// Numbers of the passages in it, in order.
    pub sources: Vec<u32>,
}

impl ToolOutput {
    /// Text without passages.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), sources: Vec::new() }
    }
}

/// Why a tool gave nothing: one sentence that goes back to the model, and never an address or a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolFailure(pub String);

/// Something an agent can do.
///
/// Contract (checked by the tools' tests): the specification's `parameters` is a JSON Schema of type `object` without
/// additional properties; `call` gets arguments that are valid by it; it returns by `deadline`; it does nothing the
/// `access` may not; what it returns has at most [`MOST_CHARACTERS`] characters; dropping the future is safe.
#[async_trait]
pub trait Tool: Send + Sync {
    /// Its name, purpose and arguments, to the model.
    fn spec(&self) -> &ToolSpec;

    /// Does it.
    ///
    /// # Errors
    /// A sentence for the model.
    async fn call(
        &self,
        context: &ToolContext<'_>,
        arguments: &serde_json::Value,
    ) -> Result<ToolOutput, ToolFailure>;
}

/// Most characters a tool may return; longer ones are cut with a note.
pub const MOST_CHARACTERS: usize = 24_000;

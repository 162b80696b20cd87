//! Where a run gets its tools, and the tools of one run.

use std::sync::Arc;

use async_trait::async_trait;
use quarry_models::chat::ToolSpec;

use super::{definition::AgentDefinition, tool::Tool};
use crate::error::EngineError;

/// Where tools come from: those of the engine and those of configured MCP servers, or a fixed list in tests.
#[async_trait]
pub trait ToolSource: Send + Sync {
    /// Holds what an agent names against what there is, without asking anybody.
    ///
    /// # Errors
    /// `unknown_tool`, with the names there are.
    fn check(&self, definition: &AgentDefinition) -> Result<(), EngineError>;

    /// The tools that an agent names. Other servers are connected where they are not yet.
    ///
    /// # Errors
    /// `unknown_tool`.
    async fn select(&self, definition: &AgentDefinition) -> Result<Vec<Arc<dyn Tool>>, EngineError>;

    /// Ends what runs for the tools.
    async fn stop(&self);
}

/// A fixed list of tools.
#[derive(Clone, Default)]
pub struct Fixed(pub Vec<Arc<dyn Tool>>);

#[async_trait]
impl ToolSource for Fixed {
    fn check(&self, _: &AgentDefinition) -> Result<(), EngineError> {
        Ok(())
    }

    async fn select(&self, definition: &AgentDefinition) -> Result<Vec<Arc<dyn Tool>>, EngineError> {
        let find = |name: &String| self.0.iter().find(|tool| tool.spec().name == *name).cloned();
        Ok(definition.tools.iter().filter_map(find).collect())
    }

    async fn stop(&self) {}
}

/// The tools of one run. Nothing is ever added to it: what a document says cannot lengthen the list.
#[derive(Clone, Default)]
pub struct Tools(Arc<[Arc<dyn Tool>]>);

impl Tools {
    /// From a list; of two with one name the first counts.
    #[must_use]
    pub fn new(tools: Vec<Arc<dyn Tool>>) -> Self {
        let mut kept: Vec<Arc<dyn Tool>> = Vec::with_capacity(tools.len());
        for tool in tools {
            if !kept.iter().any(|known| known.spec().name == tool.spec().name) {
                kept.push(tool);
            }
        }
        Self(kept.into())
    }

    /// The tool with a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.0.iter().find(|tool| tool.spec().name == name)
    }

    /// What a model is told of them.
    #[must_use]
    pub fn specs(&self) -> Vec<ToolSpec> {
        self.0.iter().map(|tool| tool.spec().clone()).collect()
    }

    /// Their names, for a sentence.
    #[must_use]
    pub fn names(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        self.0.iter().map(|tool| tool.spec().name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tools").field(&self.names()).finish()
    }
}

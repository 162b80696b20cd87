//! All tools by name, and those of one agent.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;

use super::{
    calculate::Calculate, current_time::CurrentTime, list_documents::ListDocuments,
    read_document::ReadDocument, recall::Recall, remember::Remember, search::Search,
};
use crate::{
    agent::{definition::AgentDefinition, mcp::McpServers, tool::Tool, toolset::ToolSource},
    error::EngineError,
};

/// Every tool there is. What an agent may use of it is its definition's to say, never a model's.
pub struct Toolbox {
    tools: BTreeMap<String, Arc<dyn Tool>>,
    servers: McpServers,
}

impl Default for Toolbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Toolbox {
    /// The tools that need nothing but the engine.
    #[must_use]
    pub fn new() -> Self {
        let mut toolbox = Self { tools: BTreeMap::new(), servers: McpServers::default() };
        let own: [Arc<dyn Tool>; 7] = [
            Arc::new(Search::new()),
            Arc::new(ReadDocument::new()),
            Arc::new(ListDocuments::new()),
            Arc::new(Calculate::new()),
            Arc::new(CurrentTime::new()),
            Arc::new(Remember::new()),
            Arc::new(Recall::new()),
        ];
        for tool in own {
            toolbox.add(tool);
        }
        toolbox
    }

    /// Adds a tool (`fetch_url` where it is allowed), in place of one with the same name.
    pub fn add(&mut self, tool: Arc<dyn Tool>) {
        self.tools.insert(tool.spec().name.clone(), tool);
    }

    /// The same, with the tools of MCP servers.
    #[must_use]
    pub fn with_servers(mut self, servers: McpServers) -> Self {
        self.servers = servers;
        self
    }

    /// What an agent may list: the names of the tools, and `mcp:<server>` for those of a server.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.tools.keys().cloned().chain(self.servers.names()).collect()
    }

    fn knows(&self, name: &str) -> bool {
        self.tools.contains_key(name) || self.servers.knows(name)
    }
}

#[async_trait]
impl ToolSource for Toolbox {
    fn check(&self, agent: &AgentDefinition) -> Result<(), EngineError> {
        let lists = [(&agent.tools, "/tools"), (&agent.approve, "/approve")];
        for (names, pointer) in lists {
            if let Some(unknown) = names.iter().find(|name| !self.knows(name)) {
                let known = self.names().join(", ");
                let problem = format!("there is no tool `{unknown}`; there are {known}");
                return Err(EngineError::invalid("unknown_tool", pointer, problem));
            }
        }
        Ok(())
    }

    /// In the agent's order and each once. An MCP server that does not answer gives tools that say so when they are
    /// called.
    async fn select(&self, agent: &AgentDefinition) -> Result<Vec<Arc<dyn Tool>>, EngineError> {
        self.check(agent)?;
        let mut chosen: Vec<Arc<dyn Tool>> = Vec::with_capacity(agent.tools.len());
        for name in &agent.tools {
            let meant = match self.tools.get(name) {
                Some(tool) => vec![Arc::clone(tool)],
                None => self.servers.select(name).await,
            };
            for tool in meant {
                if !chosen.iter().any(|other| other.spec().name == tool.spec().name) {
                    chosen.push(tool);
                }
            }
        }
        Ok(chosen)
    }

    /// Ends connections to MCP servers, and their programs.
    async fn stop(&self) {
        self.servers.stop().await;
    }
}

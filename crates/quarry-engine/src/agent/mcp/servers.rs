//! All MCP servers of the configuration.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::join_all;

use super::{
    server::McpServer,
    settings::{ALL, McpServerSettings, ProgramEnvironment},
    tool::{self, McpTool},
};
use crate::{agent::tool::Tool, error::EngineError, outbound::Outbound};

/// Starts what names a server in an agent's list of tools.
const WHOLE: &str = "mcp:";

/// The MCP servers whose tools agents may use. Nothing is started or called before a run needs it.
#[derive(Default)]
pub struct McpServers {
    servers: BTreeMap<String, Arc<McpServer>>,
}

impl McpServers {
    /// The servers of the configuration. Addresses are reached through `outbound`, under its rules: one of this
    /// machine or network must be opened there (`allow_private`).
    ///
    /// # Errors
    /// `invalid_mcp_server`.
    pub fn new(
        settings: Vec<McpServerSettings>,
        environment: &ProgramEnvironment,
        outbound: &Outbound,
    ) -> Result<Self, EngineError> {
        let mut servers = BTreeMap::new();
        for one in settings {
            one.check()?;
            let name = one.name.clone();
            let server = Arc::new(McpServer::new(one, environment.clone(), outbound.clone()));
            if servers.insert(name.clone(), server).is_some() {
                let problem = format!("there are two MCP servers with the name `{name}`");
                return Err(EngineError::invalid("invalid_mcp_server", "", problem));
            }
        }
        Ok(Self { servers })
    }

    /// What agents may list: `mcp:<server>` for each.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.servers.keys().map(|name| format!("{WHOLE}{name}")).collect()
    }

    /// Whether a name in an agent's list can be meant for one of the servers. Whether the server has such a tool is
    /// known only when it answers.
    pub(crate) fn knows(&self, listed: &str) -> bool {
        self.meant(listed).is_some()
    }

    /// The tools that a name in an agent's list stands for. A server that does not answer gives tools that say so.
    pub(crate) async fn select(&self, listed: &str) -> Vec<Arc<dyn Tool>> {
        let Some(server) = self.meant(listed) else { return Vec::new() };
        let mut tools = tools_of(server).await;
        if !listed.starts_with(WHOLE) {
            tools.retain(|tool| tool.spec().name == listed);
        }
        tools
    }

    fn meant(&self, listed: &str) -> Option<&Arc<McpServer>> {
        if let Some(name) = listed.strip_prefix(WHOLE) {
            return self.servers.get(name);
        }
        self.servers.values().find(|server| listed.starts_with(&tool::name(&server.settings().name, "")))
    }

    /// Ends every connection and every program, for good.
    pub async fn stop(&self) {
        join_all(self.servers.values().map(|server| server.close())).await;
    }
}

async fn tools_of(server: &Arc<McpServer>) -> Vec<Arc<dyn Tool>> {
    if let Ok(connection) = server.connected().await {
        return connection
            .tools
            .iter()
            .map(|tool| Arc::new(McpTool::new(server, tool)) as Arc<dyn Tool>)
            .collect();
    }
    let named = server.settings().tools.iter().filter(|name| *name != ALL);
    let mut tools: Vec<Arc<dyn Tool>> =
        named.map(|name| Arc::new(McpTool::unreachable(server, name)) as Arc<dyn Tool>).collect();
    if tools.is_empty() {
        tools.push(Arc::new(McpTool::unreachable(server, "unavailable")));
    }
    tools
}

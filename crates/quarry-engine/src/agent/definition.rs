//! What an agent is.

use quarry_core::CollectionName;
use serde::{Deserialize, Serialize};

/// What an agent may spend in one run. Reaching one ends the run with an answer from what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budgets {
    /// Replies of the model.
    pub steps: u32,
    /// Calls of tools.
    pub tool_calls: u32,
    /// Tokens read and written, all replies together.
    pub tokens: u64,
    /// Money, in the currency of `models.chat.<name>.price`; none means no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Seconds from start to finish, waiting for approvals not counted.
    pub seconds: u64,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { steps: 8, tool_calls: 16, tokens: 60_000, cost: None, seconds: 120 }
    }
}

/// How the model is made to act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Native tool calling where the model has it, ReAct otherwise.
    #[default]
    Auto,
    /// Native tool calling.
    Native,
    /// Textual ReAct.
    React,
}

/// What an agent is, without its name and version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentDefinition {
    /// One line for people who choose between agents.
    pub description: String,
    /// What the operator wants of it, added to the system prompt.
    pub instructions: String,
    /// The collections it may read, and no others.
    pub collections: Vec<CollectionName>,
    /// Its tools by name; `mcp:<server>` stands for all allowed tools of a configured MCP server.
    pub tools: Vec<String>,
    /// Tools that wait for a person's approval before each call.
    pub approve: Vec<String>,
    /// The chat model's name in the configuration; none means the configured default, and where there is none the
    /// extractive answerer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How the model is made to act.
    pub style: Style,
    /// What one run may spend.
    pub budgets: Budgets,
    /// Whether sessions and facts are remembered and recalled.
    pub memory: bool,
}

impl Default for AgentDefinition {
    fn default() -> Self {
        Self {
            description: String::new(),
            instructions: String::new(),
            collections: vec![CollectionName::fallback()],
            tools: ["search", "read_document", "list_documents", "calculate", "current_time"]
                .map(str::to_owned)
                .to_vec(),
            approve: Vec::new(),
            model: None,
            style: Style::Auto,
            budgets: Budgets::default(),
            memory: true,
        }
    }
}

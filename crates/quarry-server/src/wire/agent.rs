//! Agents.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An agent to add.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"name": "handbook", "definition": {
    "description": "Answers from the handbook", "instructions": "Answer in one paragraph.", "collections": ["handbook"]
}}))]
pub struct NewAgent {
    /// Its name: 1 to 64 lower-case letters, digits, `-` or `_`, starting with a letter or digit.
    #[schema(example = "handbook")]
    pub name: String,
    /// What it is; every field that is not said has its default.
    pub definition: Option<AgentDefinition>,
}

/// A change of an agent. What is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAgent {
    /// Its new name.
    pub name: Option<String>,
    /// All of its new definition; fields of it that are not said have their defaults.
    #[schema(value_type = Option<AgentDefinition>)]
    pub definition: Option<quarry_engine::agent::AgentDefinition>,
    /// The version the change is based on: `409` when it is not the present one any more.
    #[schema(minimum = 1)]
    pub version: Option<u32>,
}

/// What an agent is.
#[derive(Clone, Debug, ToSchema)]
pub struct AgentDefinition {
    /// One line for people who choose between agents.
    pub description: Option<String>,
    /// What the operator wants of it, added to the system prompt.
    pub instructions: Option<String>,
    /// The collections it may read, and no others; `default` when not said.
    pub collections: Option<Vec<String>>,
    /// Its tools by name; `mcp:<server>` stands for all allowed tools of a configured MCP server.
    #[schema(example = json!(["search", "read_document"]))]
    pub tools: Option<Vec<String>>,
    /// Tools that wait for a person's approval before each call.
    pub approve: Option<Vec<String>>,
    /// The chat model's name in the configuration; the configured default when not said, and where there is none the
    /// extractive answerer.
    pub model: Option<String>,
    /// How the model is made to act; `auto` when not said.
    pub style: Option<Style>,
    /// What one run may spend.
    pub budgets: Option<Budgets>,
    /// Whether sessions and facts are remembered and recalled; they are when not said.
    pub memory: Option<bool>,
}

/// How a model is made to act.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Style {
    /// Native tool calling where the model has it, textual ReAct otherwise.
    Auto,
    /// Native tool calling.
    Native,
    /// Textual ReAct.
    React,
}

/// What one run may spend. Reaching a limit ends it with an answer from what was found.
#[derive(Clone, Debug, ToSchema)]
pub struct Budgets {
    /// Replies of the model, 1 to 100; 8 when not said.
    pub steps: Option<u32>,
    /// Calls of tools, 0 to 500; 16 when not said.
    pub tool_calls: Option<u32>,
    /// Tokens read and written, 500 to 10,000,000; 60,000 when not said.
    pub tokens: Option<u64>,
    /// Money, in the currency of the model's price; no limit when not said.
    pub cost: Option<f64>,
    /// Seconds, 1 to 3,600, waiting for approvals not counted; 120 when not said.
    pub seconds: Option<u64>,
}

/// An agent at one of its versions.
#[derive(Clone, Debug, ToSchema)]
pub struct Agent {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "handbook")]
    pub name: String,
    /// The version, from 1.
    pub version: u32,
    /// What it is.
    pub definition: AgentDefinition,
    /// When it was made; of an older version, when that was.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When this version was made.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

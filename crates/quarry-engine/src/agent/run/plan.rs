//! Everything that is decided before the first reply.

use quarry_core::{AgentId, Filter, RunId, SessionId};
use quarry_models::ChatMessage;
use serde::{Deserialize, Serialize};

use crate::agent::definition::AgentDefinition;

/// What kind of run it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An agent with tools.
    Agent,
    /// One retrieval and one answer.
    Query,
}

/// What a model is told of what was before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Notes of turns that left the window.
    pub summary: String,
    /// What is remembered of the user and has to do with the question.
    pub facts: Vec<String>,
    /// What the calling application adds to the instructions.
    pub caller: String,
    /// Recent turns.
    pub history: Vec<ChatMessage>,
}

/// A run as it was planned. The agent's collections are those it may read in this run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The run.
    pub run_id: RunId,
    /// What kind it is.
    pub kind: Kind,
    /// Who asks.
    pub user: String,
    /// The agent; none for a query.
    pub agent_id: Option<AgentId>,
    /// Its name.
    pub agent: String,
    /// Its version.
    pub version: u32,
    /// The session.
    pub session_id: Option<SessionId>,
    /// What the agent is, narrowed by the request.
    pub definition: AgentDefinition,
    /// What every document must match.
    pub filter: Option<Filter>,
    /// What was said.
    pub input: String,
    /// The configured name of the model; none where the extractive answerer answers.
    pub model: Option<String>,
    /// Why there is no model although the agent names one.
    pub missing: Option<String>,
    /// Whether it acts in text.
    pub react: bool,
    /// Tokens the model can take.
    pub window: u32,
    /// What untrusted text is marked with.
    pub boundary: String,
    /// What was before.
    pub memory: Memory,
    /// Whether the run is stored.
    pub keep: bool,
    /// Whether it goes on a while when nobody listens.
    pub resumable: bool,
}

impl Plan {
    /// The name of what answers.
    #[must_use]
    pub fn answerer(&self) -> &str {
        self.model.as_deref().unwrap_or(quarry_models::EXTRACTIVE)
    }
}

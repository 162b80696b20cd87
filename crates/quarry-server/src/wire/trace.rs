//! Runs as they are kept: what was asked, what happened, what running them again finds.

use quarry_core::Timestamp;
use quarry_engine::agent::RunView;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AgentEvent, RunAnswer, Source, Usage};

/// Where a run is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum RunState {
    /// It goes.
    Running,
    /// It waits for a person.
    Waiting,
    /// It gave an answer.
    Finished,
    /// It gave none.
    Failed,
    /// Whoever asked went away, or somebody ended it.
    Cancelled,
    /// The server stopped while it went.
    Interrupted,
}

/// Why a run came to nothing.
#[derive(Clone, Debug, ToSchema)]
pub struct RunFailure {
    /// Stable code.
    #[schema(example = "run_cancelled")]
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// A run.
#[derive(Clone, Debug, ToSchema)]
pub struct Run {
    /// Its id.
    pub id: Uuid,
    /// Who asked.
    #[schema(example = "key:admin")]
    pub user: String,
    /// The agent; none for a query.
    pub agent_id: Option<Uuid>,
    /// Its name then.
    pub agent: String,
    /// Its version then.
    pub version: u32,
    /// The session.
    pub session_id: Option<Uuid>,
    /// What was asked.
    pub question: String,
    /// Where it is.
    pub state: RunState,
    /// The configured name of the model, or `extractive`.
    pub model: String,
    /// What it came to.
    pub answer: Option<RunAnswer>,
    /// Why it came to nothing.
    pub error: Option<RunFailure>,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Money.
    pub cost: f64,
    /// Replies.
    pub steps: u32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: String,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<String>,
}

/// A run with everything that happened in it. One that still goes has no trace yet: listen to its events.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunTrace {
    /// The run.
    #[serde(flatten)]
    #[schema(value_type = Run)]
    pub run: RunView,
    /// The prompts that were used, each with its version.
    #[schema(example = json!(["native@1"]))]
    pub prompts: Vec<String>,
    /// Each reply of a model and the calls it made.
    pub replies: Vec<Reply>,
    /// The passages, by number.
    #[schema(value_type = Vec<Source>)]
    pub sources: Vec<quarry_engine::agent::source::Source>,
    /// What was said, in order.
    pub events: Vec<NumberedEvent>,
}

/// A reply of a model.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Reply {
    /// Its number, from 1.
    pub step: u32,
    /// The prompt and its version.
    #[schema(example = "native@1")]
    pub prompt: String,
    /// The configured name of the model that replied; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Usage>)]
    pub usage: Option<quarry_engine::Usage>,
    /// Money.
    pub cost: f64,
    /// Milliseconds.
    pub took_ms: f64,
    /// Why it broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The calls it made.
    pub calls: Vec<Call>,
}

/// A call of a tool.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Call {
    /// The call, unique in the run.
    pub call_id: String,
    /// The tool.
    pub tool: String,
    /// Whether it worked; absent where it never returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ok: Option<bool>,
    /// Milliseconds.
    pub took_ms: f64,
    /// Numbers of the passages it brought.
    pub sources: Vec<u32>,
}

/// An event with its number.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumberedEvent {
    /// Its place in the run, from 1; numbers may leave gaps.
    pub number: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    #[schema(value_type = AgentEvent)]
    pub event: quarry_engine::agent::AgentEvent,
}

/// What running a stored run again found.
#[derive(Clone, Debug, ToSchema)]
pub struct Replay {
    /// The run.
    pub run_id: Uuid,
    /// Moments that came out as they did then.
    pub same: u64,
    /// The first that did not.
    pub difference: Option<Difference>,
}

/// Where a run came out otherwise.
#[derive(Clone, Debug, ToSchema)]
pub struct Difference {
    /// `prompt`, `request`, `tools`, `call`, `result`, `stopped`, `answer`, or `end` where one side has nothing more.
    #[schema(example = "prompt")]
    pub what: String,
    /// The reply it belongs to, from 1; 0 before the first.
    pub step: u32,
    /// What came then.
    pub then: String,
    /// What comes now.
    pub now: String,
}

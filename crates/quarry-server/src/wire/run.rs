//! Runs of agents, and what they come to.

use quarry_core::{CollectionName, SessionId, Timestamp};
use quarry_engine::agent::{RunRequest, RunView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AgentEvent, Citation, Filter, Span};

/// What to ask an agent.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"input": "What raises the sea twice a day?", "stream": true}))]
pub struct NewRun {
    /// What the person says, 1 to 32,000 characters.
    pub input: String,
    /// The conversation it belongs to: its turns are read before, and this one is added after.
    #[schema(value_type = Option<Uuid>)]
    pub session_id: Option<SessionId>,
    /// Only these of the agent's collections.
    #[schema(value_type = Option<Vec<String>>)]
    pub collections: Option<Vec<CollectionName>>,
    /// Only documents whose metadata match, whatever the model asks for.
    #[schema(value_type = Option<Filter>)]
    pub filter: Option<quarry_core::Filter>,
    /// Another chat model than the agent's, by its configured name.
    pub model: Option<String>,
    /// Whether the answer comes as a stream of events; it does not when not said, unless `Accept` is
    /// `text/event-stream`.
    pub stream: Option<bool>,
    /// Whether the run goes on for a while (`agents.resume_seconds`) when the client goes away, so that it can come
    /// back for the rest. When not said, a stream can be come back to and a plain request ends its run.
    pub resumable: Option<bool>,
    /// Whether the run is stored; it is when not said.
    pub keep: Option<bool>,
}

impl NewRun {
    /// The engine's request.
    pub(crate) fn request(self, agent: String, streams: bool) -> RunRequest {
        RunRequest {
            agent: Some(agent),
            session: self.session_id,
            collections: self.collections,
            filter: self.filter,
            model: self.model,
            keep: self.keep.unwrap_or(true),
            resumable: self.resumable.unwrap_or(streams),
            ..RunRequest::new(self.input)
        }
    }
}

/// A decision about a call that waits.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The call.
    #[schema(example = "call_1_1")]
    pub call_id: String,
    /// Whether it may go on. The model is told of a refusal and goes on without.
    pub approved: bool,
    /// Whether what follows comes as a stream of events.
    pub stream: Option<bool>,
    /// Of a stream: only events behind this number; everything from the run's start when not said.
    pub after: Option<u64>,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunAnswer {
    /// The run.
    pub run_id: Uuid,
    /// The answer, with `[n]` where it cites.
    #[schema(example = "The moon raises the sea twice a day [1].")]
    pub text: String,
    /// Whether the documents answer the question.
    pub answered: bool,
    /// One for each cited passage.
    #[schema(value_type = Vec<Citation>)]
    pub citations: Vec<serde_json::Value>,
    /// Each sentence's support.
    pub sentences: Vec<RunSentence>,
    /// The configured name of the model that wrote it, or `extractive`.
    pub model: String,
    /// Whether it comes from somewhere lesser than asked.
    pub degraded: bool,
    /// Why.
    pub degraded_reason: Option<String>,
    /// The budget that ended the run early: `steps`, `tool_calls`, `tokens`, `cost`, `seconds` or `loop`.
    pub stopped_by: Option<String>,
    /// Tokens of all replies.
    pub usage: Usage,
    /// Money.
    pub cost: f64,
    /// Replies.
    pub steps: u32,
    /// Milliseconds.
    pub took_ms: f64,
}

/// A sentence of an answer and what it rests on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunSentence {
    /// Where it stands in the answer, in characters.
    #[schema(value_type = Span)]
    pub span: quarry_core::Span,
    /// The numbers it cites.
    pub citations: Vec<u32>,
    /// How well what it cites supports it, 0 to 1.
    pub support: f32,
    /// Whether that is enough. A sentence that claims nothing counts as supported.
    pub supported: bool,
}

/// Tokens.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Usage {
    /// Read.
    pub prompt_tokens: u64,
    /// Written.
    pub completion_tokens: u64,
    /// Whether they were counted here because the provider did not say.
    pub estimated: bool,
}

/// A passage that a run has read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Source {
    /// What the model cites as `[n]`, from 1.
    pub number: u32,
    /// Its collection.
    pub collection: String,
    /// Its document.
    pub document_id: Uuid,
    /// The passage: `<document>.<version>.<ordinal>`.
    pub chunk_id: String,
    /// The document's title.
    pub title: String,
    /// Where the document came from.
    pub source: String,
    /// The page, from 1, where the format has pages.
    pub page: Option<u32>,
    /// Where the text stands in the document's text.
    #[schema(value_type = Span)]
    pub span: quarry_core::Span,
    /// The text the model was shown.
    pub text: String,
}

/// A run that waits for a person.
#[derive(Clone, Debug, ToSchema)]
pub struct RunWaiting {
    /// The run.
    pub run_id: Uuid,
    /// `waiting`
    #[schema(example = "waiting")]
    pub state: String,
    /// The calls that wait.
    pub approvals: Vec<Approval>,
}

/// A call that waits for a person.
#[derive(Clone, Debug, ToSchema)]
pub struct Approval {
    /// The call, unique in the run.
    #[schema(example = "call_1_1")]
    pub call_id: String,
    /// The tool.
    pub tool: String,
    /// The arguments.
    pub arguments: serde_json::Value,
}

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

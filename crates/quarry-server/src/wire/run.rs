//! What agents are asked, and what their runs come to.

use quarry_core::{CollectionName, SessionId};
use quarry_engine::agent::RunRequest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Citation, Filter, Span};

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

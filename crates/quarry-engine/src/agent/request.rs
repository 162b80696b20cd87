//! What a run is asked.

use quarry_core::{CollectionName, Filter, SessionId};
use quarry_models::ChatMessage;

use crate::retrieve::SearchRequest;

/// A run of an agent.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// Its name or id; `default` when not said.
    pub agent: Option<String>,
    /// The conversation it belongs to: its turns are read before and it is added after.
    pub session: Option<SessionId>,
    /// What the person says, 1 to [`RunRequest::MAX_INPUT`] characters.
    pub input: String,
    /// Earlier turns where the caller keeps them (the OpenAI dialect). System messages among them are added to the
    /// agent's instructions.
    pub history: Vec<ChatMessage>,
    /// Only these of the agent's collections.
    pub collections: Option<Vec<CollectionName>>,
    /// Only documents whose metadata match, whatever the model asks for.
    pub filter: Option<Filter>,
    /// Another model than the agent's.
    pub model: Option<String>,
    /// Whether the run is stored.
    pub keep: bool,
    /// Whether it goes on for `agents.resume_seconds` when nobody listens any more; otherwise it ends at once.
    pub resumable: bool,
}

impl RunRequest {
    /// Longest input in characters.
    pub const MAX_INPUT: usize = 32_000;
    /// Most messages of a history.
    pub const MAX_HISTORY: usize = 500;

    /// Asks the default agent.
    pub fn new(input: impl Into<String>) -> Self {
        Self { input: input.into(), keep: true, ..Self::default() }
    }
}

/// One retrieval and one answer.
#[derive(Clone, Debug)]
pub struct AskRequest {
    /// Which passages to answer from; `search.query` is the question.
    pub search: SearchRequest,
    /// Another model than the default one.
    pub model: Option<String>,
    /// Whether it is stored as a run.
    pub keep: bool,
    /// Whether it goes on for `agents.resume_seconds` when nobody listens any more.
    pub resumable: bool,
}

impl AskRequest {
    /// A question with every default.
    pub fn new(collection: CollectionName, question: impl Into<String>) -> Self {
        Self { search: SearchRequest::new(collection, question), model: None, keep: true, resumable: false }
    }
}

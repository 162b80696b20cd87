//! Sessions, their messages, and what is remembered of a user.

use quarry_core::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A session to begin.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// The agent it is held with, by name or id.
    #[schema(example = "default")]
    pub agent: Option<String>,
    /// Its title, 200 characters at most; the first words that are said when not said.
    pub title: Option<String>,
}

/// A session's new title.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameSession {
    /// The title, 200 characters at most.
    pub title: String,
}

/// A conversation.
#[derive(Clone, Debug, ToSchema)]
pub struct Session {
    /// Its id.
    pub id: Uuid,
    /// The agent it was begun with.
    pub agent_id: Option<Uuid>,
    /// Its title.
    pub title: String,
    /// The notes of turns that left the model's window.
    pub summary: String,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When something was last said.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// A message of a session.
#[derive(Clone, Debug, ToSchema)]
pub struct Message {
    /// Its place, from 1.
    pub number: u64,
    /// `user` or `assistant`.
    #[schema(example = "assistant")]
    pub role: String,
    /// The text.
    pub content: String,
    /// The run it belongs to.
    pub run_id: Option<Uuid>,
    /// Of an answer: citations, support, model.
    pub details: serde_json::Value,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
}

/// A session with everything in it.
#[derive(Clone, Debug, ToSchema)]
pub struct SessionExport {
    /// The session.
    pub session: Session,
    /// All messages, oldest first.
    pub messages: Vec<Message>,
}

/// Something to remember.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFact {
    /// A sentence, 2,000 characters at most.
    #[schema(example = "Works in the accounts department.")]
    pub text: String,
    /// The session in which it was said.
    #[schema(value_type = Option<Uuid>)]
    pub session_id: Option<SessionId>,
}

/// A fact's new sentence.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateFact {
    /// The sentence, 2,000 characters at most.
    pub text: String,
}

/// One thing remembered of a user.
#[derive(Clone, Debug, ToSchema)]
pub struct Fact {
    /// Its id.
    pub id: Uuid,
    /// The sentence.
    pub text: String,
    /// The session in which it was learnt.
    pub session_id: Option<Uuid>,
    /// When it was learnt.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// How many were erased.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Erased {
    /// The number.
    pub erased: u64,
}

//! What changes from step to step. With the plan and the passages it is all that a waiting run goes on from.

use quarry_models::{ChatMessage, chat::ToolCall};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agent::{budget::Spent, looping::Looping};

/// Where a run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The conversation with the model.
    pub(crate) messages: Vec<ChatMessage>,
    /// What was spent.
    pub(crate) spent: Spent,
    /// The calls so far.
    pub(crate) looping: Looping,
    /// Replies in a row that could not be read.
    pub(crate) unreadable: u32,
    /// Calls of the last reply that were not made yet.
    pub(crate) pending: Vec<Pending>,
    /// What may be said without a number: results of tools without passages.
    pub(crate) beside: Vec<String>,
    /// Numbers that `Retrieved` has named.
    pub(crate) announced: u32,
}

/// A call on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// The call, with an id that is unique in the run.
    pub(crate) call: ToolCall,
    /// Its arguments, checked; as text where they could not be read.
    pub(crate) arguments: Value,
    /// Why it is not made: a sentence for the model.
    pub(crate) refusal: Option<String>,
    /// Whether a person must allow it.
    pub(crate) asks: bool,
    /// What the person decided.
    pub(crate) decision: Option<bool>,
}

impl Pending {
    /// Whether it waits for a person.
    pub(crate) const fn waits(&self) -> bool {
        self.asks && self.refusal.is_none() && self.decision.is_none()
    }
}

//! What a trace keeps beside the events, so that a run can be run again: what models were asked and replied.

use quarry_models::chat::{ChatMessage, FinishReason, ToolCall, Usage};
use serde::{Deserialize, Serialize};

use super::{event::AgentEvent, run::Plan};

/// One thing that a replay needs. Its tag is neither `type`, which is the event's, nor a field of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Recorded {
    /// Everything that was decided before the first reply.
    Plan(Box<Plan>),
    /// What a model was asked. The first `kept` messages are those of the request before it.
    Asked {
        /// The reply, from 1.
        step: u32,
        /// The prompt and its version.
        prompt: String,
        /// Messages that begin this request as they began the one before.
        kept: usize,
        /// The others.
        messages: Vec<ChatMessage>,
        /// Names of the tools offered.
        tools: Vec<String>,
    },
    /// What it replied.
    Replied {
        /// The reply, from 1.
        step: u32,
        /// The configured name of the model.
        model: String,
        /// All text.
        text: String,
        /// All calls.
        calls: Vec<ToolCall>,
        /// Why it ended.
        reason: FinishReason,
        /// What it took.
        usage: Usage,
    },
    /// That it did not reply to the end.
    Broke {
        /// The reply, from 1.
        step: u32,
        /// What came before.
        text: String,
        /// Why, in a sentence.
        problem: String,
    },
    /// What the extractive answerer said.
    Extracted {
        /// The answer.
        text: String,
        /// Whether the documents answer.
        answered: bool,
    },
    /// A budget ended the run.
    Stopped {
        /// Which.
        limit: String,
        /// Replies until then.
        steps: u32,
    },
}

/// The messages of the last request in a trace.
pub(crate) fn conversation<'a>(events: impl Iterator<Item = &'a AgentEvent>) -> Vec<ChatMessage> {
    let mut said: Vec<ChatMessage> = Vec::new();
    for event in events {
        if let AgentEvent::Recorded(recorded) = event
            && let Recorded::Asked { kept, messages, .. } = recorded.as_ref()
        {
            said.truncate(*kept);
            said.extend(messages.iter().cloned());
        }
    }
    said
}

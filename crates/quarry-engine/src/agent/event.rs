//! What a run says while it goes. The server renders these as its own SSE, as OpenAI chunks or as MCP results; the
//! command line prints them; the store keeps them as the run's trace.
//!
//! The answer so far is what was [`AgentEvent::Said`] since the last [`AgentEvent::Step`], [`AgentEvent::Thought`],
//! [`AgentEvent::ToolCalled`] or [`AgentEvent::Degraded`]: each of them takes back what came before it. Text is given out
//! while it comes, and only later does it turn out that the model goes on to call a tool or breaks off. The text of
//! [`AgentEvent::Finished`] is the answer, whatever was said on the way.

use quarry_core::{AgentId, ChunkRef, DocumentId, RunId, SessionId, Span};
use quarry_models::chat::Usage;
use serde::{Deserialize, Serialize};

use super::{recorded::Recorded, source::Source};

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentEvent {
    /// First, exactly once.
    Started {
        /// The run.
        run_id: RunId,
        /// The agent; none for `/v1/query`.
        agent_id: Option<AgentId>,
        /// Its name.
        agent: String,
        /// Its version.
        version: u32,
        /// The session it belongs to, where there is one.
        session_id: Option<SessionId>,
        /// The configured name of the model, or `extractive`.
        model: String,
    },
    /// A model's reply began; its text replaces what an earlier step said.
    Step {
        /// From 1.
        step: u32,
        /// The configured name of the model that answers.
        model: String,
    },
    /// What a ReAct model thinks, or says beside its calls: in the second case it was `Said` already, and this takes it
    /// back. Not part of the answer.
    Thought {
        /// The words.
        text: String,
    },
    /// A tool is called.
    ToolCalled {
        /// The call, unique in the run.
        call_id: String,
        /// The tool.
        tool: String,
        /// The arguments as the model gave them.
        arguments: serde_json::Value,
    },
    /// A call waits for a person.
    ApprovalRequired {
        /// The call.
        call_id: String,
        /// The tool.
        tool: String,
        /// The arguments.
        arguments: serde_json::Value,
    },
    /// A person decided.
    ApprovalDecided {
        /// The call.
        call_id: String,
        /// Whether it may go on.
        approved: bool,
        /// Who decided.
        by: String,
    },
    /// A tool returned.
    ToolReturned {
        /// The call.
        call_id: String,
        /// The tool.
        tool: String,
        /// Whether it worked.
        ok: bool,
        /// What the model reads.
        output: String,
        /// Milliseconds it took.
        took_ms: f64,
    },
    /// Passages came in.
    Retrieved {
        /// The call that brought them.
        call_id: String,
        /// The new ones.
        sources: Vec<Source>,
    },
    /// A piece of the answer.
    Said {
        /// The words.
        text: String,
    },
    /// A reply ended.
    StepFinished {
        /// From 1.
        step: u32,
        /// Tokens.
        usage: Usage,
        /// Money.
        cost: f64,
        /// Milliseconds.
        took_ms: f64,
    },
    /// The answer comes from somewhere lesser than asked.
    Degraded {
        /// Why.
        reason: String,
    },
    /// What replaying needs. Kept in the trace with a number of its own, never given to a caller.
    Recorded(Box<Recorded>),
    /// Last, where an answer was given.
    Finished(Box<RunAnswer>),
    /// Last, where none was.
    Failed {
        /// Stable code.
        code: String,
        /// A sentence.
        message: String,
    },
}

/// Where an answer's `[n]` leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCitation {
    /// The number in the text.
    pub number: u32,
    /// The document.
    pub document_id: DocumentId,
    /// The passage.
    pub chunk_id: ChunkRef,
    /// The document's title.
    pub title: String,
    /// Where the document came from.
    pub source: String,
    /// The page, from 1, where the format has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Where the quote stands in the document's parsed text, in characters.
    pub span: Span,
    /// The sentence of the passage that supports best.
    pub quote: String,
}

/// A sentence of an answer and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSentence {
    /// Where it stands in the answer, in characters.
    pub span: Span,
    /// The numbers it cites.
    pub citations: Vec<u32>,
    /// How well what it cites supports it, 0 to 1.
    pub support: f32,
    /// Whether that is enough. A sentence that claims nothing (a greeting, a question) counts as supported.
    pub supported: bool,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunAnswer {
    /// The run.
    pub run_id: RunId,
    /// The answer, with `[n]` where it cites; marks that cite nothing retrieved are taken out.
    pub text: String,
    /// Whether the documents answer the question.
    pub answered: bool,
    /// One for each cited passage.
    pub citations: Vec<RunCitation>,
    /// Each sentence's support.
    pub sentences: Vec<RunSentence>,
    /// The configured name of the model that wrote it, or `extractive`.
    pub model: String,
    /// Whether it comes from somewhere lesser than asked.
    pub degraded: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degraded_reason: Option<String>,
    /// The budget that ended the run early: `steps`, `tool_calls`, `tokens`, `cost`, `seconds` or `loop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

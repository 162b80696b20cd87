//! What a run says while it goes.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{RunAnswer, Source, Usage};

/// One event of a stream: the `data` of an event whose `id` is its number and whose `event` is its `type`.
///
/// The answer so far is what was `said` since the last `step`, `thought`, `tool_called` or `degraded`: each of them
/// takes back what came before it. The text of `finished` is the answer, whatever was said on the way.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentEvent {
    /// First, exactly once.
    Started {
        /// The run.
        run_id: Uuid,
        /// The agent; none for `/v1/query`.
        agent_id: Option<Uuid>,
        /// Its name.
        agent: String,
        /// Its version.
        version: u32,
        /// The session it belongs to.
        session_id: Option<Uuid>,
        /// The configured name of the model, or `extractive`.
        model: String,
    },
    /// A model's reply began; its text replaces what was said before.
    Step {
        /// From 1.
        step: u32,
        /// The configured name of the model that answers.
        model: String,
    },
    /// What the model thinks or says beside its calls; not part of the answer.
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
    /// A call waits for a person; the stream ends with it until somebody decides.
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
    /// Last, where an answer was given.
    Finished(RunAnswer),
    /// Last, where none was.
    Failed {
        /// Stable code.
        code: String,
        /// A sentence.
        message: String,
    },
}

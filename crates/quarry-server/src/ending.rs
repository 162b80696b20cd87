//! How a run ends for those who wait for it: with an answer, before a person's decision, or with a problem.

use axum::http::StatusCode;
use futures::StreamExt;
use quarry_core::RunId;
use quarry_engine::agent::{AgentEvent, RunAnswer, RunHandle, source::Source};
use serde::Serialize;
use serde_json::Value;

use crate::problem::Problem;

/// A run's end.
pub(crate) enum Ending {
    /// It has an answer, from these passages.
    Answered(Box<RunAnswer>, Vec<Source>),
    /// It waits for a person.
    Waiting(Waiting),
}

/// A run that waits for a person.
#[derive(Serialize)]
pub(crate) struct Waiting {
    pub(crate) run_id: RunId,
    pub(crate) state: &'static str,
    pub(crate) approvals: Vec<Approval>,
}

/// A call that waits for a person.
#[derive(Serialize)]
pub(crate) struct Approval {
    pub(crate) call_id: String,
    pub(crate) tool: String,
    pub(crate) arguments: Value,
}

/// Waits for a run. Whoever stops waiting stops the run, unless it can be come back to.
pub(crate) async fn of(handle: RunHandle) -> Result<Ending, Problem> {
    let run_id = handle.run_id();
    let mut events = handle.events(0);
    let mut sources = Vec::new();
    let mut approvals: Vec<Approval> = Vec::new();
    while let Some((_, event)) = events.next().await {
        match event {
            AgentEvent::Retrieved { sources: new, .. } => sources.extend(new),
            AgentEvent::ApprovalRequired { call_id, tool, arguments } => {
                approvals.push(Approval { call_id, tool, arguments });
            }
            AgentEvent::ApprovalDecided { call_id, .. } => {
                approvals.retain(|approval| approval.call_id != call_id);
            }
            AgentEvent::Finished(answer) => return Ok(Ending::Answered(answer, sources)),
            AgentEvent::Failed { code, message } => return Err(failed(code, message)),
            _ => {}
        }
    }
    if approvals.is_empty() {
        return Err(Problem::internal("a run ended without a word"));
    }
    Ok(Ending::Waiting(Waiting { run_id, state: "waiting", approvals }))
}

/// The problem of a run that failed. Its sentence was written to be read; what is not known here is ours.
pub(crate) fn failed(code: String, message: String) -> Problem {
    let status = match code.as_str() {
        "run_cancelled" | "embedder_mismatch" => StatusCode::CONFLICT,
        "run_interrupted" | "shutting_down" | "embedder_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
        "collection_not_found" => StatusCode::NOT_FOUND,
        code if code.starts_with("invalid_") => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Problem::new(status, code, message)
}

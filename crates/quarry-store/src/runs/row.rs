//! What is kept of a run.

use std::str::FromStr;

use quarry_core::{AgentId, RunId, SessionId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RunEventRow;
use crate::{
    error::StoreError,
    sql::{Arg, Row, args},
};

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It goes.
    Running,
    /// It waits for a person's approval.
    Waiting,
    /// It gave an answer.
    Finished,
    /// It gave none.
    Failed,
    /// Whoever asked went away.
    Cancelled,
    /// The program ended while it went.
    Interrupted,
}

impl RunState {
    const ALL: [Self; 6] =
        [Self::Running, Self::Waiting, Self::Finished, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether nothing more happens in it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Running | Self::Waiting)
    }
}

impl FromStr for RunState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            format!(
                "`{text}` is not a state of a run: use running, waiting, finished, failed, cancelled or interrupted"
            )
        })
    }
}

/// One run, without its events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// Whose tenant.
    #[serde(skip)]
    pub tenant: TenantId,
    /// Who asked.
    pub user: String,
    /// The agent; none for a question without one.
    pub agent_id: Option<AgentId>,
    /// The agent's name then.
    pub agent: String,
    /// The agent's version then.
    pub version: u32,
    /// The session it belongs to.
    pub session_id: Option<SessionId>,
    /// What was asked.
    pub question: String,
    /// Where it is.
    pub state: RunState,
    /// The configured name of the model.
    pub model: String,
    /// What it came to.
    pub answer: Option<Value>,
    /// Why it came to nothing.
    pub error: Option<Value>,
    /// Tokens the models read.
    pub prompt_tokens: u64,
    /// Tokens the models wrote.
    pub completion_tokens: u64,
    /// Money.
    pub cost: f64,
    /// Replies of models.
    pub steps: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// A run with everything that happened in it.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    /// The run.
    pub run: RunRow,
    /// All of its events, in the order of their numbers.
    pub events: Vec<RunEventRow>,
}

/// Which runs to list. What is absent is not asked about.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this user.
    pub user: Option<String>,
    /// Of this agent.
    pub agent_id: Option<AgentId>,
    /// Of this session.
    pub session_id: Option<SessionId>,
    /// In this state.
    pub state: Option<RunState>,
}

/// Columns of a row, in the order that [`values`] gives and [`read`] takes.
pub(super) const COLUMNS: &str = "id, tenant, owner, agent, agent_name, agent_version, session, question, state, model, \
                                  answer, error, prompt_tokens, completion_tokens, cost, steps, started_at, finished_at";
/// How many those are.
pub(super) const COUNT: usize = 18;

pub(super) fn values(run: &RunRow) -> Vec<Arg<'_>> {
    args![
        run.id,
        run.tenant,
        &run.user,
        run.agent_id,
        &run.agent,
        run.version,
        run.session_id,
        &run.question,
        run.state.as_str(),
        &run.model,
        run.answer.as_ref().map(Value::to_string),
        run.error.as_ref().map(Value::to_string),
        run.prompt_tokens,
        run.completion_tokens,
        run.cost,
        run.steps,
        run.started_at,
        run.finished_at,
    ]
}

pub(super) fn missing(id: RunId) -> StoreError {
    StoreError::RunNotFound(id.to_string())
}

pub(super) fn read(row: &Row) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        id: RunId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        user: row.text(2)?,
        agent_id: row.opt_id(3)?.map(AgentId::from_uuid),
        agent: row.text(4)?,
        version: row.small(5)?,
        session_id: row.opt_id(6)?.map(SessionId::from_uuid),
        question: row.text(7)?,
        state: row.word(8)?,
        model: row.text(9)?,
        answer: row.opt_json(10)?,
        error: row.opt_json(11)?,
        prompt_tokens: row.big(12)?,
        completion_tokens: row.big(13)?,
        cost: row.real(14)?,
        steps: row.small(15)?,
        started_at: row.time(16)?,
        finished_at: row.opt_int(17)?.map(Timestamp::from_micros),
    })
}

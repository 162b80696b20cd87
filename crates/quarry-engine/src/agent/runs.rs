//! The verbs on runs: while they go, while they wait and after they have ended.

use std::sync::Arc;

use futures::{StreamExt, stream};
use quarry_core::{Access, Action, AgentId, Page, PageRequest, RunId, SessionId, Timestamp};
use quarry_store::{RunEventRow, RunFilter, RunRow, RunState, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    event::AgentEvent,
    live::{LiveRun, RunEvents},
    replay::{self, Replay},
};
use crate::{engine::Engine, error::EngineError, govern::must};

/// Events read from the store at most: more than any run may say.
pub(crate) const ALL: u32 = u32::MAX;

/// A run, without its events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// Who asked.
    pub user: String,
    /// The agent; none for a query.
    pub agent_id: Option<AgentId>,
    /// Its name then.
    pub agent: String,
    /// Its version then.
    pub version: u32,
    /// The session.
    pub session_id: Option<SessionId>,
    /// What was asked.
    pub question: String,
    /// `running`, `waiting`, `finished`, `failed`, `cancelled` or `interrupted`.
    pub state: RunState,
    /// The configured name of the model, or `extractive`.
    pub model: String,
    /// What it came to: a [`super::RunAnswer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
    /// Why it came to nothing: `code` and `message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Money.
    pub cost: f64,
    /// Replies.
    pub steps: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// The verbs on runs.
#[derive(Clone, Copy)]
pub struct Runs<'a>(pub(crate) &'a Engine);

impl Runs<'_> {
    /// A run.
    ///
    /// # Errors
    /// `run_not_found`.
    pub async fn get(&self, access: &Access, id: RunId) -> Result<RunView, EngineError> {
        let inner = self.0.inner();
        inner.keeper.flush(inner).await?;
        Ok(self.row(access, id).await?.into())
    }

    /// A page of runs, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(
        &self,
        access: &Access,
        mut filter: RunFilter,
        page: &PageRequest,
    ) -> Result<Page<RunView>, EngineError> {
        must(access, Action::Run)?;
        if access.check(Action::ReadOthers).is_err() {
            filter.user = Some(access.actor().to_string());
        }
        let inner = self.0.inner();
        inner.keeper.flush(inner).await?;
        Ok(inner.store.runs().list(access.tenant(), filter, page).await?.map(RunView::from))
    }

    /// What a run says behind a number: as it comes while it goes, from the store when it has ended or waits.
    ///
    /// # Errors
    /// `run_not_found`.
    pub async fn events(&self, access: &Access, id: RunId, after: u64) -> Result<RunEvents, EngineError> {
        if let Some(run) = self.live(access, id)? {
            return Ok(run.events(after));
        }
        let rows = self.trace(access, id).await?;
        let told = rows.into_iter().filter(move |row| row.number > after).filter_map(|row| {
            let event: AgentEvent = serde_json::from_value(row.event).ok()?;
            (!matches!(event, AgentEvent::Recorded(_))).then_some((row.number, event))
        });
        Ok(stream::iter(told.collect::<Vec<_>>()).boxed())
    }

    /// Everything that is kept of a run, also what only a replay needs.
    ///
    /// # Errors
    /// `run_not_found`.
    pub async fn trace(&self, access: &Access, id: RunId) -> Result<Vec<RunEventRow>, EngineError> {
        let inner = self.0.inner();
        inner.keeper.flush(inner).await?;
        self.row(access, id).await?;
        Ok(inner.store.runs().events(access.tenant(), id, 0, ALL).await?)
    }

    /// Erases a run with its trace. One that goes is cancelled first.
    ///
    /// # Errors
    /// `run_not_found`.
    pub async fn erase(&self, access: &Access, id: RunId) -> Result<(), EngineError> {
        let inner = self.0.inner();
        if let Some(run) = self.live(access, id)? {
            run.cancelled().cancel();
            run.events(u64::MAX).for_each(|_| async {}).await;
        }
        inner.keeper.flush(inner).await?;
        self.row(access, id).await?;
        Ok(inner.store.runs().erase(access.by(), access.tenant(), id).await?)
    }

    /// Runs a stored run again, with what models and tools said then, and names the first difference.
    ///
    /// # Errors
    /// `run_not_found`, `run_not_replayable`.
    pub async fn replay(&self, access: &Access, id: RunId) -> Result<Replay, EngineError> {
        replay::replay(self.0, access, id).await
    }

    /// A run that goes, when it is the caller's or they may see those of others.
    pub(super) fn live(&self, access: &Access, id: RunId) -> Result<Option<Arc<LiveRun>>, EngineError> {
        must(access, Action::Run)?;
        let run = self.0.inner().live.find(access.tenant(), id);
        run.map(|run| seen(access, &run.user, id).map(|()| run)).transpose()
    }

    /// The same for one that is stored.
    pub(super) async fn row(&self, access: &Access, id: RunId) -> Result<RunRow, EngineError> {
        must(access, Action::Run)?;
        let row = self.0.inner().store.runs().get(access.tenant(), id).await?;
        seen(access, &row.user, id)?;
        Ok(row)
    }
}

/// Whether a run of this user exists for the caller.
fn seen(access: &Access, user: &str, id: RunId) -> Result<(), EngineError> {
    if access.actor().to_string() == user || access.check(Action::ReadOthers).is_ok() {
        return Ok(());
    }
    Err(StoreError::RunNotFound(id.to_string()).into())
}

impl From<RunRow> for RunView {
    fn from(row: RunRow) -> Self {
        Self {
            id: row.id,
            user: row.user,
            agent_id: row.agent_id,
            agent: row.agent,
            version: row.version,
            session_id: row.session_id,
            question: row.question,
            state: row.state,
            model: row.model,
            answer: row.answer,
            error: row.error,
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
            cost: row.cost,
            steps: row.steps,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

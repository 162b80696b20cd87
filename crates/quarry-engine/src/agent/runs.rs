//! The verbs on runs: while they go, while they wait and after they have ended.

use std::sync::Arc;

use futures::{StreamExt, stream};
use parking_lot::Mutex;
use quarry_core::{Access, AgentId, Page, PageRequest, RunId, SessionId, Timestamp};
use quarry_store::{RunEventRow, RunFilter, RunRow, RunState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    checkpoint::Checkpoint,
    event::AgentEvent,
    live::{LiveRun, RunEvents, RunHandle},
    recorded,
    replay::{self, Replay},
    run::Work,
    source::Sources,
    start,
    toolset::Tools,
};
use crate::{
    engine::{Engine, Inner},
    error::EngineError,
};

/// Events read from the store at most: more than any run may say.
const ALL: u32 = u32::MAX;

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
        Ok(inner.store.runs().get(access.tenant(), id).await?.into())
    }

    /// A page of runs, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(
        &self,
        access: &Access,
        filter: RunFilter,
        page: &PageRequest,
    ) -> Result<Page<RunView>, EngineError> {
        let inner = self.0.inner();
        inner.keeper.flush(inner).await?;
        Ok(inner.store.runs().list(access.tenant(), filter, page).await?.map(RunView::from))
    }

    /// What a run says behind a number: as it comes while it goes, from the store when it has ended or waits.
    ///
    /// # Errors
    /// `run_not_found`.
    pub async fn events(&self, access: &Access, id: RunId, after: u64) -> Result<RunEvents, EngineError> {
        let inner = self.0.inner();
        if let Some(run) = inner.live.find(access.tenant(), id) {
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
        Ok(inner.store.runs().events(access.tenant(), id, 0, ALL).await?)
    }

    /// Ends a run that goes or waits.
    ///
    /// # Errors
    /// `run_not_found`, `run_over`.
    pub async fn cancel(&self, access: &Access, id: RunId) -> Result<(), EngineError> {
        let inner = self.0.inner();
        if let Some(run) = inner.live.find(access.tenant(), id) {
            run.cancelled().cancel();
            return Ok(());
        }
        let _deciding = inner.deciding.lock().await;
        let (row, checkpoint) = self.take_up(access, id, json!({"cancelled": true})).await?;
        let work = self.work(access, &checkpoint, &row).await?;
        work.run.cancelled().cancel();
        start::go(work, checkpoint.progress).map(drop)
    }

    /// Decides about a call that waits. When no other call waits, the run goes on; the handle hears it.
    ///
    /// # Errors
    /// `run_not_found`, `run_not_waiting`, `call_not_found`.
    pub async fn decide(
        &self,
        access: &Access,
        id: RunId,
        call_id: &str,
        approved: bool,
    ) -> Result<RunHandle, EngineError> {
        let inner = self.0.inner();
        // One decision at a time: two calls of a run may be decided about at the same moment.
        let _deciding = inner.deciding.lock().await;
        let (_, waiting) = inner.store.runs().waiting(access.tenant(), id).await?;
        let known = Checkpoint::read(waiting)?;
        if !known.progress.pending.iter().any(|pending| pending.call.id == call_id && pending.waits()) {
            return Err(EngineError::CallNotFound(call_id.to_owned()));
        }
        // The tools are looked for first: a run that cannot go on had better keep waiting.
        inner.tools.select(&known.plan.definition)?;
        let decision = json!({"call_id": call_id, "approved": approved});
        let (row, mut checkpoint) = self.take_up(access, id, decision).await?;
        for pending in &mut checkpoint.progress.pending {
            if pending.call.id == call_id {
                pending.decision = Some(approved);
            }
        }
        let work = self.work(access, &checkpoint, &row).await?;
        work.say(AgentEvent::ApprovalDecided {
            call_id: call_id.to_owned(),
            approved,
            by: access.actor().to_string(),
        });
        if checkpoint.progress.pending.iter().any(super::run::Pending::waits) {
            let value = checkpoint.write()?;
            inner.store.runs().pause(access.tenant(), id, value, work.run.rows()).await?;
            work.run.close();
            return Ok(RunHandle::new(&work.run));
        }
        let progress = std::mem::take(&mut checkpoint.progress);
        start::go(work, progress)
    }

    /// Erases a run with its trace. One that goes is cancelled first.
    ///
    /// # Errors
    /// `run_not_found`.
    pub async fn erase(&self, access: &Access, id: RunId) -> Result<(), EngineError> {
        let inner = self.0.inner();
        if let Some(run) = inner.live.find(access.tenant(), id) {
            run.cancelled().cancel();
            run.events(u64::MAX).for_each(|_| async {}).await;
        }
        inner.keeper.flush(inner).await?;
        Ok(inner.store.runs().erase(access.actor(), access.tenant(), id).await?)
    }

    /// Runs a stored run again, with what models and tools said then, and names the first difference.
    ///
    /// # Errors
    /// `run_not_found`, `run_not_replayable`.
    pub async fn replay(&self, access: &Access, id: RunId) -> Result<Replay, EngineError> {
        replay::replay(self.0, access, id).await
    }

    async fn take_up(
        &self,
        access: &Access,
        id: RunId,
        decision: Value,
    ) -> Result<(RunRow, Checkpoint), EngineError> {
        let runs = self.0.inner().store.runs();
        let (row, state) = runs.resume(access.actor(), access.tenant(), id, decision).await?;
        Ok((row, Checkpoint::read(state)?))
    }

    /// What a waiting run goes on with: its plan as it was, its tools and its model as they are.
    async fn work(
        &self,
        access: &Access,
        checkpoint: &Checkpoint,
        row: &RunRow,
    ) -> Result<Work, EngineError> {
        let inner = self.0.inner();
        let before = past(inner, access, row.id).await?;
        let mut plan = checkpoint.plan.clone();
        let model = match plan.model.as_deref().map(|name| inner.chat.find(Some(name))) {
            Some(Ok(model)) => model,
            Some(Err(error)) => {
                plan.missing = Some(error.to_string());
                None
            }
            None => None,
        };
        plan.keep = true;
        let clock = Arc::clone(&inner.clock);
        Ok(Work {
            engine: self.0.clone(),
            access: access.clone(),
            tools: Tools::new(inner.tools.select(&plan.definition)?),
            model,
            search: None,
            sources: Sources::restored(checkpoint.sources.clone()),
            asked: Mutex::new(recorded::conversation(before.iter().map(|(_, event)| event))),
            run: Arc::new(LiveRun::new(access.tenant(), row.id, clock, before)),
            again: None,
            plan,
        })
    }
}

async fn past(
    inner: &Inner,
    access: &Access,
    id: RunId,
) -> Result<Vec<(Timestamp, AgentEvent)>, EngineError> {
    let rows = inner.store.runs().events(access.tenant(), id, 0, ALL).await?;
    let unreadable = |error| EngineError::Task(format!("a run's trace cannot be read: {error}"));
    rows.into_iter().map(|row| Ok((row.at, serde_json::from_value(row.event).map_err(unreadable)?))).collect()
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

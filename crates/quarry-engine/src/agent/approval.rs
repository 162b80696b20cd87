//! Runs that wait for a person: decided about, taken up again, also after a restart, or ended.
//!
//! A run is taken up exactly once, by the store. Where it then cannot go on, it waits again.

use std::sync::Arc;

use parking_lot::Mutex;
use quarry_core::{Access, AuditAction, RunId, Timestamp};
use quarry_store::RunRow;
use serde_json::{Value, json};

use super::{
    checkpoint::Checkpoint,
    event::AgentEvent,
    live::{LiveRun, RunHandle},
    recorded,
    run::{Pending, Work},
    runs::{ALL, Runs},
    source::Sources,
    start,
    toolset::Tools,
};
use crate::{audit, engine::Inner, error::EngineError};

impl Runs<'_> {
    /// Ends a run that goes or waits.
    ///
    /// # Errors
    /// `run_not_found`, `run_not_waiting` where it is over.
    pub async fn cancel(&self, access: &Access, id: RunId) -> Result<(), EngineError> {
        let inner = self.0.inner();
        if let Some(run) = self.live(access, id)? {
            audit::note(inner, access, (AuditAction::RunCancel, id.to_string()), json!({})).await?;
            run.cancelled().cancel();
            return Ok(());
        }
        inner.keeper.flush(inner).await?;
        self.row(access, id).await?;
        let _deciding = inner.deciding.lock().await;
        let decision = json!({"cancelled": true});
        let runs = inner.store.runs();
        let (row, state) = runs.resume(access.by(), access.tenant(), id, decision).await?;
        let gone = async {
            let checkpoint = Checkpoint::read(state.clone())?;
            // It only ends, for which it needs no tools: those it had may not be there any more.
            let work = self.work(access, &checkpoint, &row, Tools::default()).await?;
            work.run.cancelled().cancel();
            start::go(work, checkpoint.progress).map(drop)
        };
        let outcome = gone.await;
        self.put_back(access, id, state, outcome).await
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
        inner.keeper.flush(inner).await?;
        let asked = self.row(access, id).await?;
        // It goes on with the rights of whoever decides, so that nobody else may.
        if asked.user != access.actor().to_string() {
            return Err(EngineError::NotYours);
        }
        // One decision at a time: two calls of a run may be decided about at the same moment.
        let _deciding = inner.deciding.lock().await;
        let (_, waiting) = inner.store.runs().waiting(access.tenant(), id).await?;
        let known = Checkpoint::read(waiting)?;
        if !known.progress.pending.iter().any(|pending| pending.call.id == call_id && pending.waits()) {
            return Err(EngineError::CallNotFound(call_id.to_owned()));
        }
        // The tools are looked for first: a run that cannot go on had better keep waiting.
        let tools = Tools::new(inner.tools.select(&known.plan.definition).await?);
        let decision = json!({"call_id": call_id, "approved": approved});
        let runs = inner.store.runs();
        let (row, state) = runs.resume(access.by(), access.tenant(), id, decision).await?;
        let outcome = self.go_on(access, (&row, state.clone()), tools, (call_id, approved)).await;
        self.put_back(access, id, state, outcome).await
    }

    /// Goes on with a decision, or waits for the next.
    async fn go_on(
        &self,
        access: &Access,
        (row, state): (&RunRow, Value),
        tools: Tools,
        (call_id, approved): (&str, bool),
    ) -> Result<RunHandle, EngineError> {
        let mut checkpoint = Checkpoint::read(state)?;
        for pending in &mut checkpoint.progress.pending {
            if pending.call.id == call_id {
                pending.decision = Some(approved);
            }
        }
        let work = self.work(access, &checkpoint, row, tools).await?;
        work.say(AgentEvent::ApprovalDecided {
            call_id: call_id.to_owned(),
            approved,
            by: access.actor().to_string(),
        });
        if checkpoint.progress.pending.iter().any(Pending::waits) {
            let runs = self.0.inner().store.runs();
            runs.pause(access.tenant(), row.id, checkpoint.write()?, work.run.rows()).await?;
            work.run.close();
            return Ok(RunHandle::new(&work.run));
        }
        let progress = std::mem::take(&mut checkpoint.progress);
        start::go(work, progress)
    }

    /// Lets a run wait again that was taken up and could not go on.
    async fn put_back<T>(
        &self,
        access: &Access,
        id: RunId,
        state: Value,
        outcome: Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if outcome.is_err() {
            let runs = self.0.inner().store.runs();
            let events = runs.events(access.tenant(), id, 0, ALL).await?;
            runs.pause(access.tenant(), id, state, events).await?;
        }
        outcome
    }

    /// What a waiting run goes on with: its plan as it was, its tools and its model as they are now.
    async fn work(
        &self,
        access: &Access,
        checkpoint: &Checkpoint,
        row: &RunRow,
        tools: Tools,
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
            access: access.for_run(),
            tools,
            model,
            search: None,
            sources: Sources::restored(checkpoint.sources.clone()),
            asked: Mutex::new(recorded::conversation(before.iter().map(|(_, event)| event))),
            run: Arc::new(LiveRun::new((access.tenant(), row.user.clone()), row.id, clock, before)),
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

//! A run's beginning and end: planned, entered, driven, stored.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use quarry_core::{Fault, Timestamp};
use quarry_store::{FinishedRun, RunRow, RunState};
use serde_json::json;

use super::{
    checkpoint::Checkpoint,
    event::{AgentEvent, RunAnswer},
    live::{LiveRun, RunHandle},
    memory,
    recorded::Recorded,
    run::{End, Progress, Work},
};
use crate::{engine::Inner, error::EngineError, events};

/// How a stretch came to its end.
enum Ended {
    Answered(Box<RunAnswer>),
    Waiting(Box<Progress>),
    Failed(EngineError),
    Cancelled,
    Interrupted,
}

/// Enters a planned run and lets it go.
pub(crate) fn begin(work: Work) -> Result<RunHandle, EngineError> {
    let plan = &work.plan;
    work.say(AgentEvent::Started {
        run_id: plan.run_id,
        agent_id: plan.agent_id,
        agent: plan.agent.clone(),
        version: plan.version,
        session_id: plan.session_id,
        model: plan.answerer().to_owned(),
    });
    work.record(Recorded::Plan(Box::new(plan.clone())));
    if plan.keep {
        let row = row(&work, work.engine.inner().clock.now());
        work.engine.inner().keeper.begin(row);
    }
    go(work, Progress::default())
}

/// Lets a run go, from its start or from where it waited.
pub(crate) fn go(work: Work, progress: Progress) -> Result<RunHandle, EngineError> {
    let inner = Arc::clone(work.engine.inner());
    if inner.closing.is_cancelled() {
        return Err(EngineError::Closing);
    }
    if let Err(error) = inner.live.enter(&work.run, inner.settings.agents.max_live_runs) {
        inner.keeper.forget(work.run.id);
        return Err(error);
    }
    let run = Arc::clone(&work.run);
    let handle = RunHandle::new(&run);
    run.hold(inner.tasks.spawn(execute(work, progress)).abort_handle());
    Ok(handle)
}

async fn execute(work: Work, progress: Progress) {
    let inner = Arc::clone(work.engine.inner());
    let linger = if work.plan.resumable { inner.settings.agents.resume_seconds } else { 0 };
    let ended = tokio::select! {
        biased;
        () = inner.closing.cancelled() => Ended::Interrupted,
        () = work.run.cancelled().cancelled() => Ended::Cancelled,
        () = work.run.abandoned(Duration::from_secs(linger)) => Ended::Cancelled,
        end = AssertUnwindSafe(work.drive(progress)).catch_unwind() => match end {
            Ok(Ok(End::Answered(answer))) => Ended::Answered(answer),
            Ok(Ok(End::Waiting(progress))) => Ended::Waiting(progress),
            Ok(Err(error)) => Ended::Failed(error),
            Err(_) => {
                events::task_died("run", "a run panicked");
                Ended::Failed(EngineError::Task("the run failed for a reason that is the server's".to_owned()))
            }
        },
    };
    let waits = matches!(ended, Ended::Waiting(_));
    end(&inner, &work, ended).await;
    // Out first, then silent: whoever hears that it waits finds it in the store, and not here.
    inner.live.leave(&work.run);
    work.run.close();
    if waits && work.run.cancelled().is_cancelled() {
        // Somebody ended it in the moment in which it was laid down.
        if let Err(error) = work.engine.runs().cancel(&work.access, work.run.id).await {
            events::run_failed(&error);
        }
    }
}

async fn end(inner: &Inner, work: &Work, ended: Ended) {
    let now = || inner.clock.now();
    let (state, event) = match ended {
        Ended::Waiting(progress) => return wait(inner, work, *progress).await,
        Ended::Answered(answer) => {
            memory::remember(work, &answer).await;
            (RunState::Finished, AgentEvent::Finished(answer))
        }
        Ended::Failed(error) => {
            events::run_failed(&error);
            // What is our fault is logged, not told.
            let internal = error.kind() == quarry_core::ErrorKind::Internal;
            let message = if internal {
                "the run failed for a reason that is the server's".to_owned()
            } else {
                error.to_string()
            };
            (RunState::Failed, AgentEvent::Failed { code: error.code().to_owned(), message })
        }
        Ended::Cancelled => (RunState::Cancelled, gone("run_cancelled", "the run was cancelled")),
        Ended::Interrupted => (RunState::Interrupted, gone("run_interrupted", "the server is shutting down")),
    };
    events::run_ended(state.as_str());
    if work.plan.keep {
        // Stored before it is told, so that whoever hears of the end can read of it.
        let mut run = row(work, now());
        run.state = state;
        run.finished_at = Some(now());
        match &event {
            AgentEvent::Finished(answer) => {
                run.model.clone_from(&answer.model);
                run.answer = serde_json::to_value(answer).ok();
            }
            AgentEvent::Failed { code, message } => {
                run.error = Some(json!({"code": code, "message": message}))
            }
            _ => {}
        }
        let mut events = work.run.rows();
        events.push(quarry_store::RunEventRow {
            number: events.len() as u64 + 1,
            at: now(),
            event: serde_json::to_value(&event).unwrap_or_default(),
        });
        inner.keeper.end(FinishedRun { run, events });
    }
    work.run.say(event);
}

fn gone(code: &str, message: &str) -> AgentEvent {
    AgentEvent::Failed { code: code.to_owned(), message: message.to_owned() }
}

/// Keeps a run that waits for a person.
async fn wait(inner: &Inner, work: &Work, progress: Progress) {
    inner.keeper.forget(work.run.id);
    let mut run = row(work, inner.clock.now());
    run.state = RunState::Running;
    let kept = async {
        let checkpoint = Checkpoint::new(work.plan.clone(), progress, work.sources.all()).write()?;
        // A run that waits is kept even where it was not to be: somebody must be able to find it.
        inner.store.runs().start(run).await?;
        inner.store.runs().pause(work.run.tenant, work.run.id, checkpoint, work.run.rows()).await?;
        Ok::<(), EngineError>(())
    };
    if let Err(error) = kept.await {
        events::run_failed(&error);
        work.run.say(gone(error.code(), "the run could not be kept while it waits for approval"));
    }
    events::run_ended(RunState::Waiting.as_str());
}

/// The run's row, with what its events add up to.
fn row(work: &Work, now: Timestamp) -> RunRow {
    let plan = &work.plan;
    let mut run = RunRow {
        id: plan.run_id,
        tenant: work.run.tenant,
        user: plan.user.clone(),
        agent_id: plan.agent_id,
        agent: plan.agent.clone(),
        version: plan.version,
        session_id: plan.session_id,
        question: plan.input.clone(),
        state: RunState::Running,
        model: plan.answerer().to_owned(),
        answer: None,
        error: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        cost: 0.0,
        steps: 0,
        started_at: work.run.began().unwrap_or(now),
        finished_at: None,
    };
    work.run.each(|event| {
        if let AgentEvent::StepFinished { usage, cost, .. } = event {
            run.prompt_tokens += usage.prompt_tokens;
            run.completion_tokens += usage.completion_tokens;
            run.cost += cost;
            run.steps += 1;
        }
    });
    run
}

/// A run that was not entered yet, for planning.
pub(crate) fn fresh(
    inner: &Inner,
    whose: (quarry_core::TenantId, String),
    id: quarry_core::RunId,
) -> Arc<LiveRun> {
    Arc::new(LiveRun::new(whose, id, Arc::clone(&inner.clock), Vec::new()))
}

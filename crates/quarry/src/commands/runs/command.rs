//! The command itself.

use clap::{Args, Subcommand};
use quarry_core::{RunId, SessionId};
use quarry_engine::agent::Replay;
use quarry_store::{RunFilter, RunState};
use serde_json::json;

use super::trace;
use crate::{
    backend::{Backend, Decision, Need},
    commands::{
        answering::{Telling, Told, report, shown},
        paging::{Paging, rest},
    },
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::count,
};

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List runs, newest first.
    List(ListArgs),
    /// Show a run: its steps with times, tokens and cost, and its answer.
    Show(IdArgs),
    /// End a run that goes or waits.
    Cancel(IdArgs),
    /// Let a run make a call that waits, and hear it to its end.
    Approve(CallArgs),
    /// Let a run go on without a call that waits, and hear it to its end.
    Reject(CallArgs),
    /// Run a run again with what models and tools said then, and show the first difference.
    Replay(IdArgs),
    /// Erase runs with everything that is kept of them.
    Erase(IdsArgs),
}

/// Which runs to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those of this user, as runs name them: `user:ada`, `key:ci`, `local`.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only those of this agent.
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Only those of this session.
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Only those in this state: running, waiting, finished, failed, cancelled or interrupted.
    #[arg(long, value_name = "STATE")]
    state: Option<RunState>,
    #[command(flatten)]
    paging: Paging,
}

/// A run.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The run's id.
    #[arg(value_name = "ID")]
    id: RunId,
}

/// Runs.
#[derive(Debug, Args)]
pub(crate) struct IdsArgs {
    /// The runs' ids.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<RunId>,
}

/// A call that waits.
#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The run's id.
    #[arg(value_name = "ID")]
    id: RunId,
    /// The call's id; not needed where only one waits.
    #[arg(value_name = "CALL")]
    call: Option<String>,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &RunsCommand) -> Outcome<()> {
    let backend = context.backend("runs", Need::Existing).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &RunsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        RunsCommand::List(which) => {
            let agent_id = match &which.agent {
                Some(name) => Some(backend.agent(name).await?.id),
                None => None,
            };
            let (session_id, state) = (which.session, which.state);
            let filter = RunFilter { user: which.user.clone(), agent_id, session_id, state };
            let page = backend.runs(filter, &which.paging.request()).await?;
            out.result(&page, || trace::listed(&page.items));
            rest(out, &page);
        }
        RunsCommand::Show(which) => {
            let record = backend.run(which.id).await?;
            out.result(&record, || trace::shown(out, &record));
        }
        RunsCommand::Cancel(which) => {
            backend.cancel_run(which.id).await?;
            out.result(&json!({"cancelled": which.id}), || format!("cancelled {}\n", which.id));
        }
        RunsCommand::Approve(call) => decide(context, backend, call, true).await?,
        RunsCommand::Reject(call) => decide(context, backend, call, false).await?,
        RunsCommand::Replay(which) => {
            let replay = backend.replay_run(which.id).await?;
            out.result(&replay, || trace::replayed(&replay));
            return same(&replay);
        }
        RunsCommand::Erase(which) => {
            for id in &which.ids {
                backend.erase_run(*id).await?;
            }
            out.result(&json!({"erased": which.ids}), || {
                which.ids.iter().map(|id| format!("erased {id}\n")).collect()
            });
        }
    }
    Ok(())
}

/// A difference is what a check finds, so it has a check's exit code.
fn same(replay: &Replay) -> Outcome<()> {
    match &replay.difference {
        None => Ok(()),
        Some(difference) => {
            let text =
                format!("the run came out otherwise at its step {} ({})", difference.step, difference.what);
            Err(Failure::new(Exit::Failed, "replay_differs", text))
        }
    }
}

async fn decide(context: &Context, backend: &Backend, which: &CallArgs, approved: bool) -> Outcome<()> {
    let out = &context.out;
    let record = backend.run(which.id).await?;
    let mut told = trace::told(&record);
    let call = match &which.call {
        Some(call) => call.clone(),
        None => only(&told, which.id)?,
    };
    let decision = Decision { run: which.id, call, approved, after: told.last };
    let stream = backend.decide(decision).await?;
    let mut telling = if out.is_watched() { Telling::live(out) } else { Telling::silent() };
    told.hear(stream, &mut telling, out).await?;
    out.result(&report(&record.run.question, &told), || match &told.answer {
        Some(answer) => shown(out, &mut telling, answer),
        None => format!("{} still waits: {}\n", which.id, trace::waiting(&told)),
    });
    Ok(())
}

fn only(told: &Told, run: RunId) -> Outcome<String> {
    match told.waiting.as_slice() {
        [one] => Ok(one.call.clone()),
        [] => {
            let text = format!("the run `{run}` waits for nobody");
            Err(Failure::new(Exit::Conflict, "run_not_waiting", text))
        }
        several => {
            let text = format!("{} wait; say which: {}", count(several.len(), "call"), trace::waiting(told));
            Err(Failure::new(Exit::Invalid, "call_not_named", text))
        }
    }
}

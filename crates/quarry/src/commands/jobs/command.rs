//! The command itself.

use clap::{Args, Subcommand};
use quarry_core::JobId;
use quarry_engine::jobs::{JobStatus, JobView};

use super::dead::{self, DeadCommand};
use crate::{
    backend::{Backend, Need},
    commands::paging::{Paging, rest},
    context::Context,
    failure::Outcome,
    output::{short, table},
};

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List jobs, newest first.
    List(ListArgs),
    /// Show a job.
    Show(IdArgs),
    /// Queue a dead or cancelled job again; it goes on from its last checkpoint.
    Retry(IdArgs),
    /// End a job that waits or runs.
    Cancel(IdArgs),
    /// List, show, retry and forget what was given up, many at once.
    #[command(subcommand)]
    Dead(DeadCommand),
}

/// Which jobs to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those in this state: queued, running, done, dead or cancelled.
    #[arg(long, value_name = "STATUS")]
    status: Option<JobStatus>,
    #[command(flatten)]
    paging: Paging,
}

/// A job.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The job's id.
    #[arg(value_name = "ID")]
    id: JobId,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &JobsCommand) -> Outcome<()> {
    let backend = context.backend("jobs", Need::Existing).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &JobsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        JobsCommand::List(which) => {
            let page = backend.jobs(which.status, &which.paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        JobsCommand::Show(which) => {
            let job = backend.job(which.id).await?;
            out.result(&job, || shown(&job));
        }
        JobsCommand::Retry(which) => {
            let job = backend.retry(which.id).await?;
            out.result(&job, || format!("{} is {} again\n", job.id, job.status.as_str()));
        }
        JobsCommand::Cancel(which) => {
            let job = backend.cancel_job(which.id).await?;
            out.result(&job, || format!("{} is {}\n", job.id, job.status.as_str()));
        }
        JobsCommand::Dead(command) => dead::run(context, backend, command).await?,
    }
    Ok(())
}

fn listed(jobs: &[JobView]) -> String {
    if jobs.is_empty() {
        return "no jobs\n".to_owned();
    }
    let row = |one: &JobView| {
        let tries = format!("{}/{}", one.attempt, one.max_attempts);
        let error = short(one.error.as_deref().unwrap_or_default(), 80);
        let (status, stage) = (one.status.as_str().to_owned(), one.stage.as_str().to_owned());
        vec![one.id.to_string(), status, stage, tries, one.document_id.to_string(), error]
    };
    table(&["ID", "STATUS", "STAGE", "TRIES", "DOCUMENT", "ERROR"], &jobs.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn shown(job: &JobView) -> String {
    let mut lines = vec![
        ("id", job.id.to_string()),
        ("kind", job.kind.clone()),
        ("status", job.status.as_str().to_owned()),
        ("stage", job.stage.as_str().to_owned()),
        ("document", job.document_id.to_string()),
        ("tries", format!("{} of {}", job.attempt, job.max_attempts)),
    ];
    lines.extend((job.total > 0).then(|| ("done", format!("{} of {}", job.done, job.total))));
    lines.extend((job.waits > 0).then(|| ("waits", job.waits.to_string())));
    lines.extend(job.code.clone().map(|code| ("code", code)));
    lines.extend(job.error.clone().map(|error| ("error", error)));
    lines.extend(job.hint.clone().map(|hint| ("hint", hint)));
    lines.extend(job.due_at.map(|moment| ("due", moment.to_string())));
    lines.push(("queued", job.created_at.to_string()));
    lines.push(("changed", job.updated_at.to_string()));
    lines.into_iter().map(|(name, value)| format!("{name:<9} {value}\n")).collect()
}

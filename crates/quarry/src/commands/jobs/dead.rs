//! `quarry jobs dead`: jobs that were given up, one or many at once.

use clap::{Args, Subcommand};
use quarry_core::{CollectionName, JobId};
use quarry_engine::jobs::{DeadLetters, JobStage, JobView};
use serde_json::json;

use super::command::shown;
use crate::{
    backend::Backend,
    commands::paging::{Paging, rest},
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::{short, table},
};

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadCommand {
    /// List dead letters, newest first, each with its stage and reason.
    List(ListArgs),
    /// Show a dead letter, with what can be done about it.
    Show(IdArgs),
    /// Queue dead letters again; each goes on from its last checkpoint.
    Retry(WhichArgs),
    /// Forget dead letters. Their documents stay failed.
    Drop(WhichArgs),
}

/// Which dead letters to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    paging: Paging,
}

/// Which dead letters are meant.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only those of this collection.
    #[arg(long, short, value_name = "NAME")]
    collection: Option<CollectionName>,
    /// Only those that failed with this code.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only those that failed after this stage: fetched, parsed, chunked or embedded.
    #[arg(long, value_name = "STAGE")]
    stage: Option<JobStage>,
}

/// One dead letter.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The job's id.
    #[arg(value_name = "ID")]
    id: JobId,
}

/// Some dead letters, or all.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// The jobs' ids.
    #[arg(value_name = "ID", conflicts_with_all = ["all", "collection", "code", "stage"])]
    ids: Vec<JobId>,
    /// Every dead letter.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Filter,
}

impl Filter {
    fn letters(&self) -> DeadLetters {
        DeadLetters { collection: self.collection.clone(), code: self.code.clone(), stage: self.stage }
    }

    const fn is_empty(&self) -> bool {
        self.collection.is_none() && self.code.is_none() && self.stage.is_none()
    }
}

/// Carries out a command.
pub(super) async fn run(context: &Context, backend: &Backend, command: &DeadCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        DeadCommand::List(which) => {
            let page = backend.dead(&which.filter.letters(), &which.paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        DeadCommand::Show(which) => {
            let job = backend.job(which.id).await?;
            out.result(&job, || shown(&job));
        }
        DeadCommand::Retry(which) => {
            named(which)?;
            let count = if which.ids.is_empty() {
                backend.retry_dead(&which.filter.letters()).await?
            } else {
                for id in &which.ids {
                    backend.retry(*id).await?;
                }
                which.ids.len() as u64
            };
            out.result(&json!({"jobs": count}), || format!("{} again\n", counted(count, "queued")));
        }
        DeadCommand::Drop(which) => {
            named(which)?;
            let count = if which.ids.is_empty() {
                backend.drop_dead(&which.filter.letters()).await?
            } else {
                for id in &which.ids {
                    backend.drop_one(*id).await?;
                }
                which.ids.len() as u64
            };
            out.result(&json!({"jobs": count}), || format!("{}\n", counted(count, "forgotten")));
        }
    }
    Ok(())
}

/// Nothing named is a mistake, not everything.
fn named(which: &WhichArgs) -> Outcome<()> {
    if which.all || !which.ids.is_empty() || !which.filter.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "usage", "which dead letters are meant is not said")
        .hint("name their ids, or use `--collection`, `--code`, `--stage` or `--all`"))
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 job is {what}"),
        count => format!("{count} jobs are {what}"),
    }
}

fn listed(jobs: &[JobView]) -> String {
    if jobs.is_empty() {
        return "no dead letters\n".to_owned();
    }
    let row = |one: &JobView| {
        vec![
            one.id.to_string(),
            one.stage.as_str().to_owned(),
            one.code.clone().unwrap_or_default(),
            one.document_id.to_string(),
            short(one.error.as_deref().unwrap_or_default(), 80),
        ]
    };
    table(&["ID", "AFTER", "CODE", "DOCUMENT", "REASON"], &jobs.iter().map(row).collect::<Vec<_>>())
}

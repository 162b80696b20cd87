//! The command itself.

use std::time::Duration;

use clap::{Args, Subcommand};
use quarry_core::{CollectionName, DocumentStatus, PageRequest};
use quarry_engine::sources::{SourceRun, SourceRunState, UpdateSource};
use serde_json::json;

use super::{
    add::{self, AddCommand},
    show,
};
use crate::{
    backend::{Backend, Need},
    commands::paging::{Paging, rest},
    context::Context,
    failure::{Exit, Failure, Outcome},
};

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    /// List sources by name, each with what its last run did.
    List(Paging),
    /// Add a source.
    #[command(subcommand)]
    Add(AddCommand),
    /// Show a source.
    Show(NameArgs),
    /// Look at a source now, and wait until that is done.
    Sync(SyncArgs),
    /// List the last runs of a source, newest first.
    Runs(ListArgs),
    /// List the entries of a source, by key.
    Items(ListArgs),
    /// No longer look at a source by itself, until it is resumed.
    Pause(NameArgs),
    /// Look at a source by itself again.
    Resume(NameArgs),
    /// Remove a source. Its documents stay unless you say otherwise.
    Remove(RemoveArgs),
}

/// A source.
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// The source's name or id.
    #[arg(value_name = "NAME")]
    name: String,
}

/// How to look.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The source's name or id.
    #[arg(value_name = "NAME")]
    name: String,
    /// Remove whatever is gone, however much that is, and look again at what was passed over.
    #[arg(long)]
    force: bool,
}

/// What to list of a source.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The source's name or id.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    paging: Paging,
}

/// How to remove.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The source's name or id.
    #[arg(value_name = "NAME")]
    name: String,
    /// Remove its documents too.
    #[arg(long)]
    with_documents: bool,
}

/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &SourcesCommand) -> Outcome<()> {
    let need = if matches!(command, SourcesCommand::Add(_)) { Need::Create } else { Need::Existing };
    let backend = context.backend("sources", need).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &SourcesCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        SourcesCommand::List(paging) => {
            let page = backend.sources(&paging.request()).await?;
            out.result(&page, || show::listed(&page.items));
            rest(out, &page);
        }
        SourcesCommand::Add(command) => {
            let made = backend.add_source(add::new(backend, command)?).await?;
            out.result(&made, || show::shown(&made));
        }
        SourcesCommand::Show(which) => {
            let source = backend.source(&which.name).await?;
            out.result(&source, || show::shown(&source));
        }
        SourcesCommand::Sync(which) => sync(context, backend, which).await?,
        SourcesCommand::Runs(which) => {
            let page = backend.source_runs(&which.name, &which.paging.request()).await?;
            out.result(&page, || show::runs_listed(&page.items));
            rest(out, &page);
        }
        SourcesCommand::Items(which) => {
            let page = backend.source_items(&which.name, &which.paging.request()).await?;
            out.result(&page, || show::items_listed(&page.items));
            rest(out, &page);
        }
        SourcesCommand::Pause(which) => pause(context, backend, (&which.name, true)).await?,
        SourcesCommand::Resume(which) => pause(context, backend, (&which.name, false)).await?,
        SourcesCommand::Remove(which) => {
            backend.remove_source(&which.name, which.with_documents).await?;
            let removed = json!({"removed": which.name, "documents": which.with_documents});
            let documents = if which.with_documents { "its documents too" } else { "its documents stay" };
            out.result(&removed, || format!("removed `{}`; {documents}\n", which.name));
        }
    }
    Ok(())
}

async fn pause(context: &Context, backend: &Backend, (name, paused): (&str, bool)) -> Outcome<()> {
    let change = UpdateSource { paused: Some(paused), ..UpdateSource::default() };
    let source = backend.update_source(name, change).await?;
    let word = if paused { "paused" } else { "resumed" };
    context.out.result(&source, || format!("`{}` is {word}\n", source.name));
    Ok(())
}

async fn sync(context: &Context, backend: &Backend, which: &SyncArgs) -> Outcome<()> {
    let begun = backend.sync_source(&which.name, which.force).await?;
    let run = ended(backend, &which.name, begun).await?;
    if !backend.is_remote() {
        // Nobody goes on with them when this command has ended.
        let collection = backend.source(&which.name).await?.collection;
        searchable(backend, &collection).await?;
    }
    context.out.result(&run, || show::run_shown(&run));
    match run.state {
        SourceRunState::Finished if run.counts.failed == 0 => Ok(()),
        SourceRunState::Finished => Err(Failure::new(
            Exit::Partly,
            "entries_failed",
            "some entries could not be read; the rest is in sync",
        )),
        _ => {
            let reason = run.error.unwrap_or_else(|| "the run did not end".to_owned());
            Err(Failure::new(Exit::Failed, "sync_failed", reason))
        }
    }
}

async fn ended(backend: &Backend, name: &str, begun: SourceRun) -> Outcome<SourceRun> {
    let page = PageRequest::default();
    let mut run = begun;
    while run.state == SourceRunState::Running {
        tokio::time::sleep(LOOK).await;
        let runs = backend.source_runs(name, &page).await?;
        let Some(known) = runs.items.into_iter().find(|other| other.number == run.number) else { break };
        run = known;
    }
    Ok(run)
}

/// Waits until everything that is on its way into a collection is searchable or failed.
async fn searchable(backend: &Backend, collection: &CollectionName) -> Outcome<()> {
    const OPEN: [DocumentStatus; 3] =
        [DocumentStatus::Pending, DocumentStatus::Processing, DocumentStatus::Indexing];
    loop {
        let counts = backend.collection(collection).await?.counts.documents;
        let open = OPEN.iter().filter_map(|status| counts.get(status.as_str())).sum::<u64>();
        if open == 0 {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

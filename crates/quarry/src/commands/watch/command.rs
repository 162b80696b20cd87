//! The command itself: passes until a signal comes.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use quarry_core::{CollectionName, Metadata};

use super::{known::Known, pass, report::Report};
use crate::{
    backend::{Backend, Need},
    commands::{
        duration,
        ingest::{Options, check, metadata},
        stop::Signals,
    },
    context::Context,
    failure::{Exit, Failure, Outcome},
};

/// What to keep in sync.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The folder, with everything below it. Hidden files and version control are left out.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Where its documents go; `default` is made by itself, others by `quarry collections add`.
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    collection: CollectionName,
    /// How often the folder is looked at, as `500ms`, `2s`, `1m`.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::read)]
    every: Duration,
    /// Written before each source, to tell folders apart that have the same files.
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// Metadata for every document: true, false, a number, text, or a list in JSON.
    #[arg(long, short, value_name = "NAME=VALUE")]
    metadata: Vec<String>,
    /// Look once and end.
    #[arg(long)]
    once: bool,
    /// Remove documents whose files are gone, however many they are.
    #[arg(long)]
    force: bool,
}

/// The field of a document's metadata that names the folder it came from.
pub(super) const WATCHED_FROM: &str = "watched_from";

/// A folder and how its files are added.
pub(super) struct Watched {
    pub(super) path: PathBuf,
    pub(super) options: Options,
    /// What tells this folder's documents from others'.
    pub(super) label: String,
    pub(super) most_bytes: u64,
    pub(super) force: bool,
}

/// Looks until a signal comes.
pub(crate) async fn run(context: &Context, arguments: &WatchArgs) -> Outcome<()> {
    check(std::slice::from_ref(&arguments.path))?;
    let path = std::fs::canonicalize(&arguments.path)
        .map_err(|error| Failure::file("read", &arguments.path, &error))?;
    if !path.is_dir() {
        let text = format!("`{}` is a file; `watch` keeps folders in sync", arguments.path.display());
        return Err(Failure::new(Exit::Invalid, "not_a_folder", text));
    }
    let label = path.to_string_lossy().into_owned();
    let mut fields: Metadata = metadata::of(&arguments.metadata)?;
    fields.insert(WATCHED_FROM.to_owned(), label.as_str().into());
    let mut options = Options::plain(arguments.collection.clone());
    options.metadata = fields;
    options.prefix.clone_from(&arguments.prefix);
    let most_bytes = context.config().map_or(u64::MAX, |config| config.ingest.max_document_bytes);
    let watched = Watched { path, options, label, most_bytes, force: arguments.force };
    let mut signals = Signals::listen()?;
    let backend = context.backend("watch", Need::Create).await?;
    let done = tokio::select! {
        done = passes(context, &backend, (&watched, arguments)) => done,
        () = signals.next() => Ok(()),
    };
    backend.close().await;
    done
}

async fn passes(
    context: &Context,
    backend: &Backend,
    (watched, arguments): (&Watched, &WatchArgs),
) -> Outcome<()> {
    let mut known = Known::load(backend, watched).await?;
    if !context.out.json {
        let path = watched.path.display();
        context.out.note(&format!("watching {path}: {} documents are known", known.len()));
    }
    loop {
        let mut report = Report::new(&context.out);
        match pass::pass(backend, watched, &mut known, &mut report).await {
            Ok(()) => report.end(arguments.once),
            // What passes is worth waiting for; the next pass does again what this one could not.
            Err(failure) if failure.exit == Exit::Unavailable && !arguments.once => {
                context.out.note(&format!("not in sync: {}; trying again", failure.message));
            }
            Err(failure) => return Err(failure),
        }
        if arguments.once {
            settled(backend, &known).await?;
            return report.outcome();
        }
        tokio::time::sleep(arguments.every).await;
    }
}

/// Waits until what was added is searchable, where nobody goes on with it when this command has ended.
async fn settled(backend: &Backend, known: &Known) -> Outcome<()> {
    let ids = known.fresh();
    if !backend.is_remote() && !ids.is_empty() {
        backend.settled(&ids, Duration::from_secs(3_600)).await?;
    }
    Ok(())
}

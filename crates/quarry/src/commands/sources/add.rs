//! `quarry sources add`

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use quarry_core::CollectionName;
use quarry_engine::sources::{NewSource, SourceKind};

use crate::{
    backend::Backend,
    commands::{duration, ingest::metadata},
    failure::{Failure, Outcome},
};

/// Which kind of place.
#[derive(Debug, Subcommand)]
pub(crate) enum AddCommand {
    /// A folder of the machine that serves, below one of `sources.folder_roots`.
    Folder(FolderArgs),
    /// A list of addresses.
    Web(WebArgs),
    /// A sender that brings its documents itself.
    Push(PushArgs),
}

/// What every source has.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Where its documents go.
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    collection: CollectionName,
    /// Metadata for every document: true, false, a number, text, or a list in JSON.
    #[arg(long, short, value_name = "NAME=VALUE")]
    metadata: Vec<String>,
}

/// When it is looked at.
#[derive(Debug, Args)]
pub(crate) struct Schedule {
    /// How often the server looks at it by itself, as `10m`, `6h`, `1d` [default: only when asked].
    #[arg(long, value_name = "TIME", value_parser = duration::read)]
    every: Option<Duration>,
    /// Begin paused.
    #[arg(long)]
    paused: bool,
}

/// A folder.
#[derive(Debug, Args)]
pub(crate) struct FolderArgs {
    /// The source's name: lower-case letters, digits, `-` and `_`.
    #[arg(value_name = "NAME")]
    name: String,
    /// The folder, on the machine that serves.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Only files that fit one of these patterns, as `docs/**/*.md`.
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// No files or folders that fit one of these patterns.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    #[command(flatten)]
    schedule: Schedule,
    #[command(flatten)]
    common: Common,
}

/// Pages.
#[derive(Debug, Args)]
pub(crate) struct WebArgs {
    /// The source's name: lower-case letters, digits, `-` and `_`.
    #[arg(value_name = "NAME")]
    name: String,
    /// The addresses.
    #[arg(required = true, value_name = "URL")]
    urls: Vec<String>,
    #[command(flatten)]
    schedule: Schedule,
    #[command(flatten)]
    common: Common,
}

/// A sender.
#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// The source's name: lower-case letters, digits, `-` and `_`.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    common: Common,
}

/// The source to add.
pub(super) fn new(backend: &Backend, command: &AddCommand) -> Outcome<NewSource> {
    let mut new = match command {
        AddCommand::Folder(folder) => NewSource {
            path: Some(path(backend, &folder.path)?),
            include: folder.include.clone(),
            exclude: folder.exclude.clone(),
            ..named(&folder.name, SourceKind::Folder, &folder.common)?
        },
        AddCommand::Web(web) => {
            NewSource { urls: web.urls.clone(), ..named(&web.name, SourceKind::Web, &web.common)? }
        }
        AddCommand::Push(push) => named(&push.name, SourceKind::Push, &push.common)?,
    };
    let schedule = match command {
        AddCommand::Folder(folder) => Some(&folder.schedule),
        AddCommand::Web(web) => Some(&web.schedule),
        AddCommand::Push(_) => None,
    };
    if let Some(schedule) = schedule {
        new.every_seconds = schedule.every.map(|every| every.as_secs());
        new.paused = schedule.paused;
    }
    Ok(new)
}

fn named(name: &str, kind: SourceKind, common: &Common) -> Outcome<NewSource> {
    Ok(NewSource {
        name: name.to_owned(),
        kind,
        collection: common.collection.clone(),
        path: None,
        include: Vec::new(),
        exclude: Vec::new(),
        urls: Vec::new(),
        metadata: metadata::of(&common.metadata)?,
        every_seconds: None,
        paused: false,
    })
}

/// On this machine a path may be written from the current folder; on another only as a whole.
fn path(backend: &Backend, path: &std::path::Path) -> Outcome<String> {
    if backend.is_remote() {
        return Ok(path.to_string_lossy().into_owned());
    }
    let whole = std::path::absolute(path).map_err(|error| Failure::file("read", path, &error))?;
    Ok(whole.to_string_lossy().into_owned())
}

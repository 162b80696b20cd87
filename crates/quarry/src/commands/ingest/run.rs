//! The command itself.

use std::path::PathBuf;

use clap::Args;
use quarry_core::{CollectionName, Metadata};

use super::{feed::Feed, lines, metadata, report::Report, walk};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Exit, Failure, Outcome},
};

/// What to add.
#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// Files, and folders with everything below them. Hidden files and version control are left out.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where they belong; `default` is made by itself, others by `quarry collections add`.
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    collection: CollectionName,
    /// Metadata for every document: true, false, a number, text, or a list in JSON.
    #[arg(long, short, value_name = "NAME=VALUE")]
    metadata: Vec<String>,
    /// Written before each source, to tell folders apart that have the same files.
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// The paths are JSONL files: each line is a document with `text`, and optionally `source` (or `id`), `title`, `metadata`.
    #[arg(long)]
    jsonl: bool,
    /// What opens the files that are encrypted.
    #[arg(long, value_name = "TEXT")]
    password: Option<String>,
    /// How urgent they are: 0 is served first, 9 last [default: 5].
    #[arg(long, value_name = "0-9", value_parser = clap::value_parser!(u32).range(0..=9))]
    priority: Option<u32>,
    /// Who may read them, beside those who manage the collection, as `group:finance`; may be given several times
    /// [default: everyone in the collection].
    #[arg(long = "reader", value_name = "NAME")]
    readers: Vec<String>,
    /// Do not go into the folders below.
    #[arg(long)]
    no_recursive: bool,
}

/// How documents are added.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(in crate::commands) collection: CollectionName,
    pub(in crate::commands) metadata: Metadata,
    pub(in crate::commands) prefix: String,
    pub(in crate::commands) recursive: bool,
    pub(in crate::commands) password: Option<String>,
    pub(in crate::commands) priority: Option<u32>,
    pub(in crate::commands) readers: Option<Vec<String>>,
}

impl Options {
    /// Files as they are, into a collection.
    pub(crate) fn plain(collection: CollectionName) -> Self {
        Self {
            collection,
            metadata: Metadata::new(),
            prefix: String::new(),
            recursive: true,
            password: None,
            priority: None,
            readers: None,
        }
    }
}

/// Adds documents, waits until they are searchable, and says what came of each that did not make it.
pub(crate) async fn run(context: &Context, arguments: &IngestArgs) -> Outcome<()> {
    let options = Options {
        collection: arguments.collection.clone(),
        metadata: metadata::of(&arguments.metadata)?,
        prefix: arguments.prefix.clone(),
        recursive: !arguments.no_recursive,
        password: arguments.password.clone(),
        priority: arguments.priority,
        readers: (!arguments.readers.is_empty()).then(|| arguments.readers.clone()),
    };
    // Before anything is opened or made: the most frequent mistake is a path that is not there.
    walk::check(&arguments.paths)?;
    let backend = context.backend("ingest", Need::Create).await?;
    let ingested = if arguments.jsonl {
        jsonl(context, &backend, &arguments.paths, &options).await
    } else {
        files(context, &backend, &arguments.paths, &options).await
    };
    if let Ok(report) = &ingested {
        context.out.result(report, || report.shown(&context.out));
    }
    backend.close().await;
    let failed = ingested?.failed.len();
    if failed == 0 {
        return Ok(());
    }
    let text =
        if failed == 1 { "a document failed".to_owned() } else { format!("{failed} documents failed") };
    Err(Failure::new(Exit::Partly, "documents_failed", text)
        .hint("the reasons stand above; mend the files and run it again"))
}

/// Adds files and folders.
pub(crate) async fn files(
    context: &Context,
    backend: &Backend,
    paths: &[PathBuf],
    options: &Options,
) -> Outcome<Report> {
    walk::check(paths)?;
    let found = walk::find(paths, options)?;
    let bar = context.out.bar(found.files.len() as u64, "documents");
    bar.set_message("indexing");
    let most = context.config().map_or(u64::MAX, |config| config.ingest.max_document_bytes);
    let mut feed = Feed::new(backend, options, bar);
    feed.report.skipped = found.skipped;
    for file in found.files {
        match walk::read(&file, most) {
            Ok(walk::Read::Upload(upload)) => feed.push(walk::upload(&file, upload, options)).await?,
            Ok(walk::Read::Skip(reason)) => feed.skip(file.source, reason),
            Err(reason) => feed.fail(file.source, reason),
        }
    }
    feed.finish().await
}

async fn jsonl(
    context: &Context,
    backend: &Backend,
    paths: &[PathBuf],
    options: &Options,
) -> Outcome<Report> {
    let bar = context.out.bar(0, "documents");
    bar.set_message("indexing");
    let mut feed = Feed::new(backend, options, bar);
    for path in paths {
        let file = std::fs::File::open(path).map_err(|error| Failure::file("read", path, &error))?;
        for (number, line) in std::io::BufRead::lines(std::io::BufReader::new(file)).enumerate() {
            let line = line.map_err(|error| Failure::file("read", path, &error))?;
            if line.trim().is_empty() {
                continue;
            }
            feed.bar.inc_length(1);
            match lines::upload(&line, options) {
                Ok(upload) => feed.push(upload).await?,
                Err(reason) => feed.fail(format!("{}:{}", path.display(), number + 1), reason),
            }
        }
    }
    feed.finish().await
}

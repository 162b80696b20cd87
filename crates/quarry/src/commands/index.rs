//! `quarry index`

use clap::{Args, Subcommand};
use quarry_core::{CollectionName, PageRequest};
use quarry_engine::{Repair, Verification};
use serde_json::json;

use super::cutting::Cutting;
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Exit, Failure, Outcome},
};

/// What to do with the index.
#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Compare the index with the database; exit code 1 when they differ.
    Verify(WhichArgs),
    /// Make the index equal to the database.
    Repair(WhichArgs),
    /// Build the index anew, with another embedder or another way of cutting if one is named.
    Rebuild(RebuildArgs),
}

/// Which collections.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// Only this collection [default: all].
    #[arg(long, short, value_name = "NAME")]
    collection: Option<CollectionName>,
}

/// What to build anew.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Which collection.
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    collection: CollectionName,
    #[command(flatten)]
    cutting: Cutting,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &IndexCommand) -> Outcome<()> {
    let backend = context.backend("index", Need::Existing).await?;
    let done = match command {
        IndexCommand::Verify(which) => verify(context, &backend, which).await,
        IndexCommand::Repair(which) => repair(context, &backend, which).await,
        IndexCommand::Rebuild(what) => rebuild(context, &backend, what).await,
    };
    backend.close().await;
    done
}

async fn names(backend: &Backend, which: &WhichArgs) -> Outcome<Vec<CollectionName>> {
    if let Some(name) = &which.collection {
        return Ok(vec![name.clone()]);
    }
    let mut names = Vec::new();
    let mut request = PageRequest::new(Some(PageRequest::MAX), None);
    loop {
        let page = backend.collections(&request).await?;
        names.extend(page.items.into_iter().map(|collection| collection.name));
        if page.next_cursor.is_none() {
            return Ok(names);
        }
        request.after = page.next_cursor;
    }
}

async fn verify(context: &Context, backend: &Backend, which: &WhichArgs) -> Outcome<()> {
    let mut found = Vec::new();
    for name in names(backend, which).await? {
        found.push(backend.verify(&name).await?);
    }
    let clean = found.iter().all(|one| one.clean);
    context.out.result(&json!({"clean": clean, "collections": found}), || {
        if found.is_empty() { "no collections\n".to_owned() } else { found.iter().map(verified).collect() }
    });
    if clean {
        return Ok(());
    }
    let text = "the index and the database differ";
    Err(Failure::new(Exit::Failed, "index_differs", text)
        .hint("`quarry index repair` mends the index; documents are never changed"))
}

fn verified(one: &Verification) -> String {
    if one.clean {
        return format!("{}: clean, {} chunks on both sides\n", one.collection, one.database_chunks);
    }
    format!(
        "{}: {} chunks in the database, {} in the index; {} missing, {} too many; sequence {} and {}\n",
        one.collection,
        one.database_chunks,
        one.index_chunks,
        one.missing,
        one.orphans,
        one.database_sequence,
        one.index_sequence
    )
}

async fn repair(context: &Context, backend: &Backend, which: &WhichArgs) -> Outcome<()> {
    let mut done: Vec<Repair> = Vec::new();
    for name in names(backend, which).await? {
        done.push(backend.repair(&name).await?);
    }
    context.out.result(&json!({"collections": done}), || done.iter().map(repaired).collect());
    Ok(())
}

fn repaired(one: &Repair) -> String {
    if one.rebuilt {
        format!("{}: made anew, {} chunks\n", one.after.collection, one.after.index_chunks)
    } else {
        format!("{}: was clean\n", one.after.collection)
    }
}

async fn rebuild(context: &Context, backend: &Backend, what: &RebuildArgs) -> Outcome<()> {
    let bar = context.out.bar(0, "");
    bar.set_message("rebuilding");
    let progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let collection = backend.rebuild(&what.collection, &what.cutting.change(), &progress).await?;
    bar.finish_and_clear();
    context.out.result(&collection, || {
        let (name, generation) = (&collection.name, collection.generation);
        format!("{name}: built anew with `{}`, generation {generation}\n", collection.embedder)
    });
    Ok(())
}

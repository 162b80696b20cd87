//! `quarry collections`

use clap::{Args, Subcommand};
use quarry_core::{Collection, CollectionName};
use serde_json::json;

use super::{
    cutting::Cutting,
    generations::{self, GenerationsCommand},
    paging::{Paging, rest},
};
use crate::{
    backend::{Backend, CollectionView, Need},
    context::Context,
    failure::Outcome,
    output::table,
};

/// What to do with collections.
#[derive(Debug, Subcommand)]
pub(crate) enum CollectionsCommand {
    /// List collections by name.
    List(Paging),
    /// Make a collection.
    Add(AddArgs),
    /// Show a collection and how full it is.
    Show(NameArgs),
    /// Erase a collection with everything in it.
    Remove(NameArgs),
    /// Embed or cut a collection anew in the background, swap in, swap back.
    #[command(subcommand)]
    Generations(GenerationsCommand),
}

/// A collection to make.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Its name: lower-case letters, digits, `-` and `_`.
    #[arg(value_name = "NAME")]
    name: CollectionName,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    #[command(flatten)]
    cutting: Cutting,
}

/// A collection.
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// Its name.
    #[arg(value_name = "NAME")]
    name: CollectionName,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &CollectionsCommand) -> Outcome<()> {
    let need = if matches!(command, CollectionsCommand::Add(_)) { Need::Create } else { Need::Existing };
    let backend = context.backend("collections", need).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &CollectionsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        CollectionsCommand::List(paging) => {
            let page = backend.collections(&paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        CollectionsCommand::Add(new) => {
            let made =
                backend.add_collection(&new.name, new.description.clone(), &new.cutting.change()).await?;
            out.result(&made, || format!("made `{}` with the embedder `{}`\n", made.name, made.embedder));
        }
        CollectionsCommand::Show(named) => {
            let view = backend.collection(&named.name).await?;
            out.result(&view, || shown(&view));
        }
        CollectionsCommand::Remove(named) => {
            backend.remove_collection(&named.name).await?;
            out.result(&json!({"removed": named.name}), || format!("erased `{}`\n", named.name));
        }
        CollectionsCommand::Generations(command) => generations::run(context, backend, command).await?,
    }
    Ok(())
}

fn listed(collections: &[Collection]) -> String {
    if collections.is_empty() {
        return "no collections yet: `quarry ingest PATH` makes the first\n".to_owned();
    }
    let row = |one: &Collection| vec![one.name.to_string(), one.embedder.clone(), one.description.clone()];
    table(&["NAME", "EMBEDDER", "DESCRIPTION"], &collections.iter().map(row).collect::<Vec<_>>())
}

fn shown(view: &CollectionView) -> String {
    let CollectionView { collection, counts } = view;
    let mut text = format!("name        {}\n", collection.name);
    if !collection.description.is_empty() {
        text.push_str(&format!("description {}\n", collection.description));
    }
    text.push_str(&format!(
        "embedder    {} ({} numbers a vector)\n",
        collection.embedder, collection.dimension
    ));
    if let Some(chunking) = &collection.chunking {
        text.push_str(&format!("cut         {}\n", generations::cut(chunking)));
    }
    let documents: Vec<String> = counts
        .documents
        .iter()
        .filter(|(_, number)| **number > 0)
        .map(|(status, number)| format!("{number} {status}"))
        .collect();
    let documents = if documents.is_empty() { "none".to_owned() } else { documents.join(", ") };
    text.push_str(&format!("documents   {documents}\nchunks      {}\n", counts.chunks));
    text.push_str(&format!("made        {}\n", collection.created_at));
    text
}

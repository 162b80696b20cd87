//! `quarry documents`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quarry_core::{CollectionName, Document, DocumentId, DocumentStatus};
use quarry_engine::documents::ChunkView;
use serde_json::json;

use super::paging::{Paging, rest};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Failure, Outcome},
    output::{short, table},
};

/// What to do with documents.
#[derive(Debug, Subcommand)]
pub(crate) enum DocumentsCommand {
    /// List documents, newest first.
    List(ListArgs),
    /// Show a document.
    Show(IdArgs),
    /// Erase documents with all their versions.
    Remove(IdsArgs),
    /// Print a document's parsed text, to which spans refer.
    Text(IdArgs),
    /// List a document's chunks in the text's order.
    Chunks(ChunksArgs),
    /// Write a document's original bytes.
    Original(OriginalArgs),
}

/// Which documents to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// In which collection.
    #[arg(long, short, value_name = "NAME", default_value = "default")]
    collection: CollectionName,
    /// Only those in this state: pending, processing, indexing, ready or failed.
    #[arg(long, value_name = "STATUS")]
    status: Option<DocumentStatus>,
    #[command(flatten)]
    paging: Paging,
}

/// A document.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The document's id.
    #[arg(value_name = "ID")]
    id: DocumentId,
}

/// Documents.
#[derive(Debug, Args)]
pub(crate) struct IdsArgs {
    /// The documents' ids.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<DocumentId>,
}

/// Chunks of a document.
#[derive(Debug, Args)]
pub(crate) struct ChunksArgs {
    /// The document's id.
    #[arg(value_name = "ID")]
    id: DocumentId,
    #[command(flatten)]
    paging: Paging,
}

/// A document's bytes.
#[derive(Debug, Args)]
pub(crate) struct OriginalArgs {
    /// The document's id.
    #[arg(value_name = "ID")]
    id: DocumentId,
    /// Write to this file [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &DocumentsCommand) -> Outcome<()> {
    let backend = context.backend("documents", Need::Existing).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &DocumentsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        DocumentsCommand::List(which) => {
            let page = backend.documents(&which.collection, which.status, &which.paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        DocumentsCommand::Show(which) => {
            let document = backend.document(which.id).await?;
            out.result(&document, || shown(&document));
        }
        DocumentsCommand::Remove(which) => {
            for id in &which.ids {
                backend.remove_document(*id).await?;
            }
            out.result(&json!({"removed": which.ids}), || {
                which.ids.iter().map(|id| format!("erased {id}\n")).collect()
            });
        }
        DocumentsCommand::Text(which) => {
            let text = backend.text(which.id).await?;
            out.result(&json!({"id": which.id, "text": text}), || format!("{}\n", text.trim_end()));
        }
        DocumentsCommand::Chunks(which) => {
            let page = backend.chunks(which.id, &which.paging.request()).await?;
            out.result(&page, || page.items.iter().map(chunk).collect());
            rest(out, &page);
        }
        DocumentsCommand::Original(which) => {
            let bytes = backend.original(which.id).await?;
            match &which.output {
                Some(path) => {
                    std::fs::write(path, &bytes).map_err(|error| Failure::file("written", path, &error))?;
                    let written = json!({"id": which.id, "output": path, "bytes": bytes.len()});
                    out.result(&written, || format!("wrote {} bytes to {}\n", bytes.len(), path.display()));
                }
                None => out.bytes(&bytes),
            }
        }
    }
    Ok(())
}

fn listed(documents: &[Document]) -> String {
    if documents.is_empty() {
        return "no documents\n".to_owned();
    }
    let row = |one: &Document| {
        let status = one.status.as_str().to_owned();
        vec![
            one.id.to_string(),
            status,
            one.chunks.to_string(),
            short(&one.source, 60),
            short(&one.title, 60),
        ]
    };
    table(&["ID", "STATUS", "CHUNKS", "SOURCE", "TITLE"], &documents.iter().map(row).collect::<Vec<_>>())
}

fn shown(document: &Document) -> String {
    let mut lines = vec![
        ("id", document.id.to_string()),
        ("source", document.source.clone()),
        ("title", document.title.clone()),
        ("type", document.media_type.clone()),
        ("status", document.status.as_str().to_owned()),
        ("version", document.version.to_string()),
        ("size", format!("{} bytes", document.bytes)),
        ("chunks", document.chunks.to_string()),
    ];
    lines.extend(document.error.clone().map(|error| ("error", error)));
    lines.extend(document.pages.map(|pages| ("pages", pages.to_string())));
    lines.extend(document.language.clone().map(|language| ("language", language)));
    if !document.metadata.is_empty() {
        lines.push(("metadata", serde_json::to_string(&document.metadata).unwrap_or_default()));
    }
    lines.push(("added", document.created_at.to_string()));
    lines.push(("changed", document.updated_at.to_string()));
    lines.into_iter().map(|(name, value)| format!("{name:<9} {value}\n")).collect()
}

fn chunk(chunk: &ChunkView) -> String {
    let page = chunk.page.map(|page| format!(", page {page}")).unwrap_or_default();
    let headings =
        if chunk.headings.is_empty() { String::new() } else { format!("  {}", chunk.headings.join(" › ")) };
    let place = format!("{}{page}, chars {}–{}", chunk.id, chunk.span.start, chunk.span.end);
    format!("{place}{headings}\n{}\n\n", chunk.text.trim_end())
}

//! `quarry history`

use clap::{Args, Subcommand};
use quarry_core::{CollectionName, QueryId};
use quarry_engine::history::HistoryView;
use serde_json::json;

use super::paging::{Paging, rest};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::Outcome,
    output::{short, table},
};

/// What to do with the history.
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// List questions, newest first.
    List(ListArgs),
    /// Show a question and what came of it.
    Show(IdArgs),
    /// Erase a question.
    Remove(IdArgs),
}

/// Which questions to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those put to this collection.
    #[arg(long, short, value_name = "NAME")]
    collection: Option<CollectionName>,
    #[command(flatten)]
    paging: Paging,
}

/// A question.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The question's id: `query_id` of the result.
    #[arg(value_name = "ID")]
    id: QueryId,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &HistoryCommand) -> Outcome<()> {
    let backend = context.backend("history", Need::Existing).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &HistoryCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        HistoryCommand::List(which) => {
            let page = backend.history(which.collection.as_ref(), &which.paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        HistoryCommand::Show(which) => {
            let entry = backend.query(which.id).await?;
            out.result(&entry, || shown(&entry));
        }
        HistoryCommand::Remove(which) => {
            backend.erase_query(which.id).await?;
            out.result(&json!({"removed": which.id}), || format!("erased {}\n", which.id));
        }
    }
    Ok(())
}

fn listed(entries: &[HistoryView]) -> String {
    if entries.is_empty() {
        return "nothing was asked yet\n".to_owned();
    }
    let row = |one: &HistoryView| {
        let moment = one.created_at.to_string().chars().take(19).collect();
        vec![one.id.to_string(), moment, one.kind.clone(), one.collection.clone(), short(&one.question, 80)]
    };
    table(
        &["ID", "WHEN (UTC)", "KIND", "COLLECTION", "QUESTION"],
        &entries.iter().map(row).collect::<Vec<_>>(),
    )
}

fn shown(entry: &HistoryView) -> String {
    let mut lines = vec![
        ("id", entry.id.to_string()),
        ("when", entry.created_at.to_string()),
        ("who", entry.actor.clone()),
        ("kind", entry.kind.clone()),
        ("in", entry.collection.clone()),
        ("question", entry.question.clone()),
    ];
    lines.extend(entry.answer.clone().map(|answer| ("answer", answer)));
    lines.push(("passages", entry.hits.as_array().map_or(0, Vec::len).to_string()));
    lines.push(("took", format!("{:.1} ms", entry.took_ms)));
    lines.into_iter().map(|(name, value)| format!("{name:<9} {value}\n")).collect()
}

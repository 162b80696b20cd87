//! `quarry facts`

use clap::{Args, Subcommand};
use quarry_core::FactId;
use quarry_engine::agent::FactView;
use serde_json::json;

use super::paging::{Paging, rest};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::Outcome,
    output::{count, short, table},
};

/// What to do with what is remembered of you.
#[derive(Debug, Subcommand)]
pub(crate) enum FactsCommand {
    /// List facts, newest first.
    List(Paging),
    /// Remember a fact.
    Add(AddArgs),
    /// Change a fact.
    Update(UpdateArgs),
    /// Erase facts.
    Erase(EraseArgs),
}

/// A fact to remember.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The sentence; several words need no quotes.
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
}

/// A fact to change.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// The fact's id.
    #[arg(value_name = "ID")]
    id: FactId,
    /// What it says from now on; several words need no quotes.
    #[arg(required = true, value_name = "TEXT")]
    text: Vec<String>,
}

/// Facts to erase.
#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    /// The facts' ids.
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<FactId>,
    /// Erase all of them.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &FactsCommand) -> Outcome<()> {
    let need = if matches!(command, FactsCommand::Add(_)) { Need::Create } else { Need::Existing };
    let backend = context.backend("facts", need).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &FactsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        FactsCommand::List(paging) => {
            let page = backend.facts(&paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        FactsCommand::Add(new) => {
            let fact = backend.add_fact(&new.text.join(" ")).await?;
            out.result(&fact, || format!("remembered {}\n", fact.id));
        }
        FactsCommand::Update(change) => {
            let fact = backend.update_fact(change.id, &change.text.join(" ")).await?;
            out.result(&fact, || format!("changed {}\n", fact.id));
        }
        FactsCommand::Erase(which) if which.all => {
            let erased = backend.erase_facts().await?;
            let number = usize::try_from(erased).unwrap_or(usize::MAX);
            out.result(&json!({"erased": erased}), || format!("erased {}\n", count(number, "fact")));
        }
        FactsCommand::Erase(which) => {
            for id in &which.ids {
                backend.erase_fact(*id).await?;
            }
            out.result(&json!({"erased": which.ids}), || {
                which.ids.iter().map(|id| format!("erased {id}\n")).collect()
            });
        }
    }
    Ok(())
}

fn listed(facts: &[FactView]) -> String {
    if facts.is_empty() {
        return "nothing is remembered\n".to_owned();
    }
    let row = |one: &FactView| {
        let moment = one.updated_at.to_string().chars().take(19).collect();
        vec![one.id.to_string(), moment, short(&one.text, 120)]
    };
    table(&["ID", "CHANGED (UTC)", "FACT"], &facts.iter().map(row).collect::<Vec<_>>())
}

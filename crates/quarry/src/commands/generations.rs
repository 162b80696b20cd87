//! `quarry collections generations`

use clap::{Args, Subcommand};
use quarry_core::{Chunking, CollectionName};
use quarry_engine::generations::{GenerationState, GenerationView};
use serde_json::json;

use super::cutting::Cutting;
use crate::{
    backend::Backend,
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::{short, table},
};

/// What to do with generations.
#[derive(Debug, Subcommand)]
pub(crate) enum GenerationsCommand {
    /// List the generations of a collection, newest first.
    List(NameArgs),
    /// Build the next generation and swap it in. Questions are answered meanwhile.
    Build(BuildArgs),
    /// Swap back to a kept generation, or try a failed one again.
    Activate(NumberArgs),
    /// Drop a generation that does not answer; end one that is being built.
    Remove(WhichArgs),
}

/// A collection.
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// Its name.
    #[arg(value_name = "NAME", default_value = "default")]
    name: CollectionName,
}

/// What to build.
#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    collection: NameArgs,
    #[command(flatten)]
    cutting: Cutting,
    /// Do not wait until it answers.
    #[arg(long)]
    no_wait: bool,
}

/// A generation to want.
#[derive(Debug, Args)]
pub(crate) struct NumberArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Do not wait until it answers.
    #[arg(long)]
    no_wait: bool,
}

/// A generation.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// The collection's name.
    #[arg(value_name = "NAME")]
    name: CollectionName,
    /// The generation's number.
    #[arg(value_name = "NUMBER")]
    number: u32,
}

/// How often a generation that is waited for is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(300);

/// Carries out a command.
pub(super) async fn run(context: &Context, backend: &Backend, command: &GenerationsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        GenerationsCommand::List(named) => {
            let all = backend.generations(&named.name).await?;
            out.result(&json!({"items": all}), || listed(&all));
            Ok(())
        }
        GenerationsCommand::Build(what) => {
            let change = what.cutting.change();
            if change.embedder.is_none() && change.chunking.is_none() {
                return Err(Failure::new(
                    Exit::Usage,
                    "usage",
                    "what the next generation is to have is not said",
                )
                .hint("name another `--embedder`, `--strategy`, `--max-tokens` or `--overlap-tokens`"));
            }
            let one = backend.begin_generation(&what.collection.name, &change).await?;
            shown(context, backend, &what.collection.name, (one, what.no_wait)).await
        }
        GenerationsCommand::Activate(what) => {
            let one = backend.activate_generation(&what.which.name, what.which.number).await?;
            shown(context, backend, &what.which.name, (one, what.no_wait)).await
        }
        GenerationsCommand::Remove(which) => {
            backend.remove_generation(&which.name, which.number).await?;
            let removed = json!({"collection": which.name, "removed": which.number});
            out.result(&removed, || format!("{}: dropped generation {}\n", which.name, which.number));
            Ok(())
        }
    }
}

/// Waits until a generation answers, with a bar. In this process the building ends with the command, so that not
/// waiting leaves the rest to the next start.
async fn shown(
    context: &Context,
    backend: &Backend,
    name: &CollectionName,
    (mut one, no_wait): (GenerationView, bool),
) -> Outcome<()> {
    let out = &context.out;
    let bar = out.bar(one.total, "documents");
    bar.set_message("building");
    while !no_wait && one.state == GenerationState::Building {
        bar.set_length(one.total);
        bar.set_position(one.done);
        tokio::time::sleep(LOOK).await;
        one = backend.generation(name, one.number).await?;
    }
    bar.finish_and_clear();
    if one.state == GenerationState::Failed {
        let reason = one.error.unwrap_or_else(|| "no reason was kept".to_owned());
        let text = format!("generation {} of `{name}` could not be built: {reason}", one.number);
        return Err(Failure::new(Exit::Failed, "generation_failed", text)
            .hint("the live generation answers as before; mend the cause, then activate it or remove it"));
    }
    let state = if one.state == GenerationState::Live { "answers now" } else { "is being built" };
    out.result(&one, || format!("{name}: generation {} {state}\n", one.number));
    Ok(())
}

fn listed(all: &[GenerationView]) -> String {
    let row = |one: &GenerationView| {
        let state = match one.state {
            GenerationState::Building => "building",
            GenerationState::Live => "live",
            GenerationState::Kept => "kept",
            GenerationState::Failed => "failed",
        };
        vec![
            one.number.to_string(),
            state.to_owned(),
            format!("{}/{}", one.done, one.total),
            one.embedder.clone(),
            one.chunking.as_ref().map(cut).unwrap_or_default(),
            short(one.error.as_deref().unwrap_or_default(), 60),
        ]
    };
    table(
        &["NUMBER", "STATE", "DOCUMENTS", "EMBEDDER", "CUT", "ERROR"],
        &all.iter().map(row).collect::<Vec<_>>(),
    )
}

/// `fixed, 200 tokens`
pub(super) fn cut(chunking: &Chunking) -> String {
    let mut text = chunking.strategy.as_str().to_owned();
    if let Some(tokens) = chunking.max_tokens {
        text.push_str(&format!(", {tokens} tokens"));
    }
    if let Some(tokens) = chunking.overlap_tokens {
        text.push_str(&format!(", {tokens} repeated"));
    }
    text
}

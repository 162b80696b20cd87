//! `quarry models`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quarry_models::{
    ChatModelSettings,
    catalog::{self, PullSource, State},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    config::Config,
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::table,
};

/// What to do with models.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List what can be used.
    List,
    /// Install a model; every file is checked against its pinned hash. Nothing else ever downloads.
    Pull(PullArgs),
    /// Delete an installed model.
    Remove(NameArgs),
}

/// A model to install.
#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// The model's id.
    #[arg(value_name = "NAME")]
    name: String,
    /// Take the files from this folder; nothing is downloaded.
    #[arg(long, value_name = "DIR", conflicts_with = "mirror")]
    from: Option<PathBuf>,
    /// Take the files from this mirror of the hub.
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
}

/// A model.
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// The model's id.
    #[arg(value_name = "NAME")]
    name: String,
}

/// A model as it is listed.
#[derive(Serialize)]
struct Row {
    id: String,
    state: &'static str,
    default: bool,
    dimension: Option<usize>,
    bytes: u64,
    licence: String,
    description: String,
}

/// A chat model as it is listed.
#[derive(Serialize)]
struct ChatRow {
    name: String,
    default: bool,
    provider: String,
    model: String,
    context_window: u32,
    tools: bool,
    fallbacks: Vec<String>,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &ModelsCommand) -> Outcome<()> {
    if let Some(url) = &context.server {
        let text = format!("models are installed on the server's own machine, not through {url}");
        return Err(Failure::new(Exit::Invalid, "not_remote", text).hint("run it there, with `--data DIR`"));
    }
    match command {
        ModelsCommand::List => list(context),
        ModelsCommand::Pull(what) => pull(context, what).await,
        ModelsCommand::Remove(named) => {
            let removed = catalog::remove(catalog::get(&named.name)?, &context.folder.models())?;
            context.out.result(&json!({"id": named.name, "removed": removed}), || {
                if removed {
                    format!("deleted `{}`\n", named.name)
                } else {
                    format!("`{}` was not installed\n", named.name)
                }
            });
            Ok(())
        }
    }
}

fn list(context: &Context) -> Outcome<()> {
    let settings = &context.config()?.models.embed;
    let mut rows: Vec<Row> = catalog::list(&context.folder.models())
        .into_iter()
        .map(|(entry, state)| Row {
            id: entry.id.to_owned(),
            state: match state {
                State::BuiltIn => "built in",
                State::Installed => "installed",
                State::Available => "available",
            },
            default: entry.id == settings.default,
            dimension: Some(entry.dimension),
            bytes: entry.bytes(),
            licence: entry.licence.to_owned(),
            description: entry.description.to_owned(),
        })
        .collect();
    rows.extend(settings.openai.iter().map(|server| Row {
        id: server.id(),
        state: "configured",
        default: server.id() == settings.default,
        dimension: server.dimension,
        bytes: 0,
        licence: String::new(),
        description: format!("`{}` at {}", server.model, server.base_url),
    }));
    let chat = talking(context.config()?);
    context.out.result(&json!({"models": rows, "chat": chat}), || {
        let row = |one: &Row| {
            let id = if one.default { format!("{} *", one.id) } else { one.id.clone() };
            let dimension = one.dimension.map_or_else(|| "?".to_owned(), |dimension| dimension.to_string());
            vec![id, one.state.to_owned(), dimension, one.description.clone()]
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        let embedders = table(&["ID", "STATE", "DIMENSION", "DESCRIPTION"], &rows) + "* of new collections\n";
        embedders + &talkers(&chat)
    });
    Ok(())
}

fn talking(config: &Config) -> Vec<ChatRow> {
    let settings = config.models.talking();
    let default = settings.default.as_ref().or_else(|| settings.models.keys().next());
    let row = |(name, model): (&String, &ChatModelSettings)| {
        let info = model.info(name);
        ChatRow {
            default: Some(name) == default,
            provider: info.provider,
            model: info.model,
            context_window: info.capabilities.context_window,
            tools: info.capabilities.tools,
            fallbacks: model.fallbacks.clone(),
            name: info.name,
        }
    };
    settings.models.iter().map(row).collect()
}

fn talkers(rows: &[ChatRow]) -> String {
    if rows.is_empty() {
        return "\nno chat model is configured: answers quote the documents (`[models.chat.NAME]` adds one)\n".to_owned();
    }
    let row = |one: &ChatRow| {
        let name = if one.default { format!("{} *", one.name) } else { one.name.clone() };
        let tools = if one.tools { "native" } else { "by text" };
        let window = one.context_window.to_string();
        vec![
            name,
            one.provider.clone(),
            one.model.clone(),
            window,
            tools.to_owned(),
            one.fallbacks.join(", "),
        ]
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    let table = table(&["CHAT MODEL", "PROVIDER", "MODEL", "WINDOW", "TOOLS", "FALLBACKS"], &rows);
    format!("\n{table}* where none is named\n")
}

async fn pull(context: &Context, what: &PullArgs) -> Outcome<()> {
    let entry = catalog::get(&what.name)?;
    let source = match (&what.from, &what.mirror) {
        (Some(folder), _) => {
            super::ingest::check(std::slice::from_ref(folder))?;
            PullSource::Folder(folder.clone())
        }
        (None, Some(url)) => PullSource::Hub(url.clone()),
        (None, None) => PullSource::default(),
    };
    context.folder.create()?;
    let bar = context.out.bar(entry.bytes(), "bytes");
    let mut progress = |step: catalog::Progress| {
        bar.set_message(step.file);
        bar.set_position(step.done);
    };
    catalog::pull(entry, &source, &context.folder.models(), &mut progress).await?;
    bar.finish_and_clear();
    context.out.result(&json!({"id": entry.id, "state": "installed", "bytes": entry.bytes()}), || {
        format!(
            "installed `{id}`; `models.embed.default = \"{id}\"` makes new collections use it, `quarry index rebuild --embedder {id}` an old one\n",
            id = entry.id
        )
    });
    Ok(())
}

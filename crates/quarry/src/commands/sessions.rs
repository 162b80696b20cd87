//! `quarry sessions`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quarry_core::SessionId;
use quarry_engine::agent::{MessageView, SessionView};
use serde_json::json;

use super::paging::{Paging, rest};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Failure, Outcome},
    output::{count, short, table},
};

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List sessions, newest first.
    List(Paging),
    /// Show a session's messages, oldest first.
    Show(ShowArgs),
    /// Give a session another title.
    Rename(RenameArgs),
    /// Write a session with everything in it as JSON.
    Export(ExportArgs),
    /// Erase sessions with their messages.
    Erase(IdsArgs),
}

/// A session's messages.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The session's id.
    #[arg(value_name = "ID")]
    id: SessionId,
    #[command(flatten)]
    paging: Paging,
}

/// A new title.
#[derive(Debug, Args)]
pub(crate) struct RenameArgs {
    /// The session's id.
    #[arg(value_name = "ID")]
    id: SessionId,
    /// The title; several words need no quotes.
    #[arg(required = true, value_name = "TITLE")]
    title: Vec<String>,
}

/// Where to write a session.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The session's id.
    #[arg(value_name = "ID")]
    id: SessionId,
    /// Write to this file [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Sessions.
#[derive(Debug, Args)]
pub(crate) struct IdsArgs {
    /// The sessions' ids.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<SessionId>,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &SessionsCommand) -> Outcome<()> {
    let backend = context.backend("sessions", Need::Existing).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &SessionsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        SessionsCommand::List(paging) => {
            let page = backend.sessions(&paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        SessionsCommand::Show(which) => {
            let session = backend.session(which.id).await?;
            let page = backend.messages(which.id, &which.paging.request()).await?;
            let all = json!({"session": session, "messages": page.items, "next_cursor": page.next_cursor});
            out.result(&all, || shown(&session, &page.items));
            rest(out, &page);
        }
        SessionsCommand::Rename(what) => {
            let session = backend.rename_session(what.id, &what.title.join(" ")).await?;
            out.result(&session, || format!("{} is called \"{}\"\n", session.id, session.title));
        }
        SessionsCommand::Export(what) => export(context, backend, what).await?,
        SessionsCommand::Erase(which) => {
            for id in &which.ids {
                backend.erase_session(*id).await?;
            }
            out.result(&json!({"erased": which.ids}), || {
                which.ids.iter().map(|id| format!("erased {id}\n")).collect()
            });
        }
    }
    Ok(())
}

async fn export(context: &Context, backend: &Backend, what: &ExportArgs) -> Outcome<()> {
    let export = backend.export_session(what.id).await?;
    let text = serde_json::to_string_pretty(&export).unwrap_or_default() + "\n";
    let Some(path) = &what.output else {
        context.out.raw(&text);
        return Ok(());
    };
    std::fs::write(path, &text).map_err(|error| Failure::file("written", path, &error))?;
    let written = json!({"id": what.id, "output": path, "messages": export.messages.len()});
    context.out.result(&written, || {
        format!("wrote {} to {}\n", count(export.messages.len(), "message"), path.display())
    });
    Ok(())
}

fn listed(sessions: &[SessionView]) -> String {
    if sessions.is_empty() {
        return "no sessions yet: `quarry chat` begins the first\n".to_owned();
    }
    let row = |one: &SessionView| {
        let moment = one.updated_at.to_string().chars().take(19).collect();
        vec![one.id.to_string(), moment, short(&one.title, 80)]
    };
    table(&["ID", "LAST SAID (UTC)", "TITLE"], &sessions.iter().map(row).collect::<Vec<_>>())
}

fn shown(session: &SessionView, messages: &[MessageView]) -> String {
    let mut text =
        format!("id      {}\ntitle   {}\nbegun   {}\n", session.id, session.title, session.created_at);
    if !session.summary.is_empty() {
        text.push_str(&format!("summary {}\n", session.summary));
    }
    for message in messages {
        text.push_str(&format!("\n{} {}\n{}\n", message.number, message.role, message.content.trim_end()));
    }
    text
}

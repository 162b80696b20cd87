//! The command itself.

use clap::Args;
use quarry_core::SessionId;

use super::talk::Talk;
use crate::{
    backend::{Backend, Need},
    commands::answering::Lines,
    context::Context,
    failure::Outcome,
};

/// With whom to talk, and about what.
#[derive(Debug, Args)]
pub(crate) struct ChatArgs {
    /// Go on with this session: `quarry sessions list` shows the ids.
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// The agent that answers [default: the session's, else `default`].
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Let this chat model answer instead of the agent's.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Show answers when they are complete, not while they come.
    #[arg(long)]
    no_stream: bool,
}

/// Talks until the input ends.
pub(crate) async fn run(context: &Context, arguments: &ChatArgs) -> Outcome<()> {
    let backend = context.backend("chat", Need::Existing).await?;
    let talked = talk(context, &backend, arguments).await;
    backend.close().await;
    talked
}

async fn talk(context: &Context, backend: &Backend, arguments: &ChatArgs) -> Outcome<()> {
    let session = match arguments.session {
        Some(id) => Some(backend.session(id).await?),
        None => None,
    };
    let begun_with = session.as_ref().and_then(|session| session.agent_id).map(|id| id.to_string());
    let agent = arguments.agent.clone().or(begun_with).unwrap_or_else(|| "default".to_owned());
    let agent = backend.agent(&agent).await?;
    if let Some(session) = &session {
        context.out.note(&format!("going on with \"{}\"", session.title));
    }
    // Where there is no data folder here, because a server elsewhere has it, no history is kept either.
    let folder = context.folder.path().is_dir();
    let lines = Lines::open(folder.then(|| context.folder.chat_history()));
    let mut talk = Talk::new(context, backend, agent, lines);
    talk.session = session.map(|session| session.id);
    talk.model.clone_from(&arguments.model);
    talk.live = context.out.is_watched() && !arguments.no_stream;
    talk.go_on().await
}

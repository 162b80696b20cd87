//! `quarry agents`

use clap::{Args, Subcommand};
use quarry_engine::agent::{AgentDefinition, AgentView, NewAgent};
use serde_json::json;

use super::{
    definition::DefinitionArgs,
    paging::{Paging, rest},
};
use crate::{
    backend::{AgentUpdate, Backend, Need},
    context::Context,
    failure::Outcome,
    output::{short, table},
};

/// What to do with agents.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentsCommand {
    /// List agents by name.
    List(Paging),
    /// Show an agent as a definition that `--file` takes.
    Show(ShowArgs),
    /// Add an agent; what is not said is as with the default one.
    Add(AddArgs),
    /// Change an agent, which makes a new version.
    Update(UpdateArgs),
    /// Remove an agent. Its versions stay for the runs that name them.
    Remove(NameArgs),
    /// List the versions of an agent, newest first.
    Versions(VersionsArgs),
}

/// An agent.
#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// Its name or id.
    #[arg(value_name = "NAME")]
    name: String,
}

/// An agent at one of its versions.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Its name or id.
    #[arg(value_name = "NAME")]
    name: String,
    /// As it was at this version [default: the latest].
    #[arg(long = "at", value_name = "VERSION")]
    version: Option<u32>,
}

/// An agent to add.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Its name: lower-case letters, digits, `-` and `_`.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    definition: DefinitionArgs,
}

/// An agent to change.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Its name or id.
    #[arg(value_name = "NAME")]
    name: String,
    /// Call it this from now on.
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,
    /// Change it only if this is still its version.
    #[arg(long, value_name = "VERSION")]
    expect: Option<u32>,
    #[command(flatten)]
    definition: DefinitionArgs,
}

/// Versions of an agent.
#[derive(Debug, Args)]
pub(crate) struct VersionsArgs {
    /// Its name or id.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    paging: Paging,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &AgentsCommand) -> Outcome<()> {
    let need = if matches!(command, AgentsCommand::Add(_)) { Need::Create } else { Need::Existing };
    let backend = context.backend("agents", need).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &AgentsCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        AgentsCommand::List(paging) => {
            let page = backend.agents(&paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        AgentsCommand::Show(which) => {
            let agent = match which.version {
                Some(version) => backend.agent_version(&which.name, version).await?,
                None => backend.agent(&which.name).await?,
            };
            out.result(&agent, || shown(&agent));
        }
        AgentsCommand::Add(new) => {
            let definition = new.definition.applied_to(AgentDefinition::default())?;
            let made = backend.add_agent(NewAgent { name: new.name.clone(), definition }).await?;
            out.result(&made, || format!("added `{}`\n", made.name));
        }
        AgentsCommand::Update(change) => {
            let known = backend.agent(&change.name).await?;
            let definition = change.definition.applied_to(known.definition)?;
            // What was read a moment ago is what is changed, also where nobody said so.
            let expected = Some(change.expect.unwrap_or(known.version));
            let update = AgentUpdate { expected, name: change.rename.clone(), definition };
            let made = backend.update_agent(&change.name, update).await?;
            out.result(&made, || format!("`{}` is at version {}\n", made.name, made.version));
        }
        AgentsCommand::Remove(which) => {
            backend.remove_agent(&which.name).await?;
            out.result(&json!({"removed": which.name}), || format!("removed `{}`\n", which.name));
        }
        AgentsCommand::Versions(which) => {
            let page = backend.agent_versions(&which.name, &which.paging.request()).await?;
            out.result(&page, || versions(&page.items));
            rest(out, &page);
        }
    }
    Ok(())
}

fn listed(agents: &[AgentView]) -> String {
    let row = |one: &AgentView| {
        let definition = &one.definition;
        vec![
            one.name.clone(),
            one.version.to_string(),
            definition.model.clone().unwrap_or_else(|| "(default)".to_owned()),
            definition.collections.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            short(&definition.description, 60),
        ]
    };
    let rows: Vec<_> = agents.iter().map(row).collect();
    table(&["NAME", "VERSION", "MODEL", "COLLECTIONS", "DESCRIPTION"], &rows)
}

fn versions(agents: &[AgentView]) -> String {
    let row = |one: &AgentView| {
        let moment = one.updated_at.to_string().chars().take(19).collect();
        vec![one.version.to_string(), moment, one.name.clone(), short(&one.definition.description, 60)]
    };
    table(&["VERSION", "MADE (UTC)", "NAME", "DESCRIPTION"], &agents.iter().map(row).collect::<Vec<_>>())
}

/// A file that `--file` takes, with what is not part of the definition as comments.
fn shown(agent: &AgentView) -> String {
    let definition =
        toml::Table::try_from(&agent.definition).map(|table| table.to_string()).unwrap_or_default();
    format!(
        "# {}, version {} of {}\n# id {}\n{definition}",
        agent.name, agent.version, agent.updated_at, agent.id
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use quarry_core::{AgentId, Clock, SystemClock};
    use quarry_engine::agent::{AgentDefinition, AgentView};

    use super::shown;

    #[test]
    fn what_is_shown_can_be_read_again() {
        let now = SystemClock.now();
        let agent = AgentView {
            id: AgentId::new(),
            name: "clerk".to_owned(),
            version: 2,
            definition: AgentDefinition { instructions: "Be \"brief\".\n".to_owned(), ..Default::default() },
            created_at: now,
            updated_at: now,
        };
        let read: AgentDefinition = toml::from_str(&shown(&agent)).unwrap();
        assert_eq!(read, agent.definition);
    }
}

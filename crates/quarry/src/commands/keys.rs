//! `quarry keys` and `quarry whoami`

use std::time::Duration;

use clap::{Args, Subcommand};
use quarry_core::{CollectionName, KeyScope, Role, Timestamp};
use quarry_engine::govern::{KeyView, MadeKey, NewKeyRequest, Rotation, Whoami};

use super::{
    duration,
    paging::{Paging, rest},
    permissions,
};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::Outcome,
    output::{Output, table},
};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List keys, newest first.
    List(Paging),
    /// Make a key. It is shown this once.
    Add(AddArgs),
    /// Make a key that takes the place of another; both are taken for a while.
    Rotate(RotateArgs),
    /// Refuse a key from now on.
    Revoke(WhichArgs),
    /// Explain roles and scopes: what each may.
    Roles,
}

/// A key to make.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Its name, which is never given twice.
    #[arg(value_name = "NAME")]
    name: String,
    /// What it is at most: reader, editor, admin or owner [default: the least that its scopes need, or reader].
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    /// What it is narrowed to, as `documents:write`; may be given several times [default: all that its role may].
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<KeyScope>,
    /// A collection it is confined to; may be given several times [default: all].
    #[arg(long = "collection", short, value_name = "NAME")]
    collections: Vec<CollectionName>,
    /// For how long it is taken, as `90d` [default: for ever].
    #[arg(long, value_name = "TIME", value_parser = duration::read)]
    expires: Option<Duration>,
}

/// How to rotate a key.
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The key's name or id.
    #[arg(value_name = "KEY")]
    key: String,
    /// The new key's name [default: the old one with the new prefix].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// For how long both are taken [default: 1d].
    #[arg(long, value_name = "TIME", value_parser = duration::read)]
    overlap: Option<Duration>,
    /// For how long the new one is taken, as `90d` [default: for ever].
    #[arg(long, value_name = "TIME", value_parser = duration::read)]
    expires: Option<Duration>,
}

/// A key.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// The key's name or id.
    #[arg(value_name = "KEY")]
    key: String,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &KeysCommand) -> Outcome<()> {
    if matches!(command, KeysCommand::Roles) {
        context.out.result(&permissions::rows(), permissions::page);
        return Ok(());
    }
    let need = if matches!(command, KeysCommand::Add(_)) { Need::Create } else { Need::Existing };
    let backend = context.backend("keys", need).await?;
    let done = carry_out(&context.out, &backend, command).await;
    backend.close().await;
    done
}

/// Says who the caller is.
pub(crate) async fn whoami(context: &Context) -> Outcome<()> {
    let backend = context.backend("whoami", Need::Existing).await?;
    let found = backend.whoami().await;
    backend.close().await;
    let found = found?;
    context.out.result(&found, || introduced(&found));
    Ok(())
}

async fn carry_out(out: &Output, backend: &Backend, command: &KeysCommand) -> Outcome<()> {
    match command {
        KeysCommand::List(paging) => {
            let page = backend.keys(&paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        KeysCommand::Add(new) => {
            let made = backend.add_key(asked(new)).await?;
            out.result(&made, || shown(&made));
        }
        KeysCommand::Rotate(which) => {
            let rotation = Rotation {
                name: which.name.clone(),
                overlap_seconds: which.overlap.map(|time| time.as_secs()),
                expires_at: which.expires.map(from_now),
            };
            let made = backend.rotate_key(&which.key, rotation).await?;
            out.result(&made, || shown(&made));
        }
        KeysCommand::Roles => {}
        KeysCommand::Revoke(which) => {
            let key = backend.revoke_key(&which.key).await?;
            out.result(&key, || format!("revoked {} ({})\n", key.name, key.prefix));
        }
    }
    Ok(())
}

fn asked(new: &AddArgs) -> NewKeyRequest {
    NewKeyRequest {
        name: new.name.clone(),
        role: new.role,
        scopes: (!new.scopes.is_empty()).then(|| new.scopes.iter().copied().collect()),
        collections: (!new.collections.is_empty()).then(|| new.collections.iter().cloned().collect()),
        expires_at: new.expires.map(from_now),
        personal: false,
    }
}

fn from_now(time: Duration) -> Timestamp {
    quarry_core::Clock::now(&quarry_core::SystemClock).after(time)
}

fn listed(keys: &[KeyView]) -> String {
    if keys.is_empty() {
        return "no keys\n".to_owned();
    }
    let row = |one: &KeyView| {
        let scopes = one.scopes.as_ref().map_or_else(
            || "all".to_owned(),
            |scopes| scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
        );
        vec![
            one.name.clone(),
            one.prefix.clone(),
            one.status.clone(),
            one.role.to_string(),
            scopes,
            one.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
        ]
    };
    table(
        &["NAME", "PREFIX", "STATUS", "ROLE", "SCOPES", "LAST USED"],
        &keys.iter().map(row).collect::<Vec<_>>(),
    )
}

fn shown(made: &MadeKey) -> String {
    let mut text = format!("name     {}\nrole     {}\n", made.view.name, made.view.role);
    if let Some(end) = made.view.expires_at {
        text.push_str(&format!("expires  {end}\n"));
    }
    text.push_str(&format!("key      {} (shown this once)\n", made.key.expose()));
    text
}

fn introduced(me: &Whoami) -> String {
    let mut text = format!("actor    {}\ntenant   {}\n", me.actor, me.tenant);
    text.push_str(&format!("role     {}\n", me.role.map_or("none in the whole tenant", Role::as_str)));
    if !me.groups.is_empty() {
        text.push_str(&format!("groups   {}\n", me.groups.join(", ")));
    }
    if let Some(scopes) = &me.scopes {
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        text.push_str(&format!("scopes   {}\n", scopes.join(", ")));
    }
    if let Some(collections) = &me.collections {
        let names: Vec<_> = collections.iter().map(ToString::to_string).collect();
        text.push_str(&format!("sees     {}\n", names.join(", ")));
    }
    text
}

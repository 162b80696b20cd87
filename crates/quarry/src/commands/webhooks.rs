//! `quarry webhooks`

use clap::{Args, Subcommand};
use quarry_core::{CollectionName, WebhookId};
use quarry_engine::webhooks::{DeliveryInfo, DeliveryState, NewWebhook, WebhookView};
use serde_json::json;

use super::paging::{Paging, rest};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::{short, table},
};

/// What to do with webhooks.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// List webhooks, newest first.
    List(Paging),
    /// Add a webhook. Its secret is shown this once.
    Add(AddArgs),
    /// Remove a webhook with its messages.
    Remove(IdArgs),
    /// List the messages of a webhook, newest first.
    Deliveries(DeliveriesArgs),
    /// Send a message that says nothing but that messages arrive.
    Test(IdArgs),
}

/// A webhook to add.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Where messages go.
    #[arg(value_name = "URL")]
    url: String,
    /// What it is told of: `document.ready` or `document.dead`; may be given twice [default: both].
    #[arg(long = "event", value_name = "EVENT")]
    events: Vec<String>,
    /// Only of this collection.
    #[arg(long, short, value_name = "NAME")]
    collection: Option<CollectionName>,
}

/// A webhook.
#[derive(Debug, Args)]
pub(crate) struct IdArgs {
    /// The webhook's id.
    #[arg(value_name = "ID")]
    id: WebhookId,
}

/// Messages of a webhook.
#[derive(Debug, Args)]
pub(crate) struct DeliveriesArgs {
    /// The webhook's id.
    #[arg(value_name = "ID")]
    id: WebhookId,
    #[command(flatten)]
    paging: Paging,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &WebhooksCommand) -> Outcome<()> {
    let need = if matches!(command, WebhooksCommand::Add(_)) { Need::Create } else { Need::Existing };
    let backend = context.backend("webhooks", need).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &WebhooksCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        WebhooksCommand::List(paging) => {
            let page = backend.webhooks(&paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        WebhooksCommand::Add(new) => {
            let (url, events) = (new.url.clone(), new.events.clone());
            let new = NewWebhook { url, events, collection: new.collection.clone() };
            let made = backend.add_webhook(new).await?;
            out.result(&made, || shown(&made));
        }
        WebhooksCommand::Remove(which) => {
            backend.remove_webhook(which.id).await?;
            out.result(&json!({"removed": which.id}), || format!("removed {}\n", which.id));
        }
        WebhooksCommand::Deliveries(which) => {
            let page = backend.deliveries(which.id, &which.paging.request()).await?;
            out.result(&page, || messages(&page.items));
            rest(out, &page);
        }
        WebhooksCommand::Test(which) => {
            let message = backend.test_webhook(which.id).await?;
            out.result(&message, || match message.status {
                Some(status) => format!("{} (status {status})\n", message.state.as_str()),
                None => format!("{}\n", message.state.as_str()),
            });
            if message.state != DeliveryState::Delivered {
                let reason = message.error.unwrap_or_else(|| "the address did not answer yet".to_owned());
                return Err(Failure::new(Exit::Failed, "webhook_failed", reason));
            }
        }
    }
    Ok(())
}

fn listed(webhooks: &[WebhookView]) -> String {
    if webhooks.is_empty() {
        return "no webhooks\n".to_owned();
    }
    let row = |one: &WebhookView| {
        let collection = one.collection.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
        vec![one.id.to_string(), collection, one.events.join(", "), short(&one.url, 80)]
    };
    table(&["ID", "COLLECTION", "EVENTS", "URL"], &webhooks.iter().map(row).collect::<Vec<_>>())
}

fn shown(webhook: &WebhookView) -> String {
    let mut text = format!("id       {}\nurl      {}\n", webhook.id, webhook.url);
    text.push_str(&format!("events   {}\n", webhook.events.join(", ")));
    if let Some(collection) = &webhook.collection {
        text.push_str(&format!("of       {collection}\n"));
    }
    if let Some(secret) = &webhook.secret {
        text.push_str(&format!("secret   {secret} (shown this once)\n"));
    }
    text
}

fn messages(messages: &[DeliveryInfo]) -> String {
    if messages.is_empty() {
        return "no messages\n".to_owned();
    }
    let row = |one: &DeliveryInfo| {
        vec![
            one.id.to_string(),
            one.event.clone(),
            one.state.as_str().to_owned(),
            one.attempt.to_string(),
            one.status.map(|status| status.to_string()).unwrap_or_default(),
            short(one.error.as_deref().unwrap_or_default(), 80),
        ]
    };
    table(
        &["ID", "EVENT", "STATE", "TRIES", "STATUS", "ERROR"],
        &messages.iter().map(row).collect::<Vec<_>>(),
    )
}

//! The verbs on webhooks.

use std::time::Duration;

use quarry_core::{Access, Action, CollectionName, Page, PageRequest, Timestamp, WebhookId};
use quarry_store::{DeliveryInfo, DeliveryState, EVENT_DEAD, EVENT_READY, NewWebhook as NewRow, WebhookRow};
use serde::{Deserialize, Serialize};

use super::send;
use crate::{engine::Engine, error::EngineError, govern::must, signature};

/// A webhook to add.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Where messages go.
    pub url: String,
    /// What it is told of: `document.ready`, `document.dead`; both where nothing is said.
    #[serde(default)]
    pub events: Vec<String>,
    /// Only of this collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionName>,
}

/// A webhook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookView {
    /// Its id.
    pub id: WebhookId,
    /// Where messages go.
    pub url: String,
    /// What it is told of.
    pub events: Vec<String>,
    /// Only of this collection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionName>,
    /// What messages are signed with; shown once, when the webhook is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Webhooks of one tenant at most: each makes every publication write more.
const MOST: u32 = 50;
/// Longest address in bytes.
const LONGEST_URL: usize = 2_048;
/// How long a test waits for what becomes of its message, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(12);
const LOOK: Duration = Duration::from_millis(50);

/// The verbs on webhooks.
#[derive(Clone, Copy)]
pub struct Webhooks<'a>(pub(crate) &'a Engine);

fn wrong(pointer: &'static str, problem: impl Into<String>) -> EngineError {
    EngineError::invalid("invalid_webhook", pointer, problem)
}

impl Webhooks<'_> {
    /// Adds a webhook. Its secret is shown this once.
    ///
    /// # Errors
    /// `invalid_webhook`, `collection_not_found`.
    pub async fn add(&self, access: &Access, new: NewWebhook) -> Result<WebhookView, EngineError> {
        must(access, Action::ManageWebhooks)?;
        let inner = self.0.inner();
        let url = url::Url::parse(&new.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none_or(|url| url.host_str().is_none_or(str::is_empty)) || new.url.len() > LONGEST_URL {
            return Err(wrong("/url", "that is no address: write it as `https://host/path`"));
        }
        let known = [EVENT_READY, EVENT_DEAD];
        if let Some(other) = new.events.iter().find(|event| !known.contains(&event.as_str())) {
            let problem = format!("there is no event `{other}`: use `{EVENT_READY}` or `{EVENT_DEAD}`");
            return Err(wrong("/events", problem));
        }
        let mut events = new.events;
        if events.is_empty() {
            events = known.map(str::to_owned).to_vec();
        }
        let collection = match &new.collection {
            Some(name) => Some(inner.permitted(access, Action::ManageWebhooks, name).await?.id),
            None => None,
        };
        let webhooks = inner.store.webhooks();
        let there = webhooks.list(access.tenant(), &PageRequest::new(Some(MOST), None)).await?;
        if there.items.len() >= MOST as usize {
            return Err(wrong("", format!("there are {MOST} webhooks, which is the most; remove one first")));
        }
        let secret = signature::secret("whs")?;
        let row = NewRow {
            tenant: access.tenant(),
            id: WebhookId::new(),
            url: new.url,
            secret: secret.clone(),
            events,
            collection,
            created_at: inner.clock.now(),
        };
        let row = webhooks.add(access.by(), row).await?;
        Ok(WebhookView { secret: Some(secret.expose().to_owned()), ..row.into() })
    }

    /// A page of webhooks, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<WebhookView>, EngineError> {
        must(access, Action::ManageWebhooks)?;
        let listed = self.0.inner().store.webhooks().list(access.tenant(), page).await?;
        Ok(listed.map(WebhookView::from))
    }

    /// Removes a webhook with its messages.
    ///
    /// # Errors
    /// `webhook_not_found`.
    pub async fn remove(&self, access: &Access, id: WebhookId) -> Result<(), EngineError> {
        must(access, Action::ManageWebhooks)?;
        Ok(self.0.inner().store.webhooks().remove(access.by(), access.tenant(), id).await?)
    }

    /// A page of a webhook's messages, newest first.
    ///
    /// # Errors
    /// `webhook_not_found`, `invalid_cursor`.
    pub async fn deliveries(
        &self,
        access: &Access,
        id: WebhookId,
        page: &PageRequest,
    ) -> Result<Page<DeliveryInfo>, EngineError> {
        must(access, Action::ManageWebhooks)?;
        Ok(self.0.inner().store.webhooks().deliveries(access.tenant(), id, page).await?)
    }

    /// Sends a message that says nothing but that messages arrive, and gives what became of the first try.
    ///
    /// # Errors
    /// `webhook_not_found`.
    pub async fn test(&self, access: &Access, id: WebhookId) -> Result<DeliveryInfo, EngineError> {
        must(access, Action::ManageWebhooks)?;
        let inner = self.0.inner();
        let webhooks = inner.store.webhooks();
        let mut message = webhooks.test(access.by(), access.tenant(), id).await?;
        self.send_due().await?;
        let until = tokio::time::Instant::now() + PATIENCE;
        // Another sender may have it.
        loop {
            message = webhooks.delivery(access.tenant(), id, message.id).await?;
            let tried = message.state != DeliveryState::Waiting || message.error.is_some();
            if tried || tokio::time::Instant::now() >= until {
                return Ok(message);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Sends what is due, here and now, and answers how many messages that were. What the sender does by itself.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn send_due(&self) -> Result<usize, EngineError> {
        let worker = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
        send::round(self.0.inner(), &worker, false).await
    }
}

impl From<WebhookRow> for WebhookView {
    fn from(row: WebhookRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            events: row.events,
            collection: row.collection,
            secret: None,
            created_at: row.created_at,
        }
    }
}

//! Messages are leased to whoever sends them, and end.

use std::{str::FromStr, time::Duration};

use quarry_core::{AuditAction, By, DeliveryId, Page, PageRequest, Secret, TenantId, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Webhooks, keep};
use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Row, Session, args},
    store::retry,
};

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is to be sent, for the first time or again.
    Waiting,
    /// The address took it.
    Delivered,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Dead];

    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

impl FromStr for DeliveryState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not a state of a delivery"))
    }
}

/// A leased message, with what is needed to send it.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook: WebhookId,
    /// What it tells of.
    pub event: String,
    /// What is sent.
    pub body: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Where to.
    pub url: String,
    /// What it is signed with.
    pub secret: Secret,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// What came of sending a message.
#[derive(Clone, Debug)]
pub enum DeliveryEnd {
    /// The address took it.
    Delivered {
        /// The HTTP status.
        status: u16,
    },
    /// It did not work this time.
    Failed {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
        /// A sentence.
        error: String,
        /// When it is sent again; none to give it up.
        again: Option<Duration>,
    },
}

/// A message as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryInfo {
    /// Its id.
    pub id: DeliveryId,
    /// What it tells of.
    pub event: String,
    /// Where it is.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempt: u32,
    /// When it is sent next; absent when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// What the address answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u32>,
    /// Why that was not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

const INFO: &str = "id, event, state, attempt, due_at, status, error, created_at, updated_at";

impl Webhooks<'_> {
    /// Leases due messages of all tenants. No two workers get the same one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim(
        &self,
        worker: &str,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<Delivery>, StoreError> {
        let now = self.store.now();
        // Asking costs nobody the write lock while nothing is due.
        let due = {
            let mut session = self.store.db().read().await?;
            session.first("SELECT 1 FROM webhook_deliveries WHERE due_at <= $1 LIMIT 1", args![now]).await?
        };
        if due.is_none() {
            return Ok(Vec::new());
        }
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = take(&mut session, worker, limit, (now, now.after(lease))).await;
            session.finish(outcome).await
        })
    }

    /// Ends the lease of a message. Whoever lost it meanwhile changes nothing.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end(&self, id: DeliveryId, worker: &str, end: &DeliveryEnd) -> Result<(), StoreError> {
        let now = self.store.now();
        let (state, status, error, due) = match end {
            DeliveryEnd::Delivered { status } => (DeliveryState::Delivered, Some(*status), None, None),
            DeliveryEnd::Failed { status, error, again } => {
                let state = if again.is_some() { DeliveryState::Waiting } else { DeliveryState::Dead };
                (state, *status, Some(error.as_str()), again.map(|delay| now.after(delay)))
            }
        };
        let sql = "UPDATE webhook_deliveries SET state = $3, status = $4, error = $5, due_at = $6, worker = NULL, \
                   updated_at = $7 WHERE id = $1 AND worker = $2";
        let values = args![id, worker, state.as_str(), status.map(u32::from), error, due, now];
        self.store.db().write().await?.execute(sql, values).await.map(drop)
    }

    /// A webhook's messages, newest first.
    ///
    /// # Errors
    /// There is no such webhook, the cursor is not from this list, or the database fails.
    pub async fn deliveries(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        request: &PageRequest,
    ) -> Result<Page<DeliveryInfo>, StoreError> {
        self.get(tenant, webhook).await?;
        let sql = format!(
            "SELECT {INFO} FROM webhook_deliveries WHERE tenant = $1 AND webhook = $2 AND id < $3 ORDER BY id DESC LIMIT \
             $4"
        );
        let values = args![tenant, webhook, page::before_id(request)?, page::fetch(request)];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &DeliveryInfo| item.id.to_string()))
    }

    /// One message of a webhook.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn delivery(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        id: DeliveryId,
    ) -> Result<DeliveryInfo, StoreError> {
        let sql =
            format!("SELECT {INFO} FROM webhook_deliveries WHERE tenant = $1 AND webhook = $2 AND id = $3");
        let row = self.store.db().read().await?.first(sql, args![tenant, webhook, id]).await?;
        read(&row.ok_or_else(|| keep::missing(webhook))?)
    }

    /// Queues a message that only says that messages arrive.
    ///
    /// # Errors
    /// There is no such webhook, or the database fails.
    pub async fn test(
        &self,
        by: &By,
        tenant: TenantId,
        webhook: WebhookId,
    ) -> Result<DeliveryInfo, StoreError> {
        self.get(tenant, webhook).await?;
        let (id, now) = (DeliveryId::new(), self.store.now());
        let body = json!({"id": id, "event": "test", "created_at": now, "data": {}}).to_string();
        let sql = "INSERT INTO webhook_deliveries (id, tenant, webhook, event, body, state, attempt, due_at, created_at, \
                   updated_at) VALUES ($1, $2, $3, 'test', $4, 'waiting', 0, $5, $5, $5)";
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                session.execute(sql, args![id, tenant, webhook, &body, now]).await?;
                let (action, object) = (AuditAction::WebhookTest, webhook.to_string());
                let change = Change { tenant, by, action, object, details: json!({}) };
                record(&mut session, now, vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })?;
        self.delivery(tenant, webhook, id).await
    }

    /// Forgets messages of all tenants that were over before a moment and answers how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM webhook_deliveries WHERE due_at IS NULL AND updated_at < $1";
        self.store.db().write().await?.execute(sql, args![before]).await
    }
}

async fn take(
    session: &mut Session,
    worker: &str,
    limit: u32,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<Delivery>, StoreError> {
    let dialect = session.dialect();
    let sql = format!(
        "WITH picked AS MATERIALIZED (SELECT id FROM webhook_deliveries WHERE due_at <= $1 ORDER BY due_at, id LIMIT \
         $2{}) UPDATE webhook_deliveries SET worker = $3, due_at = $4, attempt = attempt + 1, updated_at = $1 FROM picked \
         WHERE webhook_deliveries.id = picked.id RETURNING webhook_deliveries.id",
        dialect.skip_locked()
    );
    let rows = session.rows(sql, args![now, limit, worker, until]).await?;
    let ids = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<_>, _>>()?;
    let sql = format!(
        "SELECT d.id, d.webhook, d.event, d.body, d.attempt, w.url, w.secret, d.created_at FROM webhook_deliveries d JOIN \
         webhooks w ON w.id = d.webhook AND w.tenant = d.tenant WHERE d.id {} ORDER BY d.id",
        dialect.ids_in()
    );
    let rows = session.rows(sql, args![dialect.ids(ids)]).await?;
    rows.iter().map(leased).collect()
}

fn leased(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId::from_uuid(row.id(0)?),
        webhook: WebhookId::from_uuid(row.id(1)?),
        event: row.text(2)?,
        body: row.text(3)?,
        attempt: row.small(4)?,
        url: row.text(5)?,
        secret: Secret::new(row.text(6)?),
        created_at: row.time(7)?,
    })
}

fn read(row: &Row) -> Result<DeliveryInfo, StoreError> {
    Ok(DeliveryInfo {
        id: DeliveryId::from_uuid(row.id(0)?),
        event: row.text(1)?,
        state: row.word(2)?,
        attempt: row.small(3)?,
        due_at: row.opt_time(4)?,
        status: row.opt_small(5)?,
        error: row.opt_text(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

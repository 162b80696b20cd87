//! Webhooks are added, listed and removed.

use quarry_core::{
    AuditAction, By, CollectionId, CollectionName, Page, PageRequest, Secret, TenantId, Timestamp, WebhookId,
};
use serde_json::json;

use super::Webhooks;
use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Row, Session, args, value::json_text},
    store::retry,
    tenants,
};

/// A webhook to add.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: WebhookId,
    /// Where messages go.
    pub url: String,
    /// What they are signed with.
    pub secret: Secret,
    /// What it is told of.
    pub events: Vec<String>,
    /// Only of this collection.
    pub collection: Option<CollectionId>,
    /// When it is made.
    pub created_at: Timestamp,
}

/// A webhook.
#[derive(Clone, Debug)]
pub struct WebhookRow {
    /// Its id.
    pub id: WebhookId,
    /// Where messages go.
    pub url: String,
    /// What they are signed with.
    pub secret: Secret,
    /// What it is told of.
    pub events: Vec<String>,
    /// Only of this collection.
    pub collection: Option<CollectionName>,
    /// Whether it is told nothing for now.
    pub paused: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

const SELECT: &str = "SELECT w.id, w.url, w.secret, w.events, c.name, w.paused, w.created_at FROM webhooks w LEFT JOIN \
                      collections c ON c.id = w.collection WHERE w.tenant = $1";

impl Webhooks<'_> {
    /// Adds a webhook.
    ///
    /// # Errors
    /// The tenant is unknown, or the database fails.
    pub async fn add(&self, by: &By, new: NewWebhook) -> Result<WebhookRow, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = insert(&mut session, by, &new).await;
            session.finish(outcome).await
        })?;
        self.get(new.tenant, new.id).await
    }

    /// A webhook.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: WebhookId) -> Result<WebhookRow, StoreError> {
        let sql = format!("{SELECT} AND w.id = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// A tenant's webhooks, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        request: &PageRequest,
    ) -> Result<Page<WebhookRow>, StoreError> {
        let sql = format!("{SELECT} AND w.id < $2 ORDER BY w.id DESC LIMIT $3");
        let values = args![tenant, page::before_id(request)?, page::fetch(request)];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &WebhookRow| item.id.to_string()))
    }

    /// Removes a webhook with its messages, sent or not.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn remove(&self, by: &By, tenant: TenantId, id: WebhookId) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "DELETE FROM webhooks WHERE tenant = $1 AND id = $2";
                if session.execute(sql, args![tenant, id]).await? == 0 {
                    return Err(missing(id));
                }
                let sql = "DELETE FROM webhook_deliveries WHERE tenant = $1 AND webhook = $2";
                session.execute(sql, args![tenant, id]).await?;
                let (object, details) = (id.to_string(), json!({}));
                let change = Change { tenant, by, action: AuditAction::WebhookRemove, object, details };
                record(&mut session, now, vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

async fn insert(session: &mut Session, by: &By, new: &NewWebhook) -> Result<(), StoreError> {
    tenants::check(session, new.tenant).await?;
    session
        .execute(
            "INSERT INTO webhooks (id, tenant, url, secret, events, collection, paused, created_at) VALUES ($1, $2, $3, \
             $4, $5, $6, 0, $7)",
            args![
                new.id,
                new.tenant,
                &new.url,
                new.secret.expose(),
                json_text(&new.events)?,
                new.collection,
                new.created_at,
            ],
        )
        .await?;
    let (tenant, object) = (new.tenant, new.id.to_string());
    let change = Change {
        tenant,
        by,
        action: AuditAction::WebhookAdd,
        object,
        details: json!({"events": new.events}),
    };
    record(session, new.created_at, vec![change]).await
}

pub(super) fn missing(id: WebhookId) -> StoreError {
    StoreError::WebhookNotFound(id.to_string())
}

fn read(row: &Row) -> Result<WebhookRow, StoreError> {
    let collection = row.opt_text(4)?.map(|name| name.parse::<CollectionName>()).transpose();
    Ok(WebhookRow {
        id: WebhookId::from_uuid(row.id(0)?),
        url: row.text(1)?,
        secret: Secret::new(row.text(2)?),
        events: row.json(3)?,
        collection: collection.map_err(|cause| StoreError::Unreadable(cause.to_string()))?,
        paused: row.int(5)? != 0,
        created_at: row.time(6)?,
    })
}

//! Messages are written in the transaction of what they tell.

use quarry_core::{DeliveryId, DocumentId, TenantId, Timestamp, WebhookId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    error::StoreError,
    sql::{Session, args, database::Many},
};

const DELIVERIES: Many = Many {
    before: "INSERT INTO webhook_deliveries (id, tenant, webhook, event, body, state, attempt, due_at, created_at, \
             updated_at) VALUES",
    columns: 10,
    after: "",
};

/// What is told of a document.
pub(crate) struct Told<'a> {
    pub(crate) document: DocumentId,
    pub(crate) source: &'a str,
    pub(crate) title: &'a str,
    pub(crate) version: u32,
    /// Its searchable chunks, or why there are none.
    pub(crate) outcome: Result<u32, (&'a str, &'a str)>,
}

impl Told<'_> {
    fn data(&self, (collection, name): (Uuid, &str)) -> Value {
        let mut data = json!({
            "document_id": self.document,
            "collection_id": collection,
            "collection": name,
            "source": self.source,
            "title": self.title,
            "version": self.version,
        });
        if let Some(fields) = data.as_object_mut() {
            match self.outcome {
                Ok(chunks) => {
                    fields.insert("chunks".to_owned(), chunks.into());
                }
                Err((code, reason)) => {
                    fields.insert("code".to_owned(), code.into());
                    fields.insert("error".to_owned(), reason.into());
                }
            }
        }
        data
    }
}

/// Queues messages to the webhooks that want to hear of an event. One look at an index where there are none.
pub(crate) async fn enqueue(
    session: &mut Session,
    event: &'static str,
    (tenant, collection): (TenantId, Uuid),
    told: &[Told<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT w.id, w.events, c.name FROM webhooks w JOIN collections c ON c.id = $2 WHERE w.tenant = $1 AND \
               w.paused = 0 AND (w.collection IS NULL OR w.collection = $2)";
    let rows = session.rows(sql, args![tenant, collection]).await?;
    let mut values = Vec::new();
    for row in &rows {
        let events: Vec<String> = row.json(1)?;
        if !events.iter().any(|wanted| wanted == event) {
            continue;
        }
        let (webhook, name) = (WebhookId::from_uuid(row.id(0)?), row.text(2)?);
        for one in told {
            let id = DeliveryId::new();
            let body = json!({"id": id, "event": event, "created_at": now, "data": one.data((collection, name.as_str()))});
            values.extend(args![
                id,
                tenant,
                webhook,
                event,
                body.to_string(),
                "waiting",
                0_i64,
                now,
                now,
                now
            ]);
        }
    }
    session.many(DELIVERIES, values).await
}

//! Who changed what. Rows are written inside the transactions of the changes themselves.

use quarry_core::{Actor, Page, PageRequest, TenantId, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    error::StoreError,
    page,
    sql::{Arg, Row, Session, args, database::Many},
    store::Store,
};

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who, as [`Actor`] displays itself.
    pub actor: String,
    /// What was done, as `document.add`.
    pub action: String,
    /// To what: an id.
    pub object: String,
    /// How it went.
    pub outcome: String,
    /// What else is worth knowing.
    pub details: serde_json::Value,
}

/// The audit log.
pub struct Audit<'a> {
    pub(crate) store: &'a Store,
}

impl Audit<'_> {
    /// A tenant's changes, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        request: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let mut session = self.store.db().read().await?;
        let rows = session
            .rows(
                "SELECT id, at, actor, action, object, outcome, details FROM audit WHERE tenant = $1 AND id < $2 \
                 ORDER BY id DESC LIMIT $3",
                args![tenant, page::before_id(request)?, page::fetch(request)],
            )
            .await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |entry: &AuditEntry| entry.id.to_string()))
    }
}

fn read(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: row.id(0)?,
        at: row.time(1)?,
        actor: row.text(2)?,
        action: row.text(3)?,
        object: row.text(4)?,
        outcome: row.text(5)?,
        details: row.json(6)?,
    })
}

/// A change to be recorded.
pub(crate) struct Change<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) actor: &'a Actor,
    pub(crate) action: &'static str,
    pub(crate) object: String,
    pub(crate) details: serde_json::Value,
}

/// Records changes in the transaction that makes them.
pub(crate) async fn record(
    session: &mut Session,
    at: Timestamp,
    changes: Vec<Change<'_>>,
) -> Result<(), StoreError> {
    const INSERT: Many = Many {
        before: "INSERT INTO audit (tenant, id, at, actor, action, object, outcome, details) VALUES",
        columns: 8,
        after: "",
    };
    let mut values: Vec<Arg<'_>> = Vec::with_capacity(changes.len() * INSERT.columns);
    for change in changes {
        values.extend(args![
            change.tenant,
            Uuid::now_v7(),
            at,
            change.actor.to_string(),
            change.action,
            change.object,
            "done",
            change.details.to_string(),
        ]);
    }
    session.many(INSERT, values).await
}

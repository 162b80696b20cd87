//! Sources are added, listed, changed and removed.

use quarry_core::{AuditAction, By, Page, PageRequest, SourceId, TenantId, Timestamp};
use serde_json::json;

use super::{NewSource, SourceChange, SourceItem, SourceRow, Sources, row};
use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    reach::{Reach, within},
    sql::{Session, args},
    store::retry,
    tenants,
};

impl Sources<'_> {
    /// Adds a source. One that is looked at by itself is due at once.
    ///
    /// # Errors
    /// The name is taken, the collection or tenant unknown, or the database fails.
    pub async fn add(&self, by: &By, new: NewSource) -> Result<SourceRow, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = insert(&mut session, by, &new).await;
            session.finish(outcome).await
        })?;
        self.get(new.tenant, new.id).await
    }

    /// The source with an id.
    ///
    /// # Errors
    /// There is none, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: SourceId) -> Result<SourceRow, StoreError> {
        let sql = format!("{} s.tenant = $1 AND s.id = $2", row::select());
        let found = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        found.as_ref().map(row::read).transpose()?.ok_or_else(|| missing(&id.to_string()))
    }

    /// The source with a name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_by_name(&self, tenant: TenantId, name: &str) -> Result<Option<SourceRow>, StoreError> {
        let sql = format!("{} s.tenant = $1 AND s.name = $2", row::select());
        let found = self.store.db().read().await?.first(sql, args![tenant, name]).await?;
        found.as_ref().map(row::read).transpose()
    }

    /// A tenant's sources, by name.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        reach: Option<&Reach>,
        request: &PageRequest,
    ) -> Result<Page<SourceRow>, StoreError> {
        let mut session = self.store.db().read().await?;
        let mut values = args![tenant, page::after_text(request)?, page::fetch(request)];
        let within = within(session.dialect(), "s.collection", reach, &mut values);
        let sql = format!("{} s.tenant = $1 AND s.name > $2{within} ORDER BY s.name LIMIT $3", row::select());
        let rows = session.rows(sql, values).await?;
        let items = rows.iter().map(row::read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &SourceRow| item.name.clone()))
    }

    /// A source's entries, by key.
    ///
    /// # Errors
    /// There is no such source, the cursor is not from this list, or the database fails.
    pub async fn items(
        &self,
        tenant: TenantId,
        id: SourceId,
        request: &PageRequest,
    ) -> Result<Page<SourceItem>, StoreError> {
        let mut session = self.store.db().read().await?;
        known(&mut session, tenant, id).await?;
        let sql = format!(
            "SELECT {} FROM source_items WHERE source = $1 AND key > $2 ORDER BY key LIMIT $3",
            row::ITEM
        );
        let values = args![id, page::after_text(request)?, page::fetch(request)];
        let rows = session.rows(sql, values).await?;
        let items = rows.iter().map(row::read_item).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &SourceItem| item.key.clone()))
    }

    /// Changes a source. A run that goes is not touched.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub async fn update(
        &self,
        by: &By,
        tenant: TenantId,
        id: SourceId,
        change: SourceChange,
    ) -> Result<SourceRow, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = rewrite(&mut session, by, (tenant, id), &change, now).await;
            session.finish(outcome).await
        })?;
        self.get(tenant, id).await
    }

    /// Removes a source with what is known of its entries. Its documents stay.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub async fn remove(&self, by: &By, tenant: TenantId, id: SourceId) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "DELETE FROM sources WHERE tenant = $1 AND id = $2 RETURNING name";
                let row = session.first(sql, args![tenant, id]).await?;
                let name = row.ok_or_else(|| missing(&id.to_string()))?.text(0)?;
                for table in ["source_items", "source_runs", "source_signatures"] {
                    session.execute(format!("DELETE FROM {table} WHERE source = $1"), args![id]).await?;
                }
                let details = json!({"name": name});
                let change =
                    Change { tenant, by, action: AuditAction::SourceRemove, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

async fn insert(session: &mut Session, by: &By, new: &NewSource) -> Result<(), StoreError> {
    tenants::check(session, new.tenant).await?;
    let sql = "SELECT 1 FROM collections WHERE tenant = $1 AND id = $2";
    let collection = session.first(sql, args![new.tenant, new.collection]).await?;
    collection.ok_or_else(|| StoreError::CollectionNotFound(new.collection.to_string()))?;
    let sql = "SELECT 1 FROM sources WHERE tenant = $1 AND name = $2";
    if session.first(sql, args![new.tenant, &new.name]).await?.is_some() {
        return Err(StoreError::SourceExists(new.name.clone()));
    }
    let due = new.every_seconds.filter(|_| !new.paused).map(|_| new.created_at);
    session
        .execute(
            "INSERT INTO sources (id, tenant, collection, kind, name, settings, every_seconds, paused, secret, last_run, \
             next_due_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $11)",
            args![
                new.id,
                new.tenant,
                new.collection,
                new.kind.as_str(),
                &new.name,
                new.settings.to_string(),
                new.every_seconds,
                new.paused,
                new.secret.as_ref().map(|secret| secret.expose()),
                due,
                new.created_at,
            ],
        )
        .await?;
    let details = json!({"name": new.name, "kind": new.kind.as_str()});
    let (tenant, object) = (new.tenant, new.id.to_string());
    let change = Change { tenant, by, action: AuditAction::SourceAdd, object, details };
    record(session, new.created_at, vec![change]).await
}

async fn rewrite(
    session: &mut Session,
    by: &By,
    (tenant, id): (TenantId, SourceId),
    change: &SourceChange,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Writing the row first makes every other writer of this source wait.
    let sql = "UPDATE sources SET settings = COALESCE($3, settings), paused = COALESCE($4, paused), updated_at = $5 \
               WHERE tenant = $1 AND id = $2 RETURNING name, every_seconds, paused, last_started_at";
    let settings = change.settings.as_ref().map(ToString::to_string);
    let paused = change.paused.map(i64::from);
    let row = session.first(sql, args![tenant, id, settings, paused, now]).await?;
    let row = row.ok_or_else(|| missing(&id.to_string()))?;
    let kept = row.opt_int(1)?.and_then(|seconds| u64::try_from(seconds).ok());
    let every = change.every_seconds.unwrap_or(kept);
    let due = due(every, row.int(2)? != 0, row.opt_time(3)?, now);
    let sql = "UPDATE sources SET every_seconds = $2, next_due_at = $3 WHERE id = $1";
    session.execute(sql, args![id, every, due]).await?;
    let details = json!({"name": row.text(0)?});
    let change = Change { tenant, by, action: AuditAction::SourceUpdate, object: id.to_string(), details };
    record(session, now, vec![change]).await
}

/// When a source is to be looked at next: so long after its last run began, and not in the past.
pub(super) fn due(
    every: Option<u64>,
    paused: bool,
    started: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let every = std::time::Duration::from_secs(every.filter(|_| !paused)?);
    Some(started.map_or(now, |started| started.after(every).max(now)))
}

/// Fails when the tenant has no such source.
pub(super) async fn known(session: &mut Session, tenant: TenantId, id: SourceId) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM sources WHERE tenant = $1 AND id = $2";
    session.first(sql, args![tenant, id]).await?.map(drop).ok_or_else(|| missing(&id.to_string()))
}

pub(super) fn missing(id: &str) -> StoreError {
    StoreError::SourceNotFound(id.to_owned())
}

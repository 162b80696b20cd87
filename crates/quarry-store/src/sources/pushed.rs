//! Entries that a sender brings, and the requests it signed.

use std::time::Duration;

use quarry_core::{AuditAction, By, SourceId, TenantId};
use serde_json::json;

use super::{
    Settled, SourceEnd, SourceItem, SourceLease, SourceRow, Sources,
    keep::{known, missing},
    lease::{end_run, insert_run},
    row,
};
use crate::{
    audit::{Change, record},
    error::StoreError,
    sql::{args, value::json_text},
    store::retry,
};

impl Sources<'_> {
    /// A source of any tenant, for whoever can show a signature of it: the request names no tenant.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_for_sender(&self, id: SourceId) -> Result<Option<SourceRow>, StoreError> {
        let sql = format!("{} s.id = $1 AND s.kind = 'push'", row::select());
        let found = self.store.db().read().await?.first(sql, args![id]).await?;
        found.as_ref().map(row::read).transpose()
    }

    /// Remembers a signature for a while. False when it is remembered already: the request was sent before.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub async fn remember_signature(
        &self,
        (tenant, id): (TenantId, SourceId),
        signature: &[u8],
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let now = self.store.now();
        let oldest = now.micros().saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX));
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                known(&mut session, tenant, id).await?;
                let sql = "DELETE FROM source_signatures WHERE source = $1 AND at < $2";
                session.execute(sql, args![id, oldest]).await?;
                let sql = "INSERT INTO source_signatures (source, signature, at) VALUES ($1, $2, $3) ON CONFLICT \
                           (source, signature) DO NOTHING";
                Ok(session.execute(sql, args![id, signature, now]).await? > 0)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Forgets a signature whose request could not be done, so that it may be sent again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_signature(&self, id: SourceId, signature: &[u8]) -> Result<(), StoreError> {
        let sql = "DELETE FROM source_signatures WHERE source = $1 AND signature = $2";
        self.store.db().write().await?.execute(sql, args![id, signature]).await.map(drop)
    }

    /// The entries with these keys; those that are not known are left out.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub async fn find_items(
        &self,
        tenant: TenantId,
        id: SourceId,
        keys: &[&str],
    ) -> Result<Vec<SourceItem>, StoreError> {
        let mut session = self.store.db().read().await?;
        known(&mut session, tenant, id).await?;
        let sql = format!(
            "SELECT {} FROM source_items WHERE key {} AND source = $2 ORDER BY key",
            row::ITEM,
            session.dialect().texts_in()
        );
        let rows = session.rows(sql, args![json_text(&keys)?, id]).await?;
        rows.iter().map(row::read_item).collect()
    }

    /// Keeps entries that were brought, drops others, and notes that as a run. Answers its number.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub async fn keep_pushed(
        &self,
        by: &By,
        (tenant, id): (TenantId, SourceId),
        (brought, dropped): (&[Settled], &[String]),
        end: &SourceEnd,
    ) -> Result<u64, StoreError> {
        let now = self.store.now();
        let dropped = json_text(&dropped)?;
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "UPDATE sources SET last_run = last_run + 1, worker = 'push', last_started_at = $3 WHERE tenant \
                           = $1 AND id = $2 RETURNING last_run";
                let row = session.first(sql, args![tenant, id, now]).await?;
                let run = row.ok_or_else(|| missing(&id.to_string()))?.big(0)?;
                let sql = format!(
                    "DELETE FROM source_items WHERE key {} AND source = $2",
                    session.dialect().texts_in()
                );
                session.execute(sql, args![&dropped, id]).await?;
                for one in brought {
                    put(&mut session, (id, run), one).await?;
                }
                insert_run(&mut session, (id, run), now).await?;
                let worker = "push".to_owned();
                let lease = SourceLease { tenant, source: id, worker, run, lease: Duration::ZERO };
                end_run(&mut session, &lease, end, now).await?;
                let (action, details) = (AuditAction::SourcePush, json!({"run": run, "counts": end.counts}));
                let change = Change { tenant, by, action, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await?;
                Ok(run)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Drops an entry, whoever looks at the source: its document was removed for good.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub async fn drop_items(
        &self,
        tenant: TenantId,
        id: SourceId,
        keys: &[String],
    ) -> Result<(), StoreError> {
        let mut session = self.store.db().write().await?;
        known(&mut session, tenant, id).await?;
        let sql =
            format!("DELETE FROM source_items WHERE key {} AND source = $2", session.dialect().texts_in());
        session.execute(sql, args![json_text(&keys)?, id]).await.map(drop)
    }
}

async fn put(
    session: &mut crate::sql::Session,
    (id, run): (SourceId, u64),
    one: &Settled,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO source_items (source, key, state, size, content_hash, document, seen) VALUES ($1, $2, 'kept', \
               $3, $4, $5, $6) ON CONFLICT (source, key) DO UPDATE SET size = excluded.size, content_hash = \
               excluded.content_hash, document = excluded.document, seen = excluded.seen";
    let hash = one.content_hash.as_ref().and_then(|hash| hex::decode(hash).ok());
    session.execute(sql, args![id, &one.key, one.size, hash.as_deref(), one.document, run]).await.map(drop)
}

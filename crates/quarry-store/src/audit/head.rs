//! Where a tenant's chain begins and ends.

use quarry_core::TenantId;

use super::chain::{Hash, ZERO, hash_of};
use crate::{
    error::StoreError,
    sql::{Session, args},
};

/// Where a chain begins and ends. One without rows ends before it begins.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The number of the first row that is kept.
    pub(super) first: u64,
    /// The hash before it.
    pub(super) base: Hash,
    /// The number of the last row.
    pub(super) last: u64,
    /// Its hash.
    pub(super) hash: Hash,
    /// The greatest number there is; above `last` only where somebody put a row in.
    pub(super) greatest: u64,
}

/// A tenant's head, where something was written already.
pub(super) async fn find(session: &mut Session, tenant: TenantId) -> Result<Option<Head>, StoreError> {
    get(session, tenant, "").await
}

/// A tenant's head, held until the transaction ends: others of this tenant who append wait for it.
pub(super) async fn hold(session: &mut Session, tenant: TenantId) -> Result<Head, StoreError> {
    let held = session.dialect().held();
    if let Some(head) = get(session, tenant, held).await? {
        return Ok(head);
    }
    // The first row of a tenant. Where rows are there without a head, somebody removed the head: the chain goes on
    // after the last row, since a change must not fail for that, and the log of the process says so.
    let sql = "SELECT number, hash FROM audit WHERE tenant = $1 ORDER BY number DESC LIMIT 1";
    let (last, hash) = match session.first(sql, args![tenant]).await? {
        Some(row) => {
            // Another call may have written the first row in this very moment.
            if let Some(head) = get(session, tenant, held).await? {
                return Ok(head);
            }
            tracing::error!(%tenant, "the head of the audit log is gone; its end can no longer be vouched for");
            (row.big(0)?, hash_of(&row.bytes(1)?))
        }
        None => (0, ZERO),
    };
    let sql = "INSERT INTO audit_heads (tenant, first, base, last, hash) VALUES ($1, 1, $2, $3, $4) ON CONFLICT (tenant) \
               DO NOTHING";
    session.execute(sql, args![tenant, ZERO.to_vec(), last, hash.to_vec()]).await?;
    let head = get(session, tenant, held).await?;
    head.ok_or_else(|| StoreError::Unreadable("the audit log has no head".into()))
}

/// Moves a head that is held.
pub(super) async fn put(
    session: &mut Session,
    tenant: TenantId,
    (last, hash): (u64, Hash),
) -> Result<(), StoreError> {
    let sql = "UPDATE audit_heads SET last = $2, hash = $3 WHERE tenant = $1";
    session.execute(sql, args![tenant, last, hash.to_vec()]).await.map(drop)
}

async fn get(session: &mut Session, tenant: TenantId, held: &str) -> Result<Option<Head>, StoreError> {
    let sql = format!(
        "SELECT first, base, last, hash, (SELECT max(number) FROM audit WHERE tenant = $1) FROM audit_heads WHERE tenant \
         = $1{held}"
    );
    let Some(row) = session.first(sql, args![tenant]).await? else { return Ok(None) };
    Ok(Some(Head {
        first: row.big(0)?,
        base: hash_of(&row.bytes(1)?),
        last: row.big(2)?,
        hash: hash_of(&row.bytes(3)?),
        greatest: row.opt_int(4)?.and_then(|number| u64::try_from(number).ok()).unwrap_or_default(),
    }))
}

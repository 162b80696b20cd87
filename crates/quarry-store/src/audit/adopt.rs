//! Chains the rows that were there before there was a chain, in the transaction of the migration that makes it.

use quarry_core::TenantId;
use uuid::Uuid;

use super::{append, chain::ZERO, head, row::Kept};
use crate::{
    error::StoreError,
    sql::{Row, Session, args},
};

/// Rows read at a time.
const TOGETHER: i64 = 512;

/// Moves every old row into the chain of its tenant, in the order in which they were written, and drops the old table.
pub(crate) async fn adopt(session: &mut Session) -> Result<(), StoreError> {
    let sql = "SELECT DISTINCT tenant FROM audit_before ORDER BY tenant";
    let rows = session.rows(sql, Vec::new()).await?;
    for row in rows {
        let tenant = TenantId::from_uuid(row.id(0)?);
        let start = head::hold(session, tenant).await?;
        let mut end = (start.last, start.hash);
        let mut after = Uuid::nil();
        loop {
            let sql = "SELECT id, at, actor, action, object, outcome, details FROM audit_before WHERE tenant = $1 AND id > \
                       $2 ORDER BY id LIMIT $3";
            let rows = session.rows(sql, args![tenant, after, TOGETHER]).await?;
            let Some(last) = rows.last() else { break };
            after = last.id(0)?;
            let rows = rows.iter().map(old).collect::<Result<Vec<_>, _>>()?;
            let (values, reached) = append::chained(tenant, rows, end);
            append::write(session, values).await?;
            end = reached;
        }
        head::put(session, tenant, end).await?;
    }
    session.execute("DROP TABLE audit_before", Vec::new()).await.map(drop)
}

fn old(row: &Row) -> Result<Kept, StoreError> {
    let action = row.text(3)?;
    // Every old action was named after its object, but for one.
    let kind = match action.split_once('.') {
        Some(("generation", _)) => "collection",
        Some((kind, _)) => kind,
        None => "",
    };
    Ok(Kept {
        number: 0,
        at: row.time(1)?,
        actor: row.text(2)?,
        kind: if action == "fact.erase_all" { "user" } else { kind }.to_owned(),
        action,
        object: row.text(4)?,
        address: None,
        agent: None,
        request: None,
        // Only what was done was written then.
        outcome: "allowed".to_owned(),
        details: row.text(6)?,
        previous: ZERO,
        hash: ZERO,
    })
}

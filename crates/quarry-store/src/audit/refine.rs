//! Tells what became of a row whose hash is wrong: altered, moved, or pushed aside by another's coming or going.
//!
//! A row's number is part of what its hash covers. So a row that was moved is known by the number under which its hash is
//! right.

use quarry_core::TenantId;

use super::{
    chain::{Hash, digest_as, hash_of},
    row::Kept,
    verify::{AuditBreak, AuditFault},
};
use crate::{
    error::StoreError,
    sql::{Session, args},
};

/// How far from its place a row is looked for. One that was moved further is called altered, which it was, too.
const REACH: u64 = 1_000;

/// The fault of a row whose hash is not right. Everything before it is as it was written.
pub(super) async fn refine(
    session: &mut Session,
    tenant: TenantId,
    row: &Kept,
    expected: &Hash,
) -> Result<AuditFault, StoreError> {
    let here = row.number;
    let fault = |number, what, detail: String| Ok(AuditFault::new(number, what, detail));
    let mut around = here.saturating_sub(REACH).max(1)..=here.saturating_add(REACH);
    let own = around.find(|number| *number != here && digest_as(tenant, row, *number) == row.hash);
    let Some(own) = own else {
        return fault(here, AuditBreak::Altered, "its hash is not that of its fields".to_owned());
    };
    if own < here {
        let sql = "SELECT hash FROM audit WHERE tenant = $1 AND number = $2";
        let there = session.first(sql, args![tenant, own]).await?;
        let there = there.map(|row| row.bytes(0)).transpose()?.map(|bytes| hash_of(&bytes));
        if there == Some(row.hash) {
            return fault(here, AuditBreak::Inserted, format!("it is a copy of row {own}"));
        }
        return fault(own, AuditBreak::Inserted, format!("row {here} was written as row {own}"));
    }
    // The row that belongs here may stand elsewhere; else it is gone, and those after it moved up.
    let sql = "SELECT number FROM audit WHERE tenant = $1 AND previous = $2 AND number <> $3 LIMIT 1";
    let moved = session.first(sql, args![tenant, expected.to_vec(), here]).await?;
    match moved {
        Some(other) => {
            let detail =
                format!("row {own} stands here, and the row that belongs here is number {}", other.int(0)?);
            fault(here, AuditBreak::Reordered, detail)
        }
        None => fault(here, AuditBreak::Removed, format!("row {own} stands here")),
    }
}

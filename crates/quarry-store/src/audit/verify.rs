//! Walks a tenant's chain and finds the first row that is not as it was written.

use quarry_core::TenantId;
use serde::{Deserialize, Serialize};

use super::{
    Audit,
    chain::{AuditMark, Hash, digest},
    head::{self, Head},
    refine::refine,
    row::{self, Kept},
};
use crate::{
    error::StoreError,
    sql::{Session, args},
};

/// Rows read and hashed at a time: a few hundred microseconds of work.
const TOGETHER: i64 = 500;

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditBreak {
    /// A row is not as it was written.
    Altered,
    /// A row is gone from the middle.
    Removed,
    /// A row is there that was not written by Quarry.
    Inserted,
    /// A row stands in another's place.
    Reordered,
    /// The last rows are gone.
    TailCut,
    /// The row that says where the chain ends is gone.
    HeadLost,
    /// The chain holds together, and is not the one of which a place was kept: it was written anew.
    Rewritten,
}

impl AuditBreak {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Reordered => "reordered",
            Self::TailCut => "tail_cut",
            Self::HeadLost => "head_lost",
            Self::Rewritten => "rewritten",
        }
    }
}

/// The first thing that is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFault {
    /// The number of the first row that is not as it should be.
    pub number: u64,
    /// What is wrong with it.
    pub what: AuditBreak,
    /// A sentence.
    pub detail: String,
}

impl AuditFault {
    pub(super) fn new(number: u64, what: AuditBreak, detail: impl Into<String>) -> Self {
        Self { number, what, detail: detail.into() }
    }
}

/// What a walk found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerification {
    /// Whether every row is as it was written.
    pub intact: bool,
    /// How many rows were found to be so.
    pub rows: u64,
    /// The number of the first row that is kept.
    pub first: u64,
    /// Where the chain ends: worth keeping elsewhere. Absent before the first row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<AuditMark>,
    /// What is wrong first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<AuditFault>,
}

/// How far a walk is.
struct Walk<'a> {
    tenant: TenantId,
    first: u64,
    next: u64,
    previous: Hash,
    expect: Option<&'a AuditMark>,
}

impl Audit<'_> {
    /// Walks a tenant's chain from its first row to its end as it was when the walk began, and compares a place that was
    /// kept elsewhere.
    ///
    /// # Errors
    /// The place that was kept is before the first row, or the database fails.
    pub async fn verify(
        &self,
        tenant: TenantId,
        expect: Option<&AuditMark>,
    ) -> Result<AuditVerification, StoreError> {
        let mut session = self.store.db().read().await?;
        let Some(head) = head::find(&mut session, tenant).await? else {
            let fault = headless(&mut session, tenant, expect).await?;
            return Ok(AuditVerification { intact: fault.is_none(), rows: 0, first: 1, head: None, fault });
        };
        if let Some(mark) = expect.filter(|mark| mark.number.saturating_add(1) < head.first) {
            return Err(StoreError::AuditPlaceGone(mark.number));
        }
        let (first, previous) = (head.first, head.base);
        let mut walk = Walk { tenant, first, next: first, previous, expect };
        let mut fault = walk.start();
        if fault.is_none() {
            fault = walk.all(&mut session, &head).await?;
        }
        if fault.is_none() {
            fault = strays(&mut session, tenant).await?;
        }
        let mark = AuditMark::new(head.last, &head.hash);
        Ok(AuditVerification {
            intact: fault.is_none(),
            rows: walk.next - first,
            first,
            head: Some(mark).filter(|_| head.last > 0),
            fault,
        })
    }
}

impl Walk<'_> {
    /// The place that was kept may be the one before the first row.
    fn start(&self) -> Option<AuditFault> {
        let mark = self.expect.filter(|mark| mark.number.saturating_add(1) == self.first)?;
        (mark.number > 0 && !mark.is(&self.previous)).then(|| rewritten(mark))
    }

    async fn all(&mut self, session: &mut Session, head: &Head) -> Result<Option<AuditFault>, StoreError> {
        let sql = format!(
            "SELECT {} FROM audit WHERE tenant = $1 AND number >= $2 AND number <= $3 ORDER BY number LIMIT $4",
            row::COLUMNS
        );
        while self.next <= head.last {
            let values = args![self.tenant, self.next, head.last, TOGETHER];
            let rows = session.rows(sql.clone(), values).await?;
            if rows.is_empty() {
                let detail =
                    format!("the chain ended with row {}; the rows from here on are gone", head.last);
                return Ok(Some(AuditFault::new(self.next, AuditBreak::TailCut, detail)));
            }
            for row in &rows {
                let row = row::read(row)?;
                if let Some(fault) = self.step(session, &row).await? {
                    return Ok(Some(fault));
                }
            }
        }
        Ok(self.end(head))
    }

    async fn step(&mut self, session: &mut Session, row: &Kept) -> Result<Option<AuditFault>, StoreError> {
        if row.number > self.next {
            let detail = format!("the next row is number {}", row.number);
            return Ok(Some(AuditFault::new(self.next, AuditBreak::Removed, detail)));
        }
        if digest(self.tenant, row) != row.hash {
            return refine(session, self.tenant, row, &self.previous).await.map(Some);
        }
        if row.previous != self.previous {
            // The row itself holds together; it follows another than the one that stands before it.
            let number = if row.number > self.first { row.number - 1 } else { row.number };
            let detail = format!("row {} follows another row than the one before it", row.number);
            return Ok(Some(AuditFault::new(number, AuditBreak::Altered, detail)));
        }
        if let Some(mark) = self.expect.filter(|mark| mark.number == row.number && !mark.is(&row.hash)) {
            return Ok(Some(rewritten(mark)));
        }
        (self.next, self.previous) = (row.number.saturating_add(1), row.hash);
        Ok(None)
    }

    fn end(&self, head: &Head) -> Option<AuditFault> {
        if self.previous != head.hash {
            let detail = "the last row is not the one with which the chain ended";
            return Some(AuditFault::new(head.last, AuditBreak::Altered, detail));
        }
        let mark = self.expect.filter(|mark| mark.number > head.last)?;
        let detail = format!("the chain was kept up to row {}; it ends with row {}", mark.number, head.last);
        Some(AuditFault::new(self.next, AuditBreak::TailCut, detail))
    }
}

fn rewritten(mark: &AuditMark) -> AuditFault {
    let detail = "its hash is not the one that was kept: the chain was written anew up to here, or before";
    AuditFault::new(mark.number, AuditBreak::Rewritten, detail)
}

/// A tenant without a head has no rows.
async fn headless(
    session: &mut Session,
    tenant: TenantId,
    expect: Option<&AuditMark>,
) -> Result<Option<AuditFault>, StoreError> {
    let sql = "SELECT max(number) FROM audit WHERE tenant = $1";
    let last = session.first(sql, args![tenant]).await?.map(|row| row.opt_int(0)).transpose()?.flatten();
    if last.is_some() {
        let detail = "rows are there, and the row that says where the chain ends is gone";
        return Ok(Some(AuditFault::new(1, AuditBreak::HeadLost, detail)));
    }
    Ok(expect.filter(|mark| mark.number > 0).map(|mark| {
        let detail = format!("the chain was kept up to row {}; there is no row", mark.number);
        AuditFault::new(1, AuditBreak::TailCut, detail)
    }))
}

/// Rows before the first or after the last. Both sides are read in one statement: others may be appending.
async fn strays(session: &mut Session, tenant: TenantId) -> Result<Option<AuditFault>, StoreError> {
    let sql = "SELECT h.first, h.last, (SELECT min(number) FROM audit WHERE tenant = $1), (SELECT max(number) FROM audit \
               WHERE tenant = $1) FROM audit_heads h WHERE h.tenant = $1";
    let Some(row) = session.first(sql, args![tenant]).await? else { return Ok(None) };
    let (first, last, least, most) = (row.int(0)?, row.int(1)?, row.opt_int(2)?, row.opt_int(3)?);
    let before = least.filter(|least| *least < first);
    let after = most.filter(|most| *most > last).map(|_| last.saturating_add(1));
    Ok(before.or(after).map(|number| {
        let detail = "a row stands outside of the chain";
        AuditFault::new(u64::try_from(number).unwrap_or_default(), AuditBreak::Inserted, detail)
    }))
}

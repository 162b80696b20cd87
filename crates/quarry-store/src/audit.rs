//! Who did what: the audit log of each tenant, only ever appended to.
//!
//! A row is written inside the transaction of the change that it tells. Rows of a tenant are numbered without gaps, in
//! the order of commits, and chained: each carries the hash of the one before and its own ([`chain`]). Where the chain
//! ends stands in a row of its own ([`head`]), so that a cut end is found too. [`Audit::verify`] walks it.
//!
//! Nothing here changes or removes a row, and triggers refuse it to everybody else.

mod adopt;
mod append;
mod chain;
mod head;
mod refine;
mod row;
mod verify;

use quarry_core::{AuditAction, AuditOutcome, Page, PageRequest, TenantId, Timestamp};

use crate::{
    error::StoreError,
    page,
    sql::{Arg, args},
    store::Store,
};
pub(crate) use adopt::adopt;
pub use append::AuditNote;
pub(crate) use append::{Change, record};
pub use chain::AuditMark;
pub use row::AuditEntry;
pub use verify::{AuditBreak, AuditFault, AuditVerification};

/// The audit log.
pub struct Audit<'a> {
    pub(crate) store: &'a Store,
}

/// Which rows are meant. What is absent is not asked about.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// By whom, as the rows show it: `key:admin`.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<AuditAction>,
    /// To what: an id.
    pub object: Option<String>,
    /// How it went.
    pub outcome: Option<AuditOutcome>,
    /// In which request.
    pub request_id: Option<String>,
}

impl AuditFilter {
    fn clauses<'a>(&'a self, values: &mut Vec<Arg<'a>>) -> String {
        let asked = [
            ("at >=", self.since.map(Arg::from)),
            ("at <", self.until.map(Arg::from)),
            ("actor =", self.actor.as_deref().map(Arg::from)),
            ("action =", self.action.map(|action| Arg::from(action.as_str()))),
            ("object =", self.object.as_deref().map(Arg::from)),
            ("outcome =", self.outcome.map(|outcome| Arg::from(outcome.as_str()))),
            ("request =", self.request_id.as_deref().map(Arg::from)),
        ];
        let mut sql = String::new();
        for (test, value) in asked {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {test} ${}", values.len()));
            }
        }
        sql
    }
}

impl Audit<'_> {
    /// A tenant's rows, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        filter: &AuditFilter,
        request: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let mut values = args![tenant, page::before_number(request)?, page::fetch(request)];
        let clauses = filter.clauses(&mut values);
        let sql = format!(
            "SELECT {} FROM audit WHERE tenant = $1 AND number < $2{clauses} ORDER BY number DESC LIMIT $3",
            row::COLUMNS
        );
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(|row| Ok(row::read(row)?.into())).collect::<Result<_, StoreError>>()?;
        Ok(page::page(items, request, |entry: &AuditEntry| entry.number.to_string()))
    }

    /// A tenant's rows from a number on, oldest first: so many at most.
    ///
    /// # Errors
    /// The database fails.
    pub async fn starting_at(
        &self,
        tenant: TenantId,
        number: u64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let sql = format!(
            "SELECT {} FROM audit WHERE tenant = $1 AND number >= $2 ORDER BY number LIMIT $3",
            row::COLUMNS
        );
        let rows = self.store.db().read().await?.rows(sql, args![tenant, number, limit]).await?;
        rows.iter().map(|row| Ok(row::read(row)?.into())).collect()
    }
}

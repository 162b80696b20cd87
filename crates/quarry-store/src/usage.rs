//! What tenants use, by day.

use quarry_core::{TenantId, Timestamp, Usage};

use crate::{
    error::StoreError,
    sql::{Row, args},
    store::{Store, retry},
};

/// The usage of tenants.
pub struct Usages<'a> {
    pub(crate) store: &'a Store,
}

/// A day of UTC, counted from the start of 1970.
#[must_use]
pub fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(86_400_000_000)
}

impl Usages<'_> {
    /// Adds what was used since the last time.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add(&self, day: i64, used: &[(TenantId, Usage)]) -> Result<(), StoreError> {
        if used.is_empty() {
            return Ok(());
        }
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                // A tenant that was erased meanwhile leaves nothing behind.
                let sql = "INSERT INTO usage (tenant, day, requests, tokens, cost) SELECT id, $2, $3, $4, $5 FROM tenants \
                           WHERE id = $1 ON CONFLICT (tenant, day) DO UPDATE SET requests = usage.requests + \
                           excluded.requests, tokens = usage.tokens + excluded.tokens, cost = usage.cost + excluded.cost";
                for (tenant, used) in used {
                    session.execute(sql, args![*tenant, day, used.requests, used.tokens, used.cost]).await?;
                }
                Ok(())
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// What a tenant used on a day.
    ///
    /// # Errors
    /// The database fails.
    pub async fn on(&self, tenant: TenantId, day: i64) -> Result<Usage, StoreError> {
        let sql = "SELECT requests, tokens, cost FROM usage WHERE tenant = $1 AND day = $2";
        let row = self.store.db().read().await?.first(sql, args![tenant, day]).await?;
        row.as_ref().map_or_else(|| Ok(Usage::default()), read)
    }

    /// What a tenant used on each day from one on, the first day first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn since(&self, tenant: TenantId, day: i64) -> Result<Vec<(i64, Usage)>, StoreError> {
        let sql =
            "SELECT requests, tokens, cost, day FROM usage WHERE tenant = $1 AND day >= $2 ORDER BY day";
        let rows = self.store.db().read().await?.rows(sql, args![tenant, day]).await?;
        rows.iter().map(|row| Ok((row.int(3)?, read(row)?))).collect()
    }
}

fn read(row: &Row) -> Result<Usage, StoreError> {
    let number = |column| row.int(column).map(|number| u64::try_from(number).unwrap_or_default());
    Ok(Usage { requests: number(0)?, tokens: number(1)?, cost: row.real(2)? })
}

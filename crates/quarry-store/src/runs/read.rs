//! Runs that are looked at.

use quarry_core::{Page, PageRequest, RunId, TenantId};

use super::{
    RunEventRow, RunFilter, RunRow, RunState, Runs, event,
    row::{COLUMNS, missing, read},
};
use crate::{
    error::StoreError,
    page,
    sql::{Arg, args},
};

impl Runs<'_> {
    /// One run.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: RunId) -> Result<RunRow, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM runs WHERE tenant = $1 AND id = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// A tenant's runs, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        filter: RunFilter,
        request: &PageRequest,
    ) -> Result<Page<RunRow>, StoreError> {
        let mut values: Vec<Arg<'_>> = args![tenant, page::before_id(request)?, page::fetch(request)];
        let mut sql = format!("SELECT {COLUMNS} FROM runs WHERE tenant = $1 AND id < $2");
        let asked = [
            ("owner", filter.user.map(Arg::from)),
            ("agent", filter.agent_id.map(Arg::from)),
            ("session", filter.session_id.map(Arg::from)),
            ("state", filter.state.map(|state| Arg::from(state.as_str()))),
        ];
        for (column, value) in asked {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        // Said in so many words, the index of the few open runs serves.
        if filter.state.is_some_and(|state| !RunState::is_over(state)) {
            sql.push_str(" AND state IN ('running', 'waiting')");
        }
        sql.push_str(" ORDER BY id DESC LIMIT $3");
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &RunRow| item.id.to_string()))
    }

    /// What happened in a run behind a number, 0 for everything.
    ///
    /// # Errors
    /// There is no run with this id, or the database fails.
    pub async fn events(
        &self,
        tenant: TenantId,
        id: RunId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<RunEventRow>, StoreError> {
        let sql = "SELECT events FROM runs WHERE tenant = $1 AND id = $2";
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        event::unpack(&row.ok_or_else(|| missing(id))?.text(0)?, after, limit)
    }
}

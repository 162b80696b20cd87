//! Tenants: whose rows they are.

use quarry_core::TenantId;

use crate::{
    error::StoreError,
    sql::{Row, Session, args},
    store::Store,
};

/// A tenant that was looked for by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundTenant {
    /// Its id.
    pub id: TenantId,
    /// Whether anybody may act in it: it is not suspended.
    pub active: bool,
}

/// The tenants of a store. [`TenantId::ROOT`] is there from the start.
pub struct Tenants<'a> {
    pub(crate) store: &'a Store,
}

impl Tenants<'_> {
    /// Adds a tenant.
    ///
    /// # Errors
    /// The database fails, or the name is taken.
    pub async fn add(&self, name: &str) -> Result<TenantId, StoreError> {
        let id = TenantId::new();
        let mut session = self.store.db().write().await?;
        session
            .execute(
                "INSERT INTO tenants (id, name, created_at) VALUES ($1, $2, $3)",
                args![id, name, self.store.now()],
            )
            .await?;
        Ok(id)
    }

    /// The tenant of this name. This is asked before anybody is known, so that it takes no tenant.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find(&self, name: &str) -> Result<Option<FoundTenant>, StoreError> {
        let sql = "SELECT id, status FROM tenants WHERE name = $1";
        let row = self.store.db().read().await?.first(sql, args![name]).await?;
        let found = |row: Row| {
            Ok(FoundTenant { id: TenantId::from_uuid(row.id(0)?), active: row.text(1)? == "active" })
        };
        row.map(found).transpose()
    }

    /// Every tenant with its name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn every(&self) -> Result<Vec<(TenantId, String)>, StoreError> {
        let mut session = self.store.db().read().await?;
        let rows = session.rows("SELECT id, name FROM tenants ORDER BY id", Vec::new()).await?;
        rows.iter().map(|row| Ok((TenantId::from_uuid(row.id(0)?), row.text(1)?))).collect()
    }
}

/// Fails when there is no such tenant.
pub(crate) async fn check(session: &mut Session, tenant: TenantId) -> Result<(), StoreError> {
    let row = session.first("SELECT 1 FROM tenants WHERE id = $1", args![tenant]).await?;
    row.map(drop).ok_or_else(|| StoreError::TenantNotFound(tenant.to_string()))
}

//! From a key's prefix to whose it may be. This is asked before anybody is known, so that it takes no tenant.

use quarry_core::{KeyId, TenantId, UserId};

use super::{
    Keys,
    row::{COLUMNS, KeyRow, WIDTH, read},
};
use crate::{
    error::StoreError,
    sql::{Row, args},
};

/// A key that begins as asked, with what decides whether it is taken.
#[derive(Clone, Debug)]
pub struct FoundKey {
    /// What is known of it.
    pub key: KeyRow,
    /// SHA-256 of all of it, to be compared in constant time.
    pub hash: [u8; 32],
    /// Whether its tenant is suspended.
    pub suspended: bool,
    /// The person it acts for.
    pub owner: Option<Owner>,
}

/// The person a key acts for.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Whether they may not act any more.
    pub disabled: bool,
}

impl Keys<'_> {
    /// The keys with these first characters: one, or by a rare chance several.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find(&self, prefix: &str) -> Result<Vec<FoundKey>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, k.hash, t.status, u.name, u.disabled FROM keys k JOIN tenants t ON t.id = k.tenant LEFT \
             JOIN users u ON u.id = k.owner WHERE k.prefix = $1"
        );
        let rows = self.store.db().read().await?.rows(sql, args![prefix]).await?;
        rows.iter().map(found).collect()
    }

    /// Whether a key with this hash was ever added, and where.
    ///
    /// # Errors
    /// The database fails.
    pub async fn by_hash(&self, hash: &[u8; 32]) -> Result<Option<(TenantId, KeyId)>, StoreError> {
        let sql = "SELECT tenant, id FROM keys WHERE hash = $1";
        let row = self.store.db().read().await?.first(sql, args![hash.as_slice()]).await?;
        row.map(|row| Ok((TenantId::from_uuid(row.id(0)?), KeyId::from_uuid(row.id(1)?)))).transpose()
    }
}

fn found(row: &Row) -> Result<FoundKey, StoreError> {
    let key = read(row)?;
    let hash = row.bytes(WIDTH)?;
    let hash = hash.try_into().map_err(|_| StoreError::Unreadable("a key's hash".to_owned()))?;
    let suspended = row.text(WIDTH + 1)? != "active";
    let owner = match (key.owner, row.opt_text(WIDTH + 2)?) {
        (Some(id), Some(name)) => Some(Owner { id, name, disabled: row.opt_int(WIDTH + 3)? != Some(0) }),
        _ => None,
    };
    Ok(FoundKey { key, hash, suspended, owner })
}

//! What is known of a key.

use std::collections::BTreeSet;

use quarry_core::{CollectionId, KeyId, KeyScope, Role, TenantId, Timestamp, UserId};

use crate::{error::StoreError, sql::Row};

/// A key, without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id.
    pub id: KeyId,
    /// Whose data it opens.
    pub tenant: TenantId,
    /// Its name, which no other key of the tenant ever had or gets.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// What it is at most.
    pub role: Role,
    /// What it is narrowed to.
    pub scopes: Option<BTreeSet<KeyScope>>,
    /// The collections it is confined to.
    pub collections: Option<BTreeSet<CollectionId>>,
    /// The person it acts for.
    pub owner: Option<UserId>,
    /// Who made it, as actors display themselves.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Since when it is refused.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, within a minute or so.
    pub last_used_at: Option<Timestamp>,
    /// The key it was rotated to.
    pub replaced_by: Option<KeyId>,
}

pub(super) const COLUMNS: &str = "k.id, k.tenant, k.name, k.prefix, k.role, k.scopes, k.collections, k.owner, \
                                  k.created_by, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.replaced_by";
/// How many columns those are.
pub(super) const WIDTH: usize = 14;

pub(super) fn read(row: &Row) -> Result<KeyRow, StoreError> {
    let unreadable = StoreError::Unreadable;
    Ok(KeyRow {
        id: KeyId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        name: row.text(2)?,
        prefix: row.text(3)?,
        role: row.text(4)?.parse().map_err(unreadable)?,
        scopes: row.opt_json(5)?,
        collections: row.opt_json(6)?,
        owner: row.opt_id(7)?.map(UserId::from_uuid),
        created_by: row.text(8)?,
        created_at: row.time(9)?,
        expires_at: row.opt_time(10)?,
        revoked_at: row.opt_time(11)?,
        last_used_at: row.opt_time(12)?,
        replaced_by: row.opt_id(13)?.map(KeyId::from_uuid),
    })
}

//! Keys are added, listed, rotated and revoked. A row is never deleted: a name is never given twice.

use std::collections::BTreeSet;

use quarry_core::{
    AuditAction, By, CollectionId, KeyId, KeyScope, Page, PageRequest, Role, TenantId, Timestamp, UserId,
};
use serde_json::json;

use super::{
    Keys,
    row::{COLUMNS, KeyRow, read},
};
use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Session, args, value::json_text},
    store::retry,
    tenants,
};

/// A key to add. The key itself stays with the caller.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// SHA-256 of all of it.
    pub hash: [u8; 32],
    /// What it is at most.
    pub role: Role,
    /// What it is narrowed to.
    pub scopes: Option<BTreeSet<KeyScope>>,
    /// The collections it is confined to.
    pub collections: Option<BTreeSet<CollectionId>>,
    /// The person it acts for.
    pub owner: Option<UserId>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// A key that takes the place of another.
#[derive(Clone, Debug)]
pub struct KeyRotation {
    /// The new key's name.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// SHA-256 of all of it.
    pub hash: [u8; 32],
    /// Until when both are taken.
    pub overlap_until: Timestamp,
    /// When the new one expires.
    pub expires_at: Option<Timestamp>,
}

impl Keys<'_> {
    /// Adds a key.
    ///
    /// # Errors
    /// The name is taken, the tenant or the owner is unknown, or the database fails.
    pub async fn add(&self, tenant: TenantId, by: &By, new: NewKey) -> Result<KeyRow, StoreError> {
        let (id, now) = (KeyId::new(), self.store.now());
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                insert(&mut session, (tenant, id, now), by, &new).await?;
                let details = json!({"name": new.name, "role": new.role, "scopes": new.scopes});
                let change =
                    Change { tenant, by, action: AuditAction::KeyAdd, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })?;
        self.get(tenant, id).await
    }

    /// A key.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: KeyId) -> Result<KeyRow, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM keys k WHERE k.tenant = $1 AND k.id = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(&id.to_string()))
    }

    /// A key by its name.
    ///
    /// # Errors
    /// There is none with this name, or the database fails.
    pub async fn by_name(&self, tenant: TenantId, name: &str) -> Result<KeyRow, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM keys k WHERE k.tenant = $1 AND k.name = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, name]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(name))
    }

    /// A tenant's keys, newest first; only those of one person where that is given.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        owner: Option<UserId>,
        request: &PageRequest,
    ) -> Result<Page<KeyRow>, StoreError> {
        let only = if owner.is_some() { " AND k.owner = $4" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM keys k WHERE k.tenant = $1 AND k.id < $2{only} ORDER BY k.id DESC LIMIT $3"
        );
        let mut values = args![tenant, page::before_id(request)?, page::fetch(request)];
        if owner.is_some() {
            values.extend(args![owner]);
        }
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &KeyRow| item.id.to_string()))
    }

    /// Refuses a key from now on. Again is no error.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn revoke(&self, tenant: TenantId, by: &By, id: KeyId) -> Result<KeyRow, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql =
                    "UPDATE keys SET revoked_at = $3 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL";
                if session.execute(sql, args![tenant, id, now]).await? == 0 {
                    return Ok(());
                }
                let (object, details) = (id.to_string(), json!({}));
                record(
                    &mut session,
                    now,
                    vec![Change { tenant, by, action: AuditAction::KeyRevoke, object, details }],
                )
                .await
            }
            .await;
            session.finish(outcome).await
        })?;
        self.get(tenant, id).await
    }

    /// Adds a key that is and may what another one is and may; that one is refused after the overlap.
    ///
    /// # Errors
    /// There is none with this id, it is revoked, the name is taken, or the database fails.
    pub async fn rotate(
        &self,
        tenant: TenantId,
        by: &By,
        id: KeyId,
        rotation: KeyRotation,
    ) -> Result<KeyRow, StoreError> {
        let (fresh, now) = (KeyId::new(), self.store.now());
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = turn(&mut session, (tenant, id, fresh, now), by, &rotation).await;
            session.finish(outcome).await
        })?;
        self.get(tenant, fresh).await
    }

    /// Notes when keys were last used, of all tenants.
    ///
    /// # Errors
    /// The database fails.
    pub async fn used(&self, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let mut session = self.store.db().begin().await?;
        let outcome = async {
            let sql = "UPDATE keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
            for (id, at) in uses {
                session.execute(sql, args![*id, *at]).await?;
            }
            Ok(())
        }
        .await;
        session.finish(outcome).await
    }
}

async fn insert(
    session: &mut Session,
    (tenant, id, now): (TenantId, KeyId, Timestamp),
    by: &By,
    new: &NewKey,
) -> Result<(), StoreError> {
    tenants::check(session, tenant).await?;
    let taken =
        session.first("SELECT 1 FROM keys WHERE tenant = $1 AND name = $2", args![tenant, &new.name]).await?;
    if taken.is_some() {
        return Err(StoreError::KeyExists(new.name.clone()));
    }
    let sql = "INSERT INTO keys (id, tenant, name, prefix, hash, role, scopes, collections, owner, created_by, created_at, \
               expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = args![
        id,
        tenant,
        &new.name,
        &new.prefix,
        new.hash.as_slice(),
        new.role.as_str(),
        new.scopes.as_ref().map(json_text).transpose()?,
        new.collections.as_ref().map(json_text).transpose()?,
        new.owner,
        by.actor().to_string(),
        now,
        new.expires_at,
    ];
    session.execute(sql, values).await.map(drop)
}

async fn turn(
    session: &mut Session,
    (tenant, id, fresh, now): (TenantId, KeyId, KeyId, Timestamp),
    by: &By,
    rotation: &KeyRotation,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM keys k WHERE k.tenant = $1 AND k.id = $2");
    let row = session.first(sql, args![tenant, id]).await?;
    let old = row.as_ref().map(read).transpose()?.ok_or_else(|| missing(&id.to_string()))?;
    if old.revoked_at.is_some() || old.replaced_by.is_some() {
        return Err(StoreError::KeyOver(old.name));
    }
    let new = NewKey {
        name: rotation.name.clone(),
        prefix: rotation.prefix.clone(),
        hash: rotation.hash,
        role: old.role,
        scopes: old.scopes,
        collections: old.collections,
        owner: old.owner,
        expires_at: rotation.expires_at,
    };
    insert(session, (tenant, fresh, now), by, &new).await?;
    let until = old.expires_at.map_or(rotation.overlap_until, |expires| expires.min(rotation.overlap_until));
    let sql = "UPDATE keys SET expires_at = $3, replaced_by = $4 WHERE tenant = $1 AND id = $2";
    session.execute(sql, args![tenant, id, until, fresh]).await?;
    let details = json!({"name": old.name, "to": fresh, "until": until});
    let change = Change { tenant, by, action: AuditAction::KeyRotate, object: id.to_string(), details };
    record(session, now, vec![change]).await
}

fn missing(key: &str) -> StoreError {
    StoreError::KeyNotFound(key.to_owned())
}

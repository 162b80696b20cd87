//! Tenants: whose rows they are.

use std::str::FromStr;

use quarry_core::{AuditAction, By, Page, PageRequest, Quotas, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Row, Session, args, value::json_text},
    store::{Store, retry},
};

/// Whether a tenant's people and keys are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantStatus {
    /// They are.
    Active,
    /// They are not, and nothing of it is worked on.
    Suspended,
}

impl TenantStatus {
    const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

impl FromStr for TenantStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|status| status.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not a tenant's status"))
    }
}

/// A tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantRow {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique on the server.
    pub name: String,
    /// Whether it is let in.
    pub status: TenantStatus,
    /// How much it may have.
    pub quotas: Quotas,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How much a tenant has at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// Documents, whatever their state.
    pub documents: u64,
    /// Bytes of their newest versions.
    pub bytes: u64,
}

/// The tenants of a store. [`TenantId::ROOT`] is there from the start.
pub struct Tenants<'a> {
    pub(crate) store: &'a Store,
}

const COLUMNS: &str = "id, name, status, quotas, created_at";

impl Tenants<'_> {
    /// Adds a tenant, which is told in the audit log of the root tenant.
    ///
    /// # Errors
    /// The name is taken, or the database fails.
    pub async fn add(&self, by: &By, name: &str, quotas: Quotas) -> Result<TenantRow, StoreError> {
        let (id, now) = (TenantId::new(), self.store.now());
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let taken = session.first("SELECT 1 FROM tenants WHERE name = $1", args![name]).await?;
                if taken.is_some() {
                    return Err(StoreError::TenantExists(name.to_owned()));
                }
                let sql = "INSERT INTO tenants (id, name, created_at, quotas) VALUES ($1, $2, $3, $4)";
                session.execute(sql, args![id, name, now, json_text(&quotas)?]).await?;
                told(
                    &mut session,
                    now,
                    (by, AuditAction::TenantAdd, id),
                    json!({"name": name, "quotas": quotas}),
                )
                .await
            }
            .await;
            session.finish(outcome).await
        })?;
        self.get(id).await
    }

    /// A tenant.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, id: TenantId) -> Result<TenantRow, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tenants WHERE id = $1");
        let row = self.store.db().read().await?.first(sql, args![id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// A tenant by its name; none when there is none.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_by_name(&self, name: &str) -> Result<Option<TenantRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tenants WHERE name = $1");
        self.store.db().read().await?.first(sql, args![name]).await?.as_ref().map(read).transpose()
    }

    /// A tenant's name.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn name(&self, id: TenantId) -> Result<String, StoreError> {
        Ok(self.get(id).await?.name)
    }

    /// A page of tenants, the newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(&self, request: &PageRequest) -> Result<Page<TenantRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tenants WHERE id < $1 ORDER BY id DESC LIMIT $2");
        let values = args![page::before_id(request)?, page::fetch(request)];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &TenantRow| item.id.to_string()))
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

    /// Lets a tenant in, or no more.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn set_status(
        &self,
        by: &By,
        id: TenantId,
        status: TenantStatus,
    ) -> Result<TenantRow, StoreError> {
        let action = match status {
            TenantStatus::Active => AuditAction::TenantResume,
            TenantStatus::Suspended => AuditAction::TenantSuspend,
        };
        let set = ("status", status.as_str().to_owned());
        self.change(set, (by, action, id), json!({})).await
    }

    /// Gives a tenant other quotas.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn set_quotas(&self, by: &By, id: TenantId, quotas: Quotas) -> Result<TenantRow, StoreError> {
        let set = ("quotas", json_text(&quotas)?);
        self.change(set, (by, AuditAction::TenantQuotas, id), json!({"quotas": quotas})).await
    }

    /// How much a tenant has.
    ///
    /// # Errors
    /// The database fails.
    pub async fn holdings(&self, id: TenantId) -> Result<Holdings, StoreError> {
        let mut session = self.store.db().read().await?;
        held(&mut session, id).await
    }

    /// Erases what is left of a tenant whose collections are gone: its people, keys, agents, conversations, history, and
    /// the tenant itself. Its audit log stays until its time is over; that it was erased is told in the root tenant's.
    ///
    /// # Errors
    /// There is none with this id, it still has collections, or the database fails.
    pub async fn erase(&self, by: &By, id: TenantId) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let row = session.first("SELECT name FROM tenants WHERE id = $1", args![id]).await?;
                let name = row.ok_or_else(|| missing(id))?.text(0)?;
                let left = session.first("SELECT 1 FROM collections WHERE tenant = $1", args![id]).await?;
                if left.is_some() {
                    return Err(StoreError::TenantBusy(name));
                }
                for sql in ERASED.iter().copied() {
                    session.execute(sql, args![id]).await?;
                }
                told(&mut session, now, (by, AuditAction::TenantErase, id), json!({"name": name})).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    async fn change(
        &self,
        (column, value): (&'static str, String),
        (by, action, id): (&By, AuditAction, TenantId),
        details: serde_json::Value,
    ) -> Result<TenantRow, StoreError> {
        let now = self.store.now();
        let sql = format!("UPDATE tenants SET {column} = $2 WHERE id = $1");
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                if session.execute(sql.clone(), args![id, &value]).await? == 0 {
                    return Err(missing(id));
                }
                told(&mut session, now, (by, action, id), details.clone()).await
            }
            .await;
            session.finish(outcome).await
        })?;
        self.get(id).await
    }
}

/// What a tenant leaves behind when its collections are gone, in an order that no reference minds.
const ERASED: &[&str] = &[
    "DELETE FROM logins WHERE tenant = $1",
    "DELETE FROM keys WHERE tenant = $1",
    "DELETE FROM collection_roles WHERE tenant = $1",
    "DELETE FROM group_members WHERE user_group IN (SELECT id FROM user_groups WHERE tenant = $1)",
    "DELETE FROM user_groups WHERE tenant = $1",
    "DELETE FROM users WHERE tenant = $1",
    "DELETE FROM webhook_deliveries WHERE tenant = $1",
    "DELETE FROM webhooks WHERE tenant = $1",
    "DELETE FROM runs WHERE tenant = $1",
    "DELETE FROM messages WHERE tenant = $1",
    "DELETE FROM sessions WHERE tenant = $1",
    "DELETE FROM facts WHERE tenant = $1",
    "DELETE FROM fact_counts WHERE tenant = $1",
    "DELETE FROM agent_versions WHERE tenant = $1",
    "DELETE FROM agents WHERE tenant = $1",
    "DELETE FROM history WHERE tenant = $1",
    "DELETE FROM idempotency WHERE tenant = $1",
    "DELETE FROM jobs WHERE tenant = $1",
    "DELETE FROM queue_turns WHERE tenant = $1",
    "DELETE FROM usage WHERE tenant = $1",
    "DELETE FROM tenants WHERE id = $1",
];

/// Fails when there is no such tenant.
pub(crate) async fn check(session: &mut Session, tenant: TenantId) -> Result<(), StoreError> {
    let row = session.first("SELECT 1 FROM tenants WHERE id = $1", args![tenant]).await?;
    row.map(drop).ok_or_else(|| StoreError::TenantNotFound(tenant.to_string()))
}

/// What a tenant may have and has, read so that nobody else of it adds until the transaction ends; none where nothing is
/// limited.
pub(crate) async fn limited(
    session: &mut Session,
    tenant: TenantId,
) -> Result<Option<(Quotas, Holdings)>, StoreError> {
    let sql = "SELECT quotas FROM tenants WHERE id = $1";
    let row = session.first(sql, args![tenant]).await?.ok_or_else(|| missing(tenant))?;
    let quotas: Quotas = row.json(0)?;
    if quotas.documents.is_none() && quotas.bytes.is_none() {
        return Ok(None);
    }
    let sql = format!("SELECT 1 FROM tenants WHERE id = $1{}", session.dialect().held());
    session.first(sql, args![tenant]).await?;
    Ok(Some((quotas, held(session, tenant).await?)))
}

async fn held(session: &mut Session, tenant: TenantId) -> Result<Holdings, StoreError> {
    let sql = "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM documents WHERE collection IN (SELECT id FROM \
               collections WHERE tenant = $1)";
    let Some(row) = session.first(sql, args![tenant]).await? else { return Ok(Holdings::default()) };
    let number = |column| row.int(column).map(|number| u64::try_from(number).unwrap_or_default());
    Ok(Holdings { documents: number(0)?, bytes: number(1)? })
}

/// What is done to tenants is told in the root tenant's log: it is the operator's doing.
async fn told(
    session: &mut Session,
    now: Timestamp,
    (by, action, id): (&By, AuditAction, TenantId),
    details: serde_json::Value,
) -> Result<(), StoreError> {
    let change = Change { tenant: TenantId::ROOT, by, action, object: id.to_string(), details };
    record(session, now, vec![change]).await
}

fn missing(id: TenantId) -> StoreError {
    StoreError::TenantNotFound(id.to_string())
}

fn read(row: &Row) -> Result<TenantRow, StoreError> {
    Ok(TenantRow {
        id: TenantId::from_uuid(row.id(0)?),
        name: row.text(1)?,
        status: row.text(2)?.parse().map_err(StoreError::Unreadable)?,
        quotas: row.json(3)?,
        created_at: row.time(4)?,
    })
}

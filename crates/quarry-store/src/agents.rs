//! Agents. Every change adds a version; versions outlive their agent, so that a stored run can say what answered.

use quarry_core::{AgentId, AuditAction, By, Page, PageRequest, TenantId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Row, Session, args},
    store::{Store, retry},
    tenants,
};

/// An agent to add.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: AgentId,
    /// Its name, unique in its tenant.
    pub name: String,
    /// What it is: kept as it is given.
    pub definition: Value,
    /// When it is made.
    pub created_at: Timestamp,
}

/// What to change about an agent.
#[derive(Clone, Debug)]
pub struct AgentChange {
    /// The version the caller read; where it is given, any other is a conflict.
    pub expected_version: Option<u32>,
    /// Another name.
    pub name: Option<String>,
    /// All of the new definition.
    pub definition: Value,
    /// When.
    pub at: Timestamp,
}

/// An agent as it is now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentRow {
    /// Its id.
    pub id: AgentId,
    /// Whose.
    #[serde(skip)]
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Which version it is at, from 1.
    pub version: u32,
    /// What it is.
    pub definition: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its present version was made.
    pub updated_at: Timestamp,
}

/// An agent as it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentVersion {
    /// The agent.
    pub id: AgentId,
    /// Which version, from 1.
    pub version: u32,
    /// What the agent was called.
    pub name: String,
    /// What it was.
    pub definition: Value,
    /// When the version was made.
    pub created_at: Timestamp,
}

/// The agents of a store.
pub struct Agents<'a> {
    pub(crate) store: &'a Store,
}

const SELECT: &str = "SELECT a.id, a.tenant, a.name, a.version, v.definition, a.created_at, a.updated_at FROM agents a \
                      JOIN agent_versions v ON v.tenant = a.tenant AND v.agent = a.id AND v.version = a.version WHERE \
                      a.tenant = $1";
const VERSION_COLUMNS: &str = "agent, version, name, definition, created_at";

impl Agents<'_> {
    /// Adds an agent, at version 1.
    ///
    /// # Errors
    /// The name is taken, the tenant unknown, or the database fails.
    pub async fn add(&self, by: &By, new: NewAgent) -> Result<AgentRow, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = insert(&mut session, by, &new).await;
            session.finish(outcome).await
        })
    }

    /// Changes an agent, which adds a version.
    ///
    /// # Errors
    /// There is no such agent, it is at another version than expected, the new name is taken, or the database fails.
    pub async fn update(
        &self,
        by: &By,
        tenant: TenantId,
        id: AgentId,
        change: AgentChange,
    ) -> Result<AgentRow, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = add_version(&mut session, by, (tenant, id), &change).await;
            session.finish(outcome).await
        })
    }

    /// The agent with an id.
    ///
    /// # Errors
    /// There is none, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: AgentId) -> Result<AgentRow, StoreError> {
        let sql = format!("{SELECT} AND a.id = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// The agent with a name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_by_name(&self, tenant: TenantId, name: &str) -> Result<Option<AgentRow>, StoreError> {
        let sql = format!("{SELECT} AND a.name = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, name]).await?;
        row.as_ref().map(read).transpose()
    }

    /// A tenant's agents, by name.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(&self, tenant: TenantId, request: &PageRequest) -> Result<Page<AgentRow>, StoreError> {
        let sql = format!("{SELECT} AND a.name > $2 ORDER BY a.name LIMIT $3");
        let values = args![tenant, page::after_text(request)?, page::fetch(request)];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &AgentRow| item.name.clone()))
    }

    /// An agent as it was at a version, also after the agent was removed.
    ///
    /// # Errors
    /// There never was such an agent, or such a version of it, or the database fails.
    pub async fn version(
        &self,
        tenant: TenantId,
        id: AgentId,
        version: u32,
    ) -> Result<AgentVersion, StoreError> {
        let mut session = self.store.db().read().await?;
        let sql = format!(
            "SELECT {VERSION_COLUMNS} FROM agent_versions WHERE tenant = $1 AND agent = $2 AND version = $3"
        );
        if let Some(row) = session.first(sql, args![tenant, id, version]).await? {
            return read_version(&row);
        }
        known(&mut session, tenant, id).await?;
        Err(StoreError::AgentVersionNotFound { agent: id.to_string(), version })
    }

    /// All versions of an agent, newest first, also after the agent was removed.
    ///
    /// # Errors
    /// There never was such an agent, the cursor is not from this list, or the database fails.
    pub async fn versions(
        &self,
        tenant: TenantId,
        id: AgentId,
        request: &PageRequest,
    ) -> Result<Page<AgentVersion>, StoreError> {
        let sql = format!(
            "SELECT {VERSION_COLUMNS} FROM agent_versions WHERE tenant = $1 AND agent = $2 AND version < $3 ORDER BY \
             version DESC LIMIT $4"
        );
        let values = args![tenant, id, page::before_number(request)?, page::fetch(request)];
        let mut session = self.store.db().read().await?;
        let rows = session.rows(sql, values).await?;
        if rows.is_empty() {
            known(&mut session, tenant, id).await?;
        }
        let items = rows.iter().map(read_version).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &AgentVersion| item.version.to_string()))
    }

    /// Removes an agent. Its name is free again; its versions stay for the runs that name them.
    ///
    /// # Errors
    /// There is no such agent, or the database fails.
    pub async fn remove(
        &self,
        by: &By,
        tenant: TenantId,
        id: AgentId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "DELETE FROM agents WHERE tenant = $1 AND id = $2 RETURNING name, version";
                let row = session.first(sql, args![tenant, id]).await?.ok_or_else(|| missing(id))?;
                let details = json!({"name": row.text(0)?, "version": row.int(1)?});
                note(&mut session, at, (tenant, id), by, (AuditAction::AgentRemove, details)).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

async fn insert(session: &mut Session, by: &By, new: &NewAgent) -> Result<AgentRow, StoreError> {
    tenants::check(session, new.tenant).await?;
    check_name(session, new.tenant, new.id, &new.name).await?;
    session
        .execute(
            "INSERT INTO agents (id, tenant, name, version, created_at, updated_at) VALUES ($1, $2, $3, 1, $4, $4)",
            args![new.id, new.tenant, &new.name, new.created_at],
        )
        .await?;
    let row = AgentRow {
        id: new.id,
        tenant: new.tenant,
        name: new.name.clone(),
        version: 1,
        definition: new.definition.clone(),
        created_at: new.created_at,
        updated_at: new.created_at,
    };
    keep_version(session, &row).await?;
    let details = json!({"name": new.name});
    note(session, new.created_at, (new.tenant, new.id), by, (AuditAction::AgentAdd, details)).await?;
    Ok(row)
}

async fn add_version(
    session: &mut Session,
    by: &By,
    (tenant, id): (TenantId, AgentId),
    change: &AgentChange,
) -> Result<AgentRow, StoreError> {
    // Writing the row first makes every other writer of this agent wait.
    let row = session
        .first(
            "UPDATE agents SET version = version + 1, updated_at = $3 WHERE tenant = $1 AND id = $2 RETURNING name, \
             version, created_at",
            args![tenant, id, change.at],
        )
        .await?
        .ok_or_else(|| missing(id))?;
    let (old_name, version) = (row.text(0)?, row.small(1)?);
    let found = version.saturating_sub(1);
    if let Some(expected) = change.expected_version.filter(|expected| *expected != found) {
        return Err(StoreError::AgentChanged { expected, found });
    }
    let name = match &change.name {
        Some(name) if *name != old_name => {
            check_name(session, tenant, id, name).await?;
            let sql = "UPDATE agents SET name = $3 WHERE tenant = $1 AND id = $2";
            session.execute(sql, args![tenant, id, name]).await?;
            name.clone()
        }
        _ => old_name,
    };
    let row = AgentRow {
        id,
        tenant,
        name,
        version,
        definition: change.definition.clone(),
        created_at: row.time(2)?,
        updated_at: change.at,
    };
    keep_version(session, &row).await?;
    let details = json!({"name": row.name, "version": version});
    note(session, change.at, (tenant, id), by, (AuditAction::AgentUpdate, details)).await?;
    Ok(row)
}

async fn check_name(
    session: &mut Session,
    tenant: TenantId,
    id: AgentId,
    name: &str,
) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM agents WHERE tenant = $1 AND name = $2 AND id <> $3";
    match session.first(sql, args![tenant, name, id]).await? {
        Some(_) => Err(StoreError::AgentExists(name.to_owned())),
        None => Ok(()),
    }
}

async fn keep_version(session: &mut Session, row: &AgentRow) -> Result<(), StoreError> {
    session
        .execute(
            "INSERT INTO agent_versions (tenant, agent, version, name, definition, created_at) VALUES ($1, $2, $3, \
             $4, $5, $6)",
            args![row.tenant, row.id, row.version, &row.name, row.definition.to_string(), row.updated_at],
        )
        .await
        .map(drop)
}

async fn note(
    session: &mut Session,
    at: Timestamp,
    (tenant, id): (TenantId, AgentId),
    by: &By,
    (action, details): (AuditAction, Value),
) -> Result<(), StoreError> {
    record(session, at, vec![Change { tenant, by, action, object: id.to_string(), details }]).await
}

/// Fails when the tenant never had an agent with this id.
async fn known(session: &mut Session, tenant: TenantId, id: AgentId) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM agent_versions WHERE tenant = $1 AND agent = $2 LIMIT 1";
    session.first(sql, args![tenant, id]).await?.map(drop).ok_or_else(|| missing(id))
}

fn missing(id: AgentId) -> StoreError {
    StoreError::AgentNotFound(id.to_string())
}

fn read(row: &Row) -> Result<AgentRow, StoreError> {
    Ok(AgentRow {
        id: AgentId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        name: row.text(2)?,
        version: row.small(3)?,
        definition: row.json(4)?,
        created_at: row.time(5)?,
        updated_at: row.time(6)?,
    })
}

fn read_version(row: &Row) -> Result<AgentVersion, StoreError> {
    Ok(AgentVersion {
        id: AgentId::from_uuid(row.id(0)?),
        version: row.small(1)?,
        name: row.text(2)?,
        definition: row.json(3)?,
        created_at: row.time(4)?,
    })
}

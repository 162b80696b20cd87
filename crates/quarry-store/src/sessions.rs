//! Conversations. What was said in them is in [`crate::messages`].

use quarry_core::{AgentId, AuditAction, By, Page, PageRequest, SessionId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Row, Session, args},
    store::{Store, retry},
};

/// One conversation of one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose tenant.
    #[serde(skip)]
    pub tenant: TenantId,
    /// Whose conversation: nobody else finds it.
    pub user: String,
    /// The agent it is held with.
    pub agent_id: Option<AgentId>,
    /// What a list shows.
    pub title: String,
    /// What was said in the messages up to `summarised_through`; empty before the first summary.
    pub summary: String,
    /// Number of the last message that the summary covers, 0 for none.
    pub summarised_through: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When something was last said or renamed.
    pub updated_at: Timestamp,
}

/// The sessions of a store.
pub struct Sessions<'a> {
    pub(crate) store: &'a Store,
}

const COLUMNS: &str = "id, tenant, owner, agent, title, summary, summarised_through, created_at, updated_at";

impl Sessions<'_> {
    /// Adds a session.
    ///
    /// # Errors
    /// The id is taken, or the database fails.
    pub async fn add(&self, by: &By, row: SessionRow) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = insert(&mut session, by, &row).await;
            session.finish(outcome).await
        })
    }

    /// A user's session.
    ///
    /// # Errors
    /// This user has none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, user: &str, id: SessionId) -> Result<SessionRow, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM sessions WHERE tenant = $1 AND id = $2 AND owner = $3");
        let row = self.store.db().read().await?.first(sql, args![tenant, id, user]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// A user's sessions, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        user: &str,
        request: &PageRequest,
    ) -> Result<Page<SessionRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM sessions WHERE tenant = $1 AND owner = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
        );
        let values = args![tenant, user, page::before_id(request)?, page::fetch(request)];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &SessionRow| item.id.to_string()))
    }

    /// Gives a session another title.
    ///
    /// # Errors
    /// This user has none with this id, or the database fails.
    pub async fn rename(
        &self,
        by: &By,
        tenant: TenantId,
        user: &str,
        id: SessionId,
        title: &str,
    ) -> Result<SessionRow, StoreError> {
        let sql = format!(
            "UPDATE sessions SET title = $4, updated_at = $5 WHERE tenant = $1 AND id = $2 AND owner = $3 RETURNING \
             {COLUMNS}"
        );
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let row = session.first(sql.clone(), args![tenant, id, user, title, now]).await?;
                let renamed = row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))?;
                let (action, object) = (AuditAction::SessionRename, id.to_string());
                let change = Change { tenant, by, action, object, details: json!({}) };
                record(&mut session, now, vec![change]).await?;
                Ok(renamed)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Keeps a summary of the messages up to a number. It only moves forward: false, and nothing changed, when a
    /// summary covers as much already or there is no such message yet.
    ///
    /// # Errors
    /// There is no such session, or the database fails.
    pub async fn summarise(
        &self,
        tenant: TenantId,
        id: SessionId,
        summary: &str,
        through: u64,
    ) -> Result<bool, StoreError> {
        let mut session = self.store.db().write().await?;
        let moved = session
            .execute(
                "UPDATE sessions SET summary = $3, summarised_through = $4 WHERE tenant = $1 AND id = $2 AND \
                 summarised_through < $4 AND last_number >= $4",
                args![tenant, id, summary, through],
            )
            .await?;
        if moved == 0 {
            let sql = "SELECT 1 FROM sessions WHERE tenant = $1 AND id = $2";
            session.first(sql, args![tenant, id]).await?.ok_or_else(|| missing(id))?;
        }
        Ok(moved > 0)
    }

    /// Removes a session for ever, with its messages.
    ///
    /// # Errors
    /// This user has none with this id, or the database fails.
    pub async fn erase(
        &self,
        by: &By,
        tenant: TenantId,
        user: &str,
        id: SessionId,
    ) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "DELETE FROM sessions WHERE tenant = $1 AND id = $2 AND owner = $3";
                if session.execute(sql, args![tenant, id, user]).await? == 0 {
                    return Err(missing(id));
                }
                let sql = "DELETE FROM messages WHERE tenant = $1 AND session = $2";
                let messages = session.execute(sql, args![tenant, id]).await?;
                let details = json!({"messages": messages});
                let change =
                    Change { tenant, by, action: AuditAction::SessionErase, object: id.to_string(), details };
                record(&mut session, self.store.now(), vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

async fn insert(session: &mut Session, by: &By, row: &SessionRow) -> Result<(), StoreError> {
    let added = session
        .execute(
            "INSERT INTO sessions (id, tenant, owner, agent, title, summary, summarised_through, last_number, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9) ON CONFLICT (tenant, id) DO NOTHING",
            args![
                row.id,
                row.tenant,
                &row.user,
                row.agent_id,
                &row.title,
                &row.summary,
                row.summarised_through,
                row.created_at,
                row.updated_at,
            ],
        )
        .await?;
    if added == 0 {
        return Err(StoreError::SessionExists(row.id.to_string()));
    }
    let details = json!({"agent": row.agent_id});
    let (tenant, object) = (row.tenant, row.id.to_string());
    record(
        session,
        row.created_at,
        vec![Change { tenant, by, action: AuditAction::SessionAdd, object, details }],
    )
    .await
}

pub(crate) fn missing(id: SessionId) -> StoreError {
    StoreError::SessionNotFound(id.to_string())
}

fn read(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: SessionId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        user: row.text(2)?,
        agent_id: row.opt_id(3)?.map(AgentId::from_uuid),
        title: row.text(4)?,
        summary: row.text(5)?,
        summarised_through: row.big(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

//! What is remembered about users. A fact belongs to one user; nobody else finds it.

use quarry_core::{AuditAction, By, FactId, Page, PageRequest, SessionId, TenantId, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    sql::{Row, Session, args},
    store::{Store, retry},
};

/// One thing remembered about a user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactRow {
    /// Its id.
    pub id: FactId,
    /// Whose tenant.
    #[serde(skip)]
    pub tenant: TenantId,
    /// About whom.
    pub user: String,
    /// A sentence.
    pub text: String,
    /// What it is found by.
    #[serde(skip)]
    pub vector: Vec<f32>,
    /// The embedder the vector came from.
    pub embedder: String,
    /// The session it was said in.
    pub session_id: Option<SessionId>,
    /// When it was first remembered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What to change about a fact.
#[derive(Clone, Debug)]
pub struct FactChange {
    /// The sentence.
    pub text: String,
    /// What it is found by.
    pub vector: Vec<f32>,
    /// The embedder the vector came from.
    pub embedder: String,
    /// When.
    pub at: Timestamp,
}

/// The facts of a store.
pub struct Facts<'a> {
    pub(crate) store: &'a Store,
}

const COLUMNS: &str = "id, tenant, owner, text, vector, embedder, session, created_at, updated_at";

impl Facts<'_> {
    /// Remembers a fact.
    ///
    /// # Errors
    /// The user has [`crate::MAX_FACTS`] already, or the database fails.
    pub async fn add(&self, by: &By, row: FactRow) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = insert(&mut session, by, &row).await;
            session.finish(outcome).await
        })
    }

    /// A user's fact.
    ///
    /// # Errors
    /// This user has none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, user: &str, id: FactId) -> Result<FactRow, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM facts WHERE tenant = $1 AND owner = $2 AND id = $3");
        let row = self.store.db().read().await?.first(sql, args![tenant, user, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// A user's facts, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        user: &str,
        request: &PageRequest,
    ) -> Result<Page<FactRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM facts WHERE tenant = $1 AND owner = $2 AND id < $3 ORDER BY id DESC LIMIT $4"
        );
        let values = args![tenant, user, page::before_id(request)?, page::fetch(request)];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &FactRow| item.id.to_string()))
    }

    /// All facts of a user, oldest first: [`crate::MAX_FACTS`] at most.
    ///
    /// # Errors
    /// The database fails.
    pub async fn all(&self, tenant: TenantId, user: &str) -> Result<Vec<FactRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM facts WHERE tenant = $1 AND owner = $2 ORDER BY id");
        let rows = self.store.db().read().await?.rows(sql, args![tenant, user]).await?;
        rows.iter().map(read).collect()
    }

    /// Changes a fact's sentence.
    ///
    /// # Errors
    /// This user has none with this id, or the database fails.
    pub async fn update(
        &self,
        by: &By,
        tenant: TenantId,
        user: &str,
        id: FactId,
        change: FactChange,
    ) -> Result<FactRow, StoreError> {
        let sql = format!(
            "UPDATE facts SET text = $4, vector = $5, embedder = $6, updated_at = $7 WHERE tenant = $1 AND owner = $2 \
             AND id = $3 RETURNING {COLUMNS}"
        );
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let vector = pack(&change.vector);
                let values = args![tenant, user, id, &change.text, vector, &change.embedder, change.at];
                let row = session.first(sql.clone(), values).await?;
                let changed = row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))?;
                let (action, object) = (AuditAction::FactUpdate, id.to_string());
                let noted = Change { tenant, by, action, object, details: json!({}) };
                record(&mut session, change.at, vec![noted]).await?;
                Ok(changed)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Forgets a fact for ever.
    ///
    /// # Errors
    /// This user has none with this id, or the database fails.
    pub async fn erase(&self, by: &By, tenant: TenantId, user: &str, id: FactId) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                // The count comes first, as it does when a fact is added: two writers always meet in the same order.
                count_down(&mut session, tenant, user).await?;
                let sql = "DELETE FROM facts WHERE tenant = $1 AND owner = $2 AND id = $3";
                if session.execute(sql, args![tenant, user, id]).await? == 0 {
                    return Err(missing(id));
                }
                let change = Change {
                    tenant,
                    by,
                    action: AuditAction::FactErase,
                    object: id.to_string(),
                    details: json!({}),
                };
                record(&mut session, self.store.now(), vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Forgets everything about a user for ever and answers how many facts that were.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erase_all(&self, by: &By, tenant: TenantId, user: &str) -> Result<u64, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "DELETE FROM fact_counts WHERE tenant = $1 AND owner = $2";
                session.execute(sql, args![tenant, user]).await?;
                let sql = "DELETE FROM facts WHERE tenant = $1 AND owner = $2";
                let erased = session.execute(sql, args![tenant, user]).await?;
                let details = json!({"facts": erased});
                let change = Change {
                    tenant,
                    by,
                    action: AuditAction::FactEraseAll,
                    object: user.to_owned(),
                    details,
                };
                record(&mut session, self.store.now(), vec![change]).await?;
                Ok(erased)
            }
            .await;
            session.finish(outcome).await
        })
    }
}

async fn insert(session: &mut Session, by: &By, row: &FactRow) -> Result<(), StoreError> {
    let counted = session
        .first(
            "INSERT INTO fact_counts (tenant, owner, facts) VALUES ($1, $2, 1) ON CONFLICT (tenant, owner) DO UPDATE \
             SET facts = fact_counts.facts + 1 RETURNING facts",
            args![row.tenant, &row.user],
        )
        .await?;
    let facts = counted.map_or(Ok(1), |row| row.big(0))?;
    if facts > u64::from(crate::MAX_FACTS) {
        return Err(StoreError::TooManyFacts);
    }
    session
        .execute(
            "INSERT INTO facts (id, tenant, owner, text, vector, embedder, session, created_at, updated_at) VALUES ($1, \
             $2, $3, $4, $5, $6, $7, $8, $9)",
            args![
                row.id,
                row.tenant,
                &row.user,
                &row.text,
                pack(&row.vector),
                &row.embedder,
                row.session_id,
                row.created_at,
                row.updated_at,
            ],
        )
        .await?;
    let (tenant, object) = (row.tenant, row.id.to_string());
    let details = json!({"session": row.session_id});
    record(
        session,
        row.created_at,
        vec![Change { tenant, by, action: AuditAction::FactAdd, object, details }],
    )
    .await
}

async fn count_down(session: &mut Session, tenant: TenantId, user: &str) -> Result<(), StoreError> {
    let sql = "UPDATE fact_counts SET facts = facts - 1 WHERE tenant = $1 AND owner = $2 AND facts > 0";
    session.execute(sql, args![tenant, user]).await.map(drop)
}

fn missing(id: FactId) -> StoreError {
    StoreError::FactNotFound(id.to_string())
}

fn pack(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn unpack(bytes: &[u8]) -> Result<Vec<f32>, StoreError> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(StoreError::Unreadable("a fact's vector is cut off".into()));
    }
    Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

fn read(row: &Row) -> Result<FactRow, StoreError> {
    Ok(FactRow {
        id: FactId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        user: row.text(2)?,
        text: row.text(3)?,
        vector: unpack(&row.bytes(4)?)?,
        embedder: row.text(5)?,
        session_id: row.opt_id(6)?.map(SessionId::from_uuid),
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

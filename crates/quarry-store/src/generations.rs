//! Generations of a collection: how it is cut and embedded, now, before and soon.
//!
//! Exactly one generation is live. One that is being built has chunks of its own, which nobody is answered from, until
//! it holds every document and is swapped in; what answered before is kept, so that it can be swapped back, until it is
//! dropped. A document that changes loses its chunks in every generation but the live one; they are made again when that
//! generation is wanted.

mod row;
mod swap;

use quarry_core::{Actor, AuditAction, By, Collection, CollectionId, TenantId};
use serde_json::json;

use crate::{
    audit::{Change, record},
    collections,
    error::StoreError,
    jobs::{Job, unbuilt_columns, unbuilt_job},
    sql::{Row, Session, args},
    store::{Store, retry},
};
pub(crate) use row::insert;
use row::{COLUMNS, find, read};
pub use row::{Generation, GenerationState, NewGeneration};

/// The generations of a store.
pub struct Generations<'a> {
    pub(crate) store: &'a Store,
}

/// Documents that a generation lacks: searchable, and without chunks of it for their searchable version.
const LACKING: &str = "d.collection = $1 AND d.published_version > 0 AND d.chunks > 0 AND NOT EXISTS (SELECT 1 FROM \
                       chunks c WHERE c.document = d.id AND c.version = d.published_version AND c.chunk_set = $2)";

impl Generations<'_> {
    /// A collection's generations, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn list(&self, tenant: TenantId, id: CollectionId) -> Result<Vec<Generation>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM generations WHERE collection = $1 AND EXISTS (SELECT 1 FROM collections WHERE id = \
             $1 AND tenant = $2) ORDER BY number DESC"
        );
        let rows = self.store.db().read().await?.rows(sql, args![id, tenant]).await?;
        rows.iter().map(read).collect()
    }

    /// One generation.
    ///
    /// # Errors
    /// There is none with this number, or the database fails.
    pub async fn get(
        &self,
        tenant: TenantId,
        id: CollectionId,
        number: u32,
    ) -> Result<Generation, StoreError> {
        let all = self.list(tenant, id).await?;
        all.into_iter().find(|one| one.number == number).ok_or(StoreError::GenerationNotFound(number))
    }

    /// Every generation of every tenant that is being built, for the start.
    ///
    /// # Errors
    /// The database fails.
    pub async fn building(&self) -> Result<Vec<(TenantId, CollectionId, u32)>, StoreError> {
        let sql = "SELECT o.tenant, g.collection, g.number FROM generations g JOIN collections o ON o.id = g.collection \
                   WHERE g.state = 'building'";
        let rows = self.store.db().read().await?.rows(sql, Vec::new()).await?;
        rows.iter()
            .map(|row| {
                let (tenant, id) = (TenantId::from_uuid(row.id(0)?), CollectionId::from_uuid(row.id(1)?));
                Ok((tenant, id, row.small(2)?))
            })
            .collect()
    }

    /// Begins a generation. One at a time is built.
    ///
    /// # Errors
    /// There is no such collection, another generation is being built, or the database fails.
    pub async fn begin(
        &self,
        (tenant, id): (TenantId, CollectionId),
        new: &NewGeneration,
        by: &By,
    ) -> Result<Generation, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let number = next_number(&mut session, (tenant, id)).await?;
                alone(&mut session, id).await?;
                insert(&mut session, id, (number, number), (new, GenerationState::Building), now).await?;
                let details =
                    json!({"generation": number, "embedder": new.embedder, "chunking": new.chunking});
                let change = Change {
                    tenant,
                    by,
                    action: AuditAction::GenerationBegin,
                    object: id.to_string(),
                    details,
                };
                record(&mut session, now, vec![change]).await?;
                find(&mut session, id, number).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Begins a generation of the index alone: its chunks are the live ones. It is never listed as being built, since
    /// what it is made of is complete.
    ///
    /// # Errors
    /// There is no such collection, or the database fails.
    pub async fn begin_index(&self, tenant: TenantId, id: CollectionId) -> Result<u32, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = next_number(&mut session, (tenant, id)).await;
            session.finish(outcome).await
        })
    }

    /// Wants a kept or failed generation again: what it lacks is made, then it is swapped in.
    ///
    /// # Errors
    /// There is no such generation, it is live or being built, another is being built, or the database fails.
    pub async fn resume(
        &self,
        (tenant, id): (TenantId, CollectionId),
        number: u32,
        by: &By,
    ) -> Result<Generation, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                collections::exists(&mut session, (tenant, id)).await?;
                let one = find(&mut session, id, number).await?;
                if matches!(one.state, GenerationState::Live | GenerationState::Building) {
                    return Err(StoreError::GenerationBusy(number, one.state.as_str()));
                }
                alone(&mut session, id).await?;
                let sql = "UPDATE generations SET state = 'building', error = NULL, updated_at = $3 WHERE collection = \
                           $1 AND number = $2";
                session.execute(sql, args![id, number, now]).await?;
                let details = json!({"generation": number});
                let change =
                    Change { tenant, by, action: AuditAction::GenerationResume, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await?;
                find(&mut session, id, number).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Says what a generation that is being built waits for, or gives it up.
    ///
    /// # Errors
    /// The database fails.
    pub async fn note(
        &self,
        (tenant, id): (TenantId, CollectionId),
        number: u32,
        (state, error): (GenerationState, Option<&str>),
    ) -> Result<(), StoreError> {
        let now = self.store.now();
        let sql = "UPDATE generations SET state = $3, error = $4, updated_at = $5 WHERE collection = $1 AND number = $2 \
                   AND state = 'building'";
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let noted = session.execute(sql, args![id, number, state.as_str(), error, now]).await?;
                if noted == 0 || state != GenerationState::Failed {
                    return Ok(());
                }
                // Why it failed may name a document; the generation's own row tells it.
                let (details, by) = (json!({"generation": number}), By::new(Actor::System("generation")));
                let (action, object) = (AuditAction::GenerationFail, id.to_string());
                record(&mut session, now, vec![Change { tenant, by: &by, action, object, details }]).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Documents that a generation lacks, as jobs that are in nobody's queue.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lacking(
        &self,
        id: CollectionId,
        chunk_set: u32,
        limit: u32,
    ) -> Result<Vec<Job>, StoreError> {
        let columns = unbuilt_columns();
        let sql = format!(
            "SELECT {columns} FROM documents d JOIN versions v ON v.document = d.id AND v.version = \
             d.published_version WHERE {LACKING} ORDER BY d.id LIMIT $3"
        );
        let rows = self.store.db().read().await?.rows(sql, args![id, chunk_set, limit]).await?;
        rows.iter().map(unbuilt_job).collect()
    }

    /// How many documents a generation lacks, and how many there are.
    ///
    /// # Errors
    /// The database fails.
    pub async fn progress(&self, id: CollectionId, chunk_set: u32) -> Result<(u64, u64), StoreError> {
        let mut session = self.store.db().read().await?;
        let sql = format!("SELECT count(*) FROM documents d WHERE {LACKING}");
        let lacking = session.first(sql, args![id, chunk_set]).await?;
        let sql =
            "SELECT count(*) FROM documents WHERE collection = $1 AND published_version > 0 AND chunks > 0";
        let all = session.first(sql, args![id]).await?;
        let count = |row: Option<Row>| row.map_or(Ok(0), |row| row.big(0));
        Ok((count(lacking)?, count(all)?))
    }

    /// Makes a generation the one that answers, if the collection is as it was read and the generation lacks nothing.
    /// What answered before is kept.
    ///
    /// # Errors
    /// The collection changed since, the generation lacks documents, or the database fails.
    pub async fn swap(
        &self,
        (tenant, id): (TenantId, CollectionId),
        number: u32,
        expected_sequence: u64,
    ) -> Result<Collection, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = swap::swap(&mut session, (tenant, id), (number, expected_sequence), now).await;
            session.finish(outcome).await
        })
    }

    /// Drops a generation that does not answer, with its chunks.
    ///
    /// # Errors
    /// There is no such generation, it is live, or the database fails.
    pub async fn drop_one(
        &self,
        (tenant, id): (TenantId, CollectionId),
        number: u32,
        by: &By,
    ) -> Result<Generation, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                collections::exists(&mut session, (tenant, id)).await?;
                let one = find(&mut session, id, number).await?;
                if one.state == GenerationState::Live {
                    return Err(StoreError::GenerationBusy(number, one.state.as_str()));
                }
                let sql = "DELETE FROM chunks WHERE collection = $1 AND chunk_set = $2 AND chunk_set <> (SELECT \
                           chunk_set FROM collections WHERE id = $1)";
                session.execute(sql, args![id, one.chunk_set]).await?;
                let sql = "DELETE FROM generations WHERE collection = $1 AND number = $2";
                session.execute(sql, args![id, number]).await?;
                let details = json!({"generation": number});
                let change =
                    Change { tenant, by, action: AuditAction::GenerationDrop, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await?;
                Ok(one)
            }
            .await;
            session.finish(outcome).await
        })
    }
}

/// Takes the number of the next generation; the write holds other changes of the collection off.
async fn next_number(
    session: &mut Session,
    (tenant, id): (TenantId, CollectionId),
) -> Result<u32, StoreError> {
    let sql = "UPDATE collections SET last_generation = last_generation + 1 WHERE tenant = $1 AND id = $2 RETURNING \
               last_generation";
    let row = session.first(sql, args![tenant, id]).await?;
    row.ok_or_else(|| StoreError::CollectionNotFound(id.to_string()))?.small(0)
}

/// Nothing else of the collection is being built.
async fn alone(session: &mut Session, id: CollectionId) -> Result<(), StoreError> {
    let sql = "SELECT number FROM generations WHERE collection = $1 AND state = 'building'";
    match session.first(sql, args![id]).await? {
        Some(row) => Err(StoreError::GenerationBusy(row.small(0)?, "building")),
        None => Ok(()),
    }
}

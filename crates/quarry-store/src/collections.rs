//! Collections.

use quarry_core::{
    AuditAction, By, Chunking, Collection, CollectionId, CollectionName, DocumentStatus, Page, PageRequest,
    TenantId,
};
use serde::Serialize;
use serde_json::json;

use crate::{
    audit::{Change, record},
    documents::remove_unneeded,
    error::StoreError,
    generations::{self, GenerationState, NewGeneration},
    page,
    reach::{Reach, within},
    sql::{Arg, Row, Session, args, value::json_text},
    store::{Store, retry},
    tenants,
};

/// A collection to add.
#[derive(Clone, Debug)]
pub struct NewCollection {
    /// Its name.
    pub name: CollectionName,
    /// What it is for.
    pub description: String,
    /// The embedder's id.
    pub embedder: String,
    /// Numbers in one vector.
    pub dimension: u32,
    /// How its documents are cut; absent for the server's default.
    pub chunking: Option<Chunking>,
}

/// How many documents of a collection are where, and how many chunks are searchable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DocumentCounts {
    /// Waiting for a worker.
    pub pending: u64,
    /// With a worker.
    pub processing: u64,
    /// Waiting for the index.
    pub indexing: u64,
    /// Searchable.
    pub ready: u64,
    /// Unreadable.
    pub failed: u64,
    /// Chunks.
    pub chunks: u64,
}

impl DocumentCounts {
    /// All documents.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.pending + self.processing + self.indexing + self.ready + self.failed
    }
}

/// The collections of a store.
pub struct Collections<'a> {
    pub(crate) store: &'a Store,
}

pub(crate) const COLUMNS: &str = "id, tenant, name, description, embedder, dimension, generation, sequence, created_at, updated_at, chunk_set, \
     chunking";

impl Collections<'_> {
    /// Adds a collection.
    ///
    /// # Errors
    /// The name is taken, the tenant unknown, or the database fails.
    pub async fn add(&self, tenant: TenantId, new: NewCollection, by: &By) -> Result<Collection, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = self.insert(&mut session, tenant, &new, by).await;
            session.finish(outcome).await
        })
    }

    async fn insert(
        &self,
        session: &mut Session,
        tenant: TenantId,
        new: &NewCollection,
        by: &By,
    ) -> Result<Collection, StoreError> {
        tenants::check(session, tenant).await?;
        let taken = session
            .first(
                "SELECT 1 FROM collections WHERE tenant = $1 AND name = $2",
                args![tenant, new.name.as_str()],
            )
            .await?;
        if taken.is_some() {
            return Err(StoreError::CollectionExists(new.name.to_string()));
        }
        let now = self.store.now();
        let id = CollectionId::new();
        session
            .execute(
                "INSERT INTO collections (id, tenant, name, description, embedder, dimension, generation, \
                 last_generation, sequence, created_at, updated_at, chunking) VALUES ($1, $2, $3, $4, $5, $6, 1, 1, 0, $7, \
                 $7, $8)",
                args![
                    id,
                    tenant,
                    new.name.as_str(),
                    &new.description,
                    &new.embedder,
                    new.dimension,
                    now,
                    new.chunking.as_ref().map(json_text).transpose()?
                ],
            )
            .await?;
        let first = NewGeneration {
            embedder: new.embedder.clone(),
            dimension: new.dimension,
            chunking: new.chunking,
        };
        generations::insert(session, id, (1, 0), (&first, GenerationState::Live), now).await?;
        let details = json!({"name": new.name, "embedder": new.embedder});
        let change =
            Change { tenant, by, action: AuditAction::CollectionAdd, object: id.to_string(), details };
        record(session, now, vec![change]).await?;
        Ok(Collection {
            id,
            tenant,
            name: new.name.clone(),
            description: new.description.clone(),
            embedder: new.embedder.clone(),
            dimension: new.dimension,
            chunking: new.chunking,
            generation: 1,
            chunk_set: 0,
            sequence: 0,
            created_at: now,
            updated_at: now,
        })
    }

    /// The collection with a name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find(
        &self,
        tenant: TenantId,
        name: &CollectionName,
    ) -> Result<Option<Collection>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM collections WHERE tenant = $1 AND name = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, name.as_str()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The collection with a name.
    ///
    /// # Errors
    /// There is none, or the database fails.
    pub async fn get(&self, tenant: TenantId, name: &CollectionName) -> Result<Collection, StoreError> {
        self.find(tenant, name).await?.ok_or_else(|| StoreError::CollectionNotFound(name.to_string()))
    }

    /// The collection with an id.
    ///
    /// # Errors
    /// There is none, or the database fails.
    pub async fn get_by_id(&self, tenant: TenantId, id: CollectionId) -> Result<Collection, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM collections WHERE tenant = $1 AND id = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// A tenant's collections, by name.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        reach: Option<&Reach>,
        request: &PageRequest,
    ) -> Result<Page<Collection>, StoreError> {
        let mut session = self.store.db().read().await?;
        let mut values = args![tenant, page::after_text(request)?, page::fetch(request)];
        let within = within(session.dialect(), "id", reach, &mut values);
        let sql = format!(
            "SELECT {COLUMNS} FROM collections WHERE tenant = $1 AND name > $2{within} ORDER BY name LIMIT $3"
        );
        let rows = session.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &Collection| item.name.to_string()))
    }

    /// Every collection of every tenant, for the replays at start.
    ///
    /// # Errors
    /// The database fails.
    pub async fn every(&self) -> Result<Vec<Collection>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM collections ORDER BY id");
        let rows = self.store.db().read().await?.rows(sql, Vec::new()).await?;
        rows.iter().map(read).collect()
    }

    /// Changes a collection's description.
    ///
    /// # Errors
    /// There is no such collection, or the database fails.
    pub async fn describe(
        &self,
        tenant: TenantId,
        id: CollectionId,
        description: &str,
        by: &By,
    ) -> Result<Collection, StoreError> {
        let sql = format!(
            "UPDATE collections SET description = $3, updated_at = $4 WHERE tenant = $1 AND id = $2 RETURNING {COLUMNS}"
        );
        let change = (AuditAction::CollectionDescribe, json!({}));
        self.change(sql, args![tenant, id, description, self.store.now()], change, by).await
    }

    async fn change(
        &self,
        sql: String,
        values: Vec<Arg<'_>>,
        (action, details): (AuditAction, serde_json::Value),
        by: &By,
    ) -> Result<Collection, StoreError> {
        let id = match values.get(1) {
            Some(Arg::Id(Some(id))) => CollectionId::from_uuid(*id),
            _ => return Err(StoreError::Database("a change names no collection".into())),
        };
        let mut session = self.store.db().begin().await?;
        let outcome = async {
            let row = session.first(sql, values).await?.ok_or_else(|| missing(id))?;
            let collection = read(&row)?;
            let change = Change { tenant: collection.tenant, by, action, object: id.to_string(), details };
            record(&mut session, self.store.now(), vec![change]).await?;
            Ok(collection)
        }
        .await;
        session.finish(outcome).await
    }

    /// Removes a collection with everything in it; blobs that nobody else needs go after the commit.
    ///
    /// # Errors
    /// There is no such collection, or the database fails.
    pub async fn remove(&self, tenant: TenantId, id: CollectionId, by: &By) -> Result<(), StoreError> {
        let hashes = retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = self.delete(&mut session, tenant, id, by).await;
            session.finish(outcome).await
        })?;
        remove_unneeded(self.store, hashes).await
    }

    async fn delete(
        &self,
        session: &mut Session,
        tenant: TenantId,
        id: CollectionId,
        by: &By,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        // Writing the row first makes every other writer of this collection wait.
        let found = session
            .execute(
                "UPDATE collections SET sequence = sequence + 1 WHERE tenant = $1 AND id = $2",
                args![tenant, id],
            )
            .await?;
        if found == 0 {
            return Err(missing(id));
        }
        let rows = session
            .rows(
                "SELECT DISTINCT content_hash FROM versions WHERE original IS NULL AND document IN (SELECT id FROM \
                 documents WHERE collection = $1)",
                args![id],
            )
            .await?;
        let hashes = rows.iter().map(|row| row.bytes(0)).collect::<Result<Vec<_>, _>>()?;
        for sql in [
            "DELETE FROM chunks WHERE collection = $1",
            "DELETE FROM generations WHERE collection = $1",
            "DELETE FROM versions WHERE document IN (SELECT id FROM documents WHERE collection = $1)",
            "DELETE FROM checkpoints WHERE job IN (SELECT id FROM jobs WHERE collection = $1)",
            "DELETE FROM jobs WHERE collection = $1",
            "DELETE FROM removals WHERE collection = $1",
            "DELETE FROM documents WHERE collection = $1",
            "DELETE FROM source_items WHERE source IN (SELECT id FROM sources WHERE collection = $1)",
            "DELETE FROM source_runs WHERE source IN (SELECT id FROM sources WHERE collection = $1)",
            "DELETE FROM source_signatures WHERE source IN (SELECT id FROM sources WHERE collection = $1)",
            "DELETE FROM sources WHERE collection = $1",
            "DELETE FROM webhook_deliveries WHERE webhook IN (SELECT id FROM webhooks WHERE collection = $1)",
            "DELETE FROM webhooks WHERE collection = $1",
            "DELETE FROM collection_roles WHERE collection = $1",
            "DELETE FROM collections WHERE id = $1",
        ] {
            session.execute(sql, args![id]).await?;
        }
        let change = Change {
            tenant,
            by,
            action: AuditAction::CollectionRemove,
            object: id.to_string(),
            details: json!({}),
        };
        record(session, self.store.now(), vec![change]).await?;
        Ok(hashes)
    }

    /// How many documents are where, and how many chunks are searchable.
    ///
    /// # Errors
    /// There is no such collection, or the database fails.
    pub async fn document_counts(
        &self,
        tenant: TenantId,
        id: CollectionId,
    ) -> Result<DocumentCounts, StoreError> {
        self.get_by_id(tenant, id).await?;
        let mut session = self.store.db().read().await?;
        // Counting all from one index and the few open ones from another spares reading the rows.
        let all = session.first("SELECT count(*) FROM documents WHERE collection = $1", args![id]).await?;
        let open = session
            .rows(
                "SELECT status, count(*) FROM documents WHERE collection = $1 AND status <> 'ready' GROUP BY status",
                args![id],
            )
            .await?;
        let chunks = session
            .first(
                "SELECT count(*) FROM chunks WHERE collection = $1 AND chunk_set = (SELECT chunk_set FROM collections \
                 WHERE id = $1)",
                args![id],
            )
            .await?;
        let one = |row: Option<Row>| row.map_or(Ok(0), |row| row.big(0));
        let mut counts = DocumentCounts { chunks: one(chunks)?, ..DocumentCounts::default() };
        for row in &open {
            let count = row.big(1)?;
            match row.word::<DocumentStatus>(0)? {
                DocumentStatus::Pending => counts.pending = count,
                DocumentStatus::Processing => counts.processing = count,
                DocumentStatus::Indexing => counts.indexing = count,
                DocumentStatus::Failed => counts.failed = count,
                DocumentStatus::Ready => {}
            }
        }
        counts.ready = one(all)?.saturating_sub(counts.total());
        Ok(counts)
    }
}

/// Whether a tenant has a collection.
pub(crate) async fn exists(
    session: &mut Session,
    (tenant, id): (TenantId, CollectionId),
) -> Result<(), StoreError> {
    let sql = "SELECT 1 FROM collections WHERE tenant = $1 AND id = $2";
    session.first(sql, args![tenant, id]).await?.map(drop).ok_or_else(|| missing(id))
}

fn missing(id: CollectionId) -> StoreError {
    StoreError::CollectionNotFound(id.to_string())
}

pub(crate) fn read(row: &Row) -> Result<Collection, StoreError> {
    Ok(Collection {
        id: CollectionId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        name: row
            .text(2)?
            .parse()
            .map_err(|cause: quarry_core::NameError| StoreError::Unreadable(cause.to_string()))?,
        description: row.text(3)?,
        embedder: row.text(4)?,
        dimension: row.small(5)?,
        generation: row.small(6)?,
        sequence: row.big(7)?,
        created_at: row.time(8)?,
        updated_at: row.time(9)?,
        chunk_set: row.small(10)?,
        chunking: row.opt_json(11)?,
    })
}

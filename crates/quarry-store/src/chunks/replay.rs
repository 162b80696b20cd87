//! Replaying changes to an index that is behind.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use quarry_core::{CollectionId, DocumentId, Metadata, Scope, readers};

use super::{ChangedChunk, Chunks, SequencedChanges, publish::uuids};
use crate::{
    error::StoreError,
    sql::{Row, Session, args},
};

impl Chunks<'_> {
    /// What changed in a collection after a sequence number, in the order of the numbers, whole numbers only: about
    /// `limit` chunks, or one number's when that is more. Empty when the index is up to date. A last entry without
    /// changes says that all numbers up to its own are through.
    ///
    /// # Errors
    /// There is no such collection, or the database fails.
    pub async fn changes_after(
        &self,
        scope: &Scope,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<SequencedChanges>, StoreError> {
        let collection = scope.collection;
        let mut session = self.store.db().read().await?;
        // An index that is built anew over the same chunks has no generation of its own yet.
        let row = session
            .first(
                "SELECT o.sequence, COALESCE(g.chunk_set, o.chunk_set) FROM collections o LEFT JOIN generations g ON \
                 g.collection = o.id AND g.number = $3 WHERE o.id = $1 AND o.tenant = $2",
                args![collection, scope.tenant, scope.generation],
            )
            .await?;
        // Changes that are committed after this are left to the next call. What vanishes meanwhile below this number
        // has its removal above it.
        let row = row.ok_or_else(|| StoreError::CollectionNotFound(collection.to_string()))?;
        let (now, set) = (row.big(0)?, row.small(1)?);
        if now <= sequence {
            return Ok(Vec::new());
        }
        let last = bound(&mut session, (collection, set), (sequence, now), limit).await?;
        let mut changes = BTreeMap::new();
        let rows = session
            .rows(
                "SELECT sequence, document FROM removals WHERE collection = $1 AND sequence > $2 AND sequence <= $3",
                args![collection, sequence, last],
            )
            .await?;
        for row in &rows {
            entry(&mut changes, row.big(0)?).removed.push(DocumentId::from_uuid(row.id(1)?));
        }
        let rows = session
            .rows(
                "SELECT sequence, key, document, terms, vector, model FROM chunks WHERE collection = $1 AND chunk_set = $4 \
                 AND sequence > $2 AND sequence <= $3 ORDER BY sequence, key",
                args![collection, sequence, last, set],
            )
            .await?;
        self.add_chunks(&mut session, &rows, &mut changes).await?;
        entry(&mut changes, last);
        Ok(changes.into_values().collect())
    }

    async fn add_chunks(
        &self,
        session: &mut Session,
        rows: &[Row],
        changes: &mut BTreeMap<u64, SequencedChanges>,
    ) -> Result<(), StoreError> {
        let mut documents = Vec::new();
        for row in rows {
            let document = DocumentId::from_uuid(row.id(2)?);
            if documents.last() != Some(&document) {
                documents.push(document);
            }
        }
        let metadata = metadata_of(session, &documents).await?;
        let mut names: HashMap<i64, Arc<str>> = HashMap::new();
        for row in rows {
            let document = DocumentId::from_uuid(row.id(2)?);
            // Its document was removed while this read: the removal has a later number.
            let Some(metadata) = metadata.get(&document) else { continue };
            let number = row.int(5)?;
            let model = match names.get(&number) {
                Some(name) => Arc::clone(name),
                None => {
                    let name = self.model_name(session, number).await?;
                    names.insert(number, Arc::clone(&name));
                    name
                }
            };
            entry(changes, row.big(0)?).added.push(ChangedChunk {
                key: row.big(1)?,
                document,
                terms: row.bytes(3)?,
                vector: row.opt_bytes(4)?,
                model,
                metadata: Arc::clone(metadata),
            });
        }
        Ok(())
    }

    pub(super) async fn model_name(
        &self,
        session: &mut Session,
        number: i64,
    ) -> Result<Arc<str>, StoreError> {
        if let Some(name) = self.store.inner.models.lock().names.get(&number) {
            return Ok(Arc::clone(name));
        }
        let row = session.first("SELECT name FROM models WHERE id = $1", args![number]).await?;
        let name: Arc<str> =
            row.ok_or_else(|| StoreError::Unreadable(format!("model {number} is missing")))?.text(0)?.into();
        self.store.inner.models.lock().names.insert(number, Arc::clone(&name));
        Ok(name)
    }
}

fn entry(changes: &mut BTreeMap<u64, SequencedChanges>, sequence: u64) -> &mut SequencedChanges {
    changes.entry(sequence).or_insert_with(|| SequencedChanges {
        sequence,
        removed: Vec::new(),
        added: Vec::new(),
    })
}

/// The last number of this batch.
async fn bound(
    session: &mut Session,
    (collection, set): (CollectionId, u32),
    (after, now): (u64, u64),
    limit: u32,
) -> Result<u64, StoreError> {
    let mut last = now;
    // Removals are of documents, whatever their chunks.
    for table in ["chunks WHERE chunk_set = $5 AND", "removals WHERE $5 >= 0 AND"] {
        let sql = format!(
            "SELECT sequence FROM {table} collection = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence \
             LIMIT 1 OFFSET $4"
        );
        let first = session.first(sql.clone(), args![collection, after, last, 0_i64, set]).await?;
        let beyond = session.first(sql, args![collection, after, last, limit.max(1), set]).await?;
        if let (Some(first), Some(beyond)) = (first, beyond) {
            // The number that does not fit whole waits, unless it is the first.
            last = beyond.big(0)?.saturating_sub(1).max(first.big(0)?).min(last);
        }
    }
    Ok(last)
}

async fn metadata_of(
    session: &mut Session,
    documents: &[DocumentId],
) -> Result<HashMap<DocumentId, Arc<Metadata>>, StoreError> {
    if documents.is_empty() {
        return Ok(HashMap::new());
    }
    let dialect = session.dialect();
    let sql = format!("SELECT id, metadata, readers FROM documents WHERE id {}", dialect.ids_in());
    let rows = session.rows(sql, args![dialect.ids(uuids(documents))]).await?;
    let read = |row: &Row| {
        let mut metadata: Metadata = row.json(1)?;
        let readers: Option<Vec<String>> = row.opt_json(2)?;
        readers::hide(readers.as_deref(), &mut metadata);
        Ok((DocumentId::from_uuid(row.id(0)?), Arc::new(metadata)))
    };
    rows.iter().map(read).collect()
}

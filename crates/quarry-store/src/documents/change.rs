//! Changing and removing documents.

use quarry_core::{AuditAction, By, Document, DocumentId, JobId, Metadata, TenantId, Timestamp};
use serde_json::json;

use super::{COLUMNS, Documents, missing, read};
use crate::{
    MAX_SOURCE,
    audit::{Change, record},
    error::StoreError,
    jobs::JobFailure,
    sql::{Session, args, value::json_text},
    store::{Store, retry},
    webhooks::{EVENT_DEAD, Told, enqueue},
};

/// Where a document came from, by its new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlace {
    /// The document's source.
    pub source: String,
    /// The file's name.
    pub name: String,
}

fn check_source(source: &str) -> Result<(), StoreError> {
    if source.len() > MAX_SOURCE { Err(StoreError::SourceTooLong(source.len())) } else { Ok(()) }
}

impl Documents<'_> {
    /// Removes a document with all its versions and chunks, and answers the sequence number of the removal.
    ///
    /// # Errors
    /// There is no such document, or the database fails.
    pub async fn remove(&self, tenant: TenantId, id: DocumentId, by: &By) -> Result<u64, StoreError> {
        let (sequence, hashes) = retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = delete(&mut session, (tenant, id), by, self.store.now()).await;
            session.finish(outcome).await
        })?;
        remove_unneeded(self.store, hashes).await?;
        Ok(sequence)
    }

    /// Changes a document's title, its metadata or both. Its chunks get a new sequence number, so that every index
    /// reads their fields again.
    ///
    /// # Errors
    /// There is no such document, or the database fails.
    pub async fn update_metadata(
        &self,
        tenant: TenantId,
        id: DocumentId,
        title: Option<String>,
        metadata: Option<Metadata>,
        by: &By,
    ) -> Result<Document, StoreError> {
        let fields = (title, metadata.as_ref().map(json_text).transpose()?);
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = rewrite(&mut session, (tenant, id), &fields, by, self.store.now()).await;
            session.finish(outcome).await
        })
    }

    /// Gives a document another source and file name: what it came from was renamed. Its chunks get a new sequence
    /// number, so that every index reads their fields again. A title that was only the file's name follows.
    ///
    /// # Errors
    /// There is no such document, another of its collection has the source, or the database fails.
    pub async fn rename(
        &self,
        tenant: TenantId,
        id: DocumentId,
        place: &NewPlace,
        by: &By,
    ) -> Result<Document, StoreError> {
        check_source(&place.source)?;
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = rename(&mut session, (tenant, id), place, by, self.store.now()).await;
            session.finish(outcome).await
        })
    }

    /// Marks a version as unreadable, with the reason as a sentence; its job, where there is one, is dead. An earlier
    /// version stays searchable.
    ///
    /// # Errors
    /// There is no such document, or the database fails.
    pub async fn fail(
        &self,
        tenant: TenantId,
        id: DocumentId,
        version: u32,
        job: Option<JobId>,
        failure: JobFailure<'_>,
    ) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let row = session
                    .first("SELECT 1 FROM documents WHERE id = $1 AND tenant = $2", args![id, tenant])
                    .await?;
                row.ok_or_else(|| missing(id))?;
                bury(&mut session, (id, version), job, failure, self.store.now()).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

/// Writes the collection's row first, as every change of chunks does: changes of one collection happen one after
/// another, and no two transactions wait for each other in turn.
pub(crate) async fn take_sequence(
    session: &mut Session,
    (tenant, id): (TenantId, DocumentId),
) -> Result<(uuid::Uuid, u64), StoreError> {
    let row = session
        .first(
            "UPDATE collections SET sequence = sequence + 1 WHERE id = (SELECT collection FROM documents WHERE id = $1 \
             AND tenant = $2) RETURNING id, sequence",
            args![id, tenant],
        )
        .await?
        .ok_or_else(|| missing(id))?;
    Ok((row.id(0)?, row.big(1)?))
}

async fn delete(
    session: &mut Session,
    (tenant, id): (TenantId, DocumentId),
    by: &By,
    now: Timestamp,
) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
    let (collection, sequence) = take_sequence(session, (tenant, id)).await?;
    let rows = session
        .rows("SELECT content_hash FROM versions WHERE document = $1 AND original IS NULL", args![id])
        .await?;
    let hashes = rows.iter().map(|row| row.bytes(0)).collect::<Result<Vec<_>, _>>()?;
    for sql in [
        "DELETE FROM chunks WHERE document = $1",
        "DELETE FROM checkpoints WHERE job IN (SELECT job FROM versions WHERE document = $1)",
        "DELETE FROM jobs WHERE id IN (SELECT job FROM versions WHERE document = $1)",
        "DELETE FROM versions WHERE document = $1",
    ] {
        session.execute(sql, args![id]).await?;
    }
    // Somebody else may have removed it while this waited for the collection.
    if session.execute("DELETE FROM documents WHERE id = $1", args![id]).await? == 0 {
        return Err(missing(id));
    }
    session
        .execute(
            "INSERT INTO removals (collection, sequence, document) VALUES ($1, $2, $3)",
            args![collection, sequence, id],
        )
        .await?;
    let change = Change {
        tenant,
        by,
        action: AuditAction::DocumentRemove,
        object: id.to_string(),
        details: json!({}),
    };
    record(session, now, vec![change]).await?;
    Ok((sequence, hashes))
}

/// Gives a document's chunks a new sequence number, so that every index reads their fields again. Answers how many
/// they are.
async fn move_chunks(
    session: &mut Session,
    id: DocumentId,
    (collection, sequence): (uuid::Uuid, u64),
) -> Result<u64, StoreError> {
    let moved =
        session.execute("UPDATE chunks SET sequence = $2 WHERE document = $1", args![id, sequence]).await?;
    if moved > 0 {
        session
            .execute(
                "INSERT INTO removals (collection, sequence, document) VALUES ($1, $2, $3)",
                args![collection, sequence, id],
            )
            .await?;
    }
    Ok(moved)
}

/// Gives a document another source and file name.
pub(crate) async fn rename(
    session: &mut Session,
    (tenant, id): (TenantId, DocumentId),
    place: &NewPlace,
    by: &By,
    now: Timestamp,
) -> Result<Document, StoreError> {
    let (collection, sequence) = take_sequence(session, (tenant, id)).await?;
    let sql = "SELECT 1 FROM documents WHERE collection = $1 AND source = $2 AND id <> $3";
    if session.first(sql, args![collection, &place.source, id]).await?.is_some() {
        return Err(StoreError::SourceTaken(place.source.clone()));
    }
    let moved = move_chunks(session, id, (collection, sequence)).await?;
    session
        .execute(
            "UPDATE documents SET source = $2, title = CASE WHEN title = (SELECT v.name FROM versions v WHERE v.document \
             = documents.id AND v.version = documents.version) THEN $3 ELSE title END, sequence = CASE WHEN $4 > 0 THEN \
             $5 ELSE sequence END, updated_at = $6 WHERE id = $1",
            args![id, &place.source, &place.name, moved, sequence, now],
        )
        .await?;
    session
        .execute(
            "UPDATE versions SET name = $2 WHERE document = $1 AND version = (SELECT version FROM documents WHERE id = \
             $1)",
            args![id, &place.name],
        )
        .await?;
    let sql = format!("SELECT {COLUMNS} FROM documents d WHERE d.id = $1");
    let row = session.first(sql, args![id]).await?.ok_or_else(|| missing(id))?;
    // The new source may be a person's name: the document's own row tells it.
    let (action, object) = (AuditAction::DocumentRename, id.to_string());
    let change = Change { tenant, by, action, object, details: json!({}) };
    record(session, now, vec![change]).await?;
    read(&row)
}

async fn rewrite(
    session: &mut Session,
    (tenant, id): (TenantId, DocumentId),
    (title, metadata): &(Option<String>, Option<String>),
    by: &By,
    now: Timestamp,
) -> Result<Document, StoreError> {
    let (collection, sequence) = take_sequence(session, (tenant, id)).await?;
    let moved = move_chunks(session, id, (collection, sequence)).await?;
    session
        .execute(
            "UPDATE documents SET title = COALESCE($2, title), metadata = COALESCE($3, metadata), sequence = CASE WHEN \
             $4 > 0 THEN $5 ELSE sequence END, updated_at = $6 WHERE id = $1",
            args![id, title.as_deref(), metadata.as_deref(), moved, sequence, now],
        )
        .await?;
    let sql = format!("SELECT {COLUMNS} FROM documents d WHERE d.id = $1");
    let row = session.first(sql, args![id]).await?.ok_or_else(|| missing(id))?;
    let change = Change {
        tenant,
        by,
        action: AuditAction::DocumentUpdate,
        object: id.to_string(),
        details: json!({}),
    };
    record(session, now, vec![change]).await?;
    read(&row)
}

/// Marks a version as unreadable and its job as dead.
pub(crate) async fn bury(
    session: &mut Session,
    (document, version): (DocumentId, u32),
    job: Option<JobId>,
    failure: JobFailure<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = session
        .first(
            "UPDATE documents SET status = 'failed', error = $3, updated_at = $4 WHERE id = $1 AND version = $2 RETURNING \
             tenant, collection, source, title",
            args![document, version, failure.reason, now],
        )
        .await?;
    if let Some(row) = failed {
        let (source, title) = (row.text(2)?, row.text(3)?);
        let outcome = Err((failure.code, failure.reason));
        let told = Told { document, source: &source, title: &title, version, outcome };
        let place = (TenantId::from_uuid(row.id(0)?), row.id(1)?);
        enqueue(session, EVENT_DEAD, place, &[told], now).await?;
    }
    if let Some(job) = job {
        session
            .execute(
                "UPDATE jobs SET status = 'dead', due_at = NULL, worker = NULL, error = $3, code = $5, updated_at = $4, \
                 stage = COALESCE($6, stage) WHERE id = $1 AND document = $2 AND status <> 'done'",
                args![
                    job,
                    document,
                    failure.reason,
                    now,
                    failure.code,
                    failure.stage.map(crate::jobs::JobStage::as_str)
                ],
            )
            .await?;
    }
    Ok(())
}

/// Removes the files that no version needs and no call is about to need.
pub(crate) async fn remove_unneeded(store: &Store, mut hashes: Vec<Vec<u8>>) -> Result<(), StoreError> {
    hashes.sort_unstable();
    hashes.dedup();
    for hash in hashes {
        let name = hex::encode(&hash);
        let expected = store.blobs().expected().await;
        if expected.contains_key(&name) {
            continue;
        }
        let needed = store
            .db()
            .read()
            .await?
            .first("SELECT 1 FROM versions WHERE content_hash = $1 LIMIT 1", args![hash])
            .await?;
        if needed.is_none()
            && let Err(error) = store.blobs().remove(&name).await
        {
            // The rows are gone, which is what was asked for; bytes that nobody finds do no harm.
            tracing::warn!(%error, hash = name, "a file of the blob folder could not be removed");
        }
        drop(expected);
    }
    Ok(())
}

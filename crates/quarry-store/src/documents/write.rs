//! Writing the rows of added documents: one statement a table, whatever the number of documents.

use quarry_core::Timestamp;
use serde_json::json;

use super::{Added, Outcome, add::Item};
use crate::{
    audit::{Change, record},
    error::StoreError,
    jobs::{MAX_ATTEMPTS, Turn, take_turns},
    sql::{Arg, Session, args, database::Many, value::json_text},
};

const DOCUMENTS: Many = Many {
    before: "INSERT INTO documents (id, tenant, collection, source, title, media_type, status, version, \
             published_version, bytes, content_hash, chunks, sequence, created_at, updated_at, metadata) VALUES",
    columns: 16,
    after: "",
};
const NEWER: Many = Many {
    before: "UPDATE documents SET version = v.column2, title = v.column3, status = 'pending', error = NULL, bytes = \
             v.column4, content_hash = v.column5, metadata = v.column6, updated_at = v.column7 FROM (VALUES",
    columns: 7,
    after: ") AS v WHERE documents.id = v.column1",
};
const VERSIONS: Many = Many {
    before: "INSERT INTO versions (document, version, job, name, title, media_type, bytes, content_hash, created_at, \
             original, password) VALUES",
    columns: 11,
    after: "",
};
const JOBS: Many = Many {
    before: "INSERT INTO jobs (id, tenant, kind, collection, document, version, status, attempt, max_attempts, due_at, \
             created_at, updated_at, entered_at, lane, turn, priority) VALUES",
    columns: 16,
    after: "",
};

/// The priority of a document of which nobody says how urgent it is.
const USUAL: u32 = 5;

type Fresh<'a> = (&'a Item<'a>, &'a Added);

/// Writes new documents and new versions with their jobs and audit rows.
pub(super) async fn write(
    session: &mut Session,
    fresh: &[Fresh<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let (mut created, mut newer, mut versions, mut jobs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut changes = Vec::with_capacity(fresh.len());
    let mut replaced = Vec::new();
    let queued: Vec<_> = fresh.iter().map(|(item, _)| (item.tenant, item.new.bytes)).collect();
    let turns = take_turns(session, &queued).await?;
    for ((item, added), turn) in fresh.iter().zip(turns) {
        if added.outcome == Outcome::Created {
            created.extend(document_row(item, added, now)?);
        } else {
            replaced.push(added.document.id.uuid());
            newer.extend(newer_row(added, now)?);
        }
        versions.extend(version_row(item, added, now));
        jobs.extend(job_row(item, added, turn, now));
        changes.push(Change {
            tenant: item.tenant,
            actor: item.actor,
            action: "document.add",
            object: added.document.id.to_string(),
            details: json!({"source": added.document.source, "version": added.document.version}),
        });
    }
    if !replaced.is_empty() {
        // Nobody needs the version before read any more.
        let dialect = session.dialect();
        let sql = format!(
            "UPDATE jobs SET status = 'done', due_at = NULL, updated_at = $2 WHERE status IN ('queued', 'dead', 'cancelled') AND \
             id IN (SELECT job FROM versions WHERE document {})",
            dialect.ids_in()
        );
        session.execute(sql, args![dialect.ids(replaced), now]).await?;
    }
    session.many(DOCUMENTS, created).await?;
    session.many(NEWER, newer).await?;
    session.many(VERSIONS, versions).await?;
    session.many(JOBS, jobs).await?;
    record(session, now, changes).await
}

fn hash(added: &Added) -> Vec<u8> {
    // It was checked on the way in.
    hex::decode(&added.document.content_hash).unwrap_or_default()
}

fn document_row<'a>(item: &Item<'a>, added: &'a Added, now: Timestamp) -> Result<Vec<Arg<'a>>, StoreError> {
    let document = &added.document;
    Ok(args![
        document.id,
        item.tenant,
        document.collection,
        &document.source,
        &document.title,
        &document.media_type,
        document.status.as_str(),
        document.version,
        0_i64,
        document.bytes,
        hash(added),
        0_i64,
        0_i64,
        now,
        now,
        json_text(&document.metadata)?,
    ])
}

fn newer_row<'a>(added: &'a Added, now: Timestamp) -> Result<Vec<Arg<'a>>, StoreError> {
    let document = &added.document;
    Ok(args![
        document.id,
        document.version,
        &document.title,
        document.bytes,
        hash(added),
        json_text(&document.metadata)?,
        now,
    ])
}

fn version_row<'a>(item: &Item<'a>, added: &'a Added, now: Timestamp) -> Vec<Arg<'a>> {
    args![
        added.document.id,
        added.document.version,
        added.job,
        &item.new.name,
        item.new.title.as_deref(),
        item.new.media_type.as_deref(),
        item.new.bytes,
        hash(added),
        now,
        item.original,
        item.new.password.as_deref(),
    ]
}

fn job_row<'a>(item: &Item<'a>, added: &'a Added, turn: Turn, now: Timestamp) -> Vec<Arg<'a>> {
    args![
        added.job,
        item.tenant,
        "ingest",
        added.document.collection,
        added.document.id,
        added.document.version,
        "queued",
        0_i64,
        item.new.max_attempts.unwrap_or(MAX_ATTEMPTS),
        now,
        now,
        now,
        now,
        turn.lane,
        turn.turn,
        item.new.priority.unwrap_or(USUAL),
    ]
}

//! Writing the rows of added documents: one statement a table, whatever the number of documents.

use quarry_core::{AuditAction, Timestamp};
use serde_json::json;

use super::{Added, Outcome, add::Item};
use crate::{
    audit::Change,
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

/// Writes new documents and new versions with their jobs.
pub(super) async fn write(
    session: &mut Session,
    fresh: &[Fresh<'_>],
    now: Timestamp,
) -> Result<(), StoreError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let (mut created, mut newer, mut versions, mut jobs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
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
    session.many(JOBS, jobs).await
}

/// Most documents that one audit row names: bounds the size of a row.
const NAMED: usize = 100;

/// What the audit log says of added documents: a row for a document that came alone, one for each hundred that came
/// in one call to one collection.
pub(super) fn changes<'a>(items: &[Item<'a>], added: &[Added]) -> Vec<Change<'a>> {
    let mut groups: Vec<(&Item<'a>, Vec<&Added>)> = Vec::new();
    for (item, added) in items.iter().zip(added).filter(|(_, added)| added.outcome != Outcome::Unchanged) {
        let place = (item.call, item.new.collection);
        match groups
            .last_mut()
            .filter(|(first, group)| (first.call, first.new.collection) == place && group.len() < NAMED)
        {
            Some((_, group)) => group.push(added),
            None => groups.push((item, vec![added])),
        }
    }
    groups.iter().map(|(item, group)| change(item, group)).collect()
}

fn change<'a>(item: &Item<'a>, group: &[&Added]) -> Change<'a> {
    let (tenant, by) = (item.tenant, item.by);
    if let [one] = group {
        let details = json!({"version": one.document.version});
        return Change {
            tenant,
            by,
            action: AuditAction::DocumentAdd,
            object: one.document.id.to_string(),
            details,
        };
    }
    let ids: Vec<_> = group.iter().map(|added| added.document.id).collect();
    let newer = group.iter().filter(|added| added.outcome == Outcome::NewVersion).count();
    let details = json!({"documents": ids, "new_versions": newer});
    let object = item.new.collection.to_string();
    Change { tenant, by, action: AuditAction::DocumentAddMany, object, details }
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

//! Publishing: the one transaction that makes a version's chunks visible.

use std::collections::{HashMap, HashSet};

use quarry_core::{Document, DocumentId, Timestamp};
use uuid::Uuid;

use super::{Chunks, Publication, Published, PublishedDocument};
use crate::{
    documents::{self, COLUMNS},
    error::StoreError,
    jobs::finish,
    sql::{Arg, Dialect, Session, args, database::Many, value::json_text},
    store::retry,
    webhooks::{EVENT_READY, Told, enqueue},
};

const CHUNKS: Many = Many {
    before: "INSERT INTO chunks (key, tenant, collection, document, version, ordinal, sequence, page, span_start, \
             span_end, kind, model, content_hash, headings, text, terms, vector, chunk_set, window_start, window_end) \
             VALUES",
    columns: 20,
    after: "",
};
const READY: Many = Many {
    before: "UPDATE documents SET status = 'ready', error = NULL, published_version = documents.version, title = \
             v.column2, media_type = v.column3, language = v.column4, pages = v.column5, chunks = v.column6, sequence = \
             v.column7, updated_at = v.column8 FROM (VALUES",
    columns: 8,
    after: ") AS v WHERE documents.id = v.column1",
};
const TEXTS: Many = Many {
    before: "UPDATE versions SET text = v.column3 FROM (VALUES",
    columns: 3,
    after: ") AS v WHERE versions.document = v.column1 AND versions.version = v.column2",
};
const REMOVALS: Many =
    Many { before: "INSERT INTO removals (collection, sequence, document) VALUES", columns: 3, after: "" };

impl Chunks<'_> {
    /// Publishes versions of documents of one collection, in one transaction with one sequence number. A document
    /// that was removed meanwhile, or has a newer version, is passed over and its job is done.
    ///
    /// # Errors
    /// The database fails; then nothing is published.
    pub async fn publish(&self, publications: &[Publication]) -> Result<Published, StoreError> {
        let Some(first) = publications.first() else {
            return Ok(Published { sequence: 0, documents: Vec::new() });
        };
        let collection = first.collection;
        let tenant = first.tenant;
        if publications.iter().any(|other| other.collection != collection || other.tenant != tenant) {
            return Err(StoreError::Database("one call publishes to one collection".into()));
        }
        let mut models = Vec::with_capacity(publications.len());
        for publication in publications {
            models.push(self.model_number(&publication.model.0, publication.model.1).await?);
        }
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = publish(&mut session, publications, &models, now).await;
            session.finish(outcome).await
        })
    }

    /// A model's number, given at its first use.
    pub(crate) async fn model_number(&self, name: &str, dimension: u32) -> Result<i64, StoreError> {
        let key = (name.to_owned(), dimension);
        if let Some(number) = self.store.inner.models.lock().numbers.get(&key) {
            return Ok(*number);
        }
        let mut session = self.store.db().write().await?;
        session
            .execute(
                "INSERT INTO models (name, dimension) VALUES ($1, $2) ON CONFLICT (name, dimension) DO NOTHING",
                args![name, dimension],
            )
            .await?;
        let row = session
            .first("SELECT id FROM models WHERE name = $1 AND dimension = $2", args![name, dimension])
            .await?;
        let number =
            row.ok_or_else(|| StoreError::Unreadable(format!("model `{name}` is missing")))?.int(0)?;
        let mut models = self.store.inner.models.lock();
        models.names.insert(number, name.into());
        models.numbers.insert(key, number);
        Ok(number)
    }
}

async fn publish(
    session: &mut Session,
    publications: &[Publication],
    models: &[i64],
    now: Timestamp,
) -> Result<Published, StoreError> {
    let mut present = lock(session, publications).await?;
    same_embedder(session, publications).await?;
    let wanted = still_open(session, publications).await?;
    let mut accepted: Vec<(usize, &Publication, Document)> = Vec::with_capacity(publications.len());
    for (place, publication) in publications.iter().enumerate() {
        let current = publication.job.is_none_or(|job| wanted.contains(&job.uuid()))
            && present.get(&publication.document).is_some_and(|document| {
                document.version == publication.version && document.collection == publication.collection
            });
        if current && let Some(document) = present.remove(&publication.document) {
            accepted.push((place, publication, document));
        }
    }
    let mut published = Published { sequence: 0, documents: vec![None; publications.len()] };
    if !accepted.is_empty() {
        published.sequence = next_sequence(session, publications).await?;
        replace(session, &accepted, published.sequence).await?;
        let count = accepted.iter().map(|(_, publication, _)| publication.chunks.len()).sum();
        let mut keys = take_keys(session, count).await?;
        insert(session, &accepted, (models, &keys), published.sequence).await?;
        describe(session, &accepted, published.sequence, now).await?;
        tell(session, &accepted, now).await?;
        for (place, publication, document) in accepted {
            let later = keys.split_off(publication.chunks.len().min(keys.len()));
            let own = std::mem::replace(&mut keys, later);
            if let Some(slot) = published.documents.get_mut(place) {
                *slot = Some(outcome(publication, document, own, (published.sequence, now)));
            }
        }
    }
    let jobs = publications.iter().filter_map(|publication| publication.job).map(|job| job.uuid()).collect();
    finish(session, jobs, now).await?;
    Ok(published)
}

/// The documents as they are, kept so until the transaction ends. The collection's row is written first, which makes
/// changes of one collection wait for one another in the same order everywhere.
pub(super) async fn lock(
    session: &mut Session,
    publications: &[Publication],
) -> Result<HashMap<DocumentId, Document>, StoreError> {
    let dialect = session.dialect();
    let Some(first) = publications.first() else { return Ok(HashMap::new()) };
    if dialect == Dialect::Postgres {
        session
            .execute("SELECT 1 FROM collections WHERE id = $1 FOR UPDATE", args![first.collection])
            .await?;
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM documents d WHERE d.id {} AND d.tenant = $2{}",
        dialect.ids_in(),
        dialect.for_update()
    );
    let ids = dialect.ids(publications.iter().map(|publication| publication.document.uuid()));
    let rows = session.rows(sql, args![ids, first.tenant]).await?;
    rows.iter().map(|row| documents::read(row).map(|document| (document.id, document))).collect()
}

/// Chunks of another generation than the one that answers must not come in: it may have been swapped while a worker was
/// cutting and embedding.
async fn same_embedder(session: &mut Session, publications: &[Publication]) -> Result<(), StoreError> {
    let Some(first) = publications.first() else { return Ok(()) };
    let sql = "SELECT embedder, chunk_set FROM collections WHERE id = $1 AND tenant = $2";
    let Some(row) = session.first(sql, args![first.collection, first.tenant]).await? else { return Ok(()) };
    let (embedder, set) = (row.text(0)?, row.small(1)?);
    let live = |publication: &Publication| publication.model.0 == embedder && publication.chunk_set == set;
    if publications.iter().all(live) { Ok(()) } else { Err(StoreError::EmbedderChanged(embedder)) }
}

/// The jobs that are not over. One that was cancelled, or that another worker has finished since, publishes nothing.
async fn still_open(
    session: &mut Session,
    publications: &[Publication],
) -> Result<HashSet<Uuid>, StoreError> {
    let dialect = session.dialect();
    let jobs = publications.iter().filter_map(|publication| publication.job).map(|job| job.uuid());
    let sql = format!("SELECT id FROM jobs WHERE id {} AND due_at IS NOT NULL", dialect.ids_in());
    let rows = session.rows(sql, args![dialect.ids(jobs)]).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

pub(super) async fn next_sequence(
    session: &mut Session,
    publications: &[Publication],
) -> Result<u64, StoreError> {
    let collection = publications.first().map(|publication| publication.collection);
    let row = session
        .first(
            "UPDATE collections SET sequence = sequence + 1 WHERE id = $1 RETURNING sequence",
            args![collection],
        )
        .await?;
    row.ok_or(StoreError::Contended)?.big(0)
}

/// Takes the chunks of the versions before away.
async fn replace(
    session: &mut Session,
    accepted: &[(usize, &Publication, Document)],
    sequence: u64,
) -> Result<(), StoreError> {
    let old: Vec<&Document> =
        accepted.iter().map(|(_, _, document)| document).filter(|document| document.chunks > 0).collect();
    if old.is_empty() {
        return Ok(());
    }
    let mut removals = Vec::with_capacity(old.len() * REMOVALS.columns);
    for document in &old {
        removals.extend(args![document.collection, sequence, document.id]);
    }
    session.many(REMOVALS, removals).await?;
    let dialect = session.dialect();
    let sql = format!("DELETE FROM chunks WHERE document {}", dialect.ids_in());
    let ids = dialect.ids(old.iter().map(|document| document.id.uuid()));
    session.execute(sql, args![ids]).await.map(drop)
}

pub(super) async fn take_keys(session: &mut Session, count: usize) -> Result<Vec<u64>, StoreError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let dialect = session.dialect();
    let rows = session.rows(dialect.take_keys(), args![count]).await?;
    match (dialect, rows.first()) {
        (Dialect::Sqlite, Some(row)) => {
            let last = row.big(0)?;
            Ok((last.saturating_sub(count as u64) + 1..=last).collect())
        }
        _ => rows.iter().map(|row| row.big(0)).collect(),
    }
}

pub(super) async fn insert(
    session: &mut Session,
    accepted: &[(usize, &Publication, Document)],
    (models, keys): (&[i64], &[u64]),
    sequence: u64,
) -> Result<(), StoreError> {
    let mut values: Vec<Arg<'_>> = Vec::with_capacity(keys.len() * CHUNKS.columns);
    let mut keys = keys.iter();
    for (place, publication, _) in accepted {
        let model = models.get(*place).copied().unwrap_or_default();
        for (ordinal, chunk) in publication.chunks.iter().enumerate() {
            let key = *keys.next().ok_or_else(|| StoreError::Unreadable("too few chunk keys".into()))?;
            let headings =
                if chunk.headings.is_empty() { "[]".to_owned() } else { json_text(&chunk.headings)? };
            values.extend(args![
                key,
                publication.tenant,
                publication.collection,
                publication.document,
                publication.version,
                ordinal,
                sequence,
                chunk.page,
                chunk.span.start,
                chunk.span.end,
                chunk.kind.as_str(),
                model,
                chunk.content_hash.as_slice(),
                headings,
                &chunk.text,
                chunk.terms.as_slice(),
                chunk.vector.as_deref(),
                publication.chunk_set,
                chunk.window.map(|window| window.start),
                chunk.window.map(|window| window.end),
            ]);
        }
    }
    session.many(CHUNKS, values).await
}

async fn describe(
    session: &mut Session,
    accepted: &[(usize, &Publication, Document)],
    sequence: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut ready: Vec<Arg<'_>> = Vec::with_capacity(accepted.len() * READY.columns);
    let mut texts: Vec<Arg<'_>> = Vec::with_capacity(accepted.len() * TEXTS.columns);
    for (_, publication, _) in accepted {
        ready.extend(args![
            publication.document,
            &publication.title,
            &publication.media_type,
            publication.language.as_deref(),
            publication.pages,
            publication.chunks.len(),
            sequence,
            now,
        ]);
        texts.extend(args![publication.document, publication.version, &publication.text]);
    }
    session.many(READY, ready).await?;
    session.many(TEXTS, texts).await
}

/// Queues what webhooks are told of it.
async fn tell(
    session: &mut Session,
    accepted: &[(usize, &Publication, Document)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some((_, first, _)) = accepted.first() else { return Ok(()) };
    let mut told = Vec::with_capacity(accepted.len());
    for (_, publication, document) in accepted {
        told.push(Told {
            document: document.id,
            source: &document.source,
            title: &publication.title,
            version: publication.version,
            outcome: Ok(u32::try_from(publication.chunks.len()).unwrap_or(u32::MAX)),
        });
    }
    enqueue(session, EVENT_READY, (first.tenant, first.collection.uuid()), &told, now).await
}

fn outcome(
    publication: &Publication,
    document: Document,
    keys: Vec<u64>,
    (sequence, now): (u64, Timestamp),
) -> PublishedDocument {
    PublishedDocument {
        had_chunks: document.chunks > 0,
        document: Document {
            title: publication.title.clone(),
            media_type: publication.media_type.clone(),
            status: quarry_core::DocumentStatus::Ready,
            error: None,
            chunks: u32::try_from(keys.len()).unwrap_or(u32::MAX),
            pages: publication.pages,
            language: publication.language.clone(),
            sequence,
            updated_at: now,
            ..document
        },
        keys,
    }
}

/// Ids of documents, for statements over several.
pub(super) fn uuids(ids: &[DocumentId]) -> impl Iterator<Item = Uuid> + '_ {
    ids.iter().map(|id| id.uuid())
}

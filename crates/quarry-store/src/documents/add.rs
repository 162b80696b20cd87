//! Adding documents: rows of documents, versions, jobs and audit in one transaction.
//!
//! Calls that arrive while a transaction is being committed wait and share the next one: a commit costs a write to
//! the disk, whether it holds one document or a hundred. Each caller is answered after the commit of its own.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use parking_lot::Mutex;
use quarry_core::{
    By, CollectionId, Document, DocumentId, DocumentStatus, JobId, Metadata, Quota, TenantId, Timestamp,
};
use tokio::sync::oneshot;

use super::{
    COLUMNS, Documents, WIDTH, read,
    write::{changes, write},
};
use crate::{
    MAX_SOURCE,
    audit::record,
    blobs::INLINE,
    error::StoreError,
    sql::{Session, args, value::json_text},
    store::{Store, retry},
    tenants,
};

/// A document to add. [`crate::Blobs::put`] was given its bytes before.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// Where it belongs.
    pub collection: CollectionId,
    /// Where it came from; the same source again makes a new version.
    pub source: String,
    /// Its title, where the caller gives one.
    pub title: Option<String>,
    /// The file's name, which helps to detect what it is.
    pub name: String,
    /// What the caller says it is.
    pub media_type: Option<String>,
    /// What filters can ask about.
    pub metadata: Metadata,
    /// SHA-256 of its bytes in hexadecimal, as [`crate::Blobs::put`] answers it.
    pub content_hash: String,
    /// How many bytes.
    pub bytes: u64,
    /// What opens it, where it is encrypted.
    pub password: Option<String>,
    /// 0 is served first, 9 last; 5 when not said.
    pub priority: Option<u32>,
    /// How often it is tried; 5 when not said.
    pub max_attempts: Option<u32>,
}

/// What adding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new document.
    Created,
    /// A new version of a document.
    NewVersion,
    /// Nothing: the newest version is the same and not failed.
    Unchanged,
}

/// An added document.
#[derive(Clone, Debug)]
pub struct Added {
    /// The document, as it is now.
    pub document: Document,
    /// The job that will read it.
    pub job: Option<JobId>,
    /// What happened.
    pub outcome: Outcome,
}

/// Most documents in one shared transaction: bounds how long the first caller waits.
const SHARED: usize = 256;

struct Request {
    tenant: TenantId,
    by: By,
    documents: Vec<NewDocument>,
    originals: Vec<Option<Bytes>>,
    answer: oneshot::Sender<Result<Vec<Added>, StoreError>>,
}

/// Calls that wait for the next transaction.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    requests: Vec<Request>,
    served: bool,
}

impl Documents<'_> {
    /// Adds documents: all of them or none. Once answered, they are on disk with a job each.
    ///
    /// # Errors
    /// A collection is not there, a source is too long, or the database fails.
    pub async fn add(
        &self,
        tenant: TenantId,
        documents: Vec<NewDocument>,
        by: &By,
    ) -> Result<Vec<Added>, StoreError> {
        let hashes: Vec<String> = documents.iter().map(|new| new.content_hash.clone()).collect();
        let outcome = match self.originals(&documents).await {
            Ok(originals) => self.enqueue(tenant, (documents, originals), by).await,
            Err(error) => Err(error),
        };
        self.store.blobs().settle(hashes.iter().map(String::as_str)).await;
        outcome
    }

    /// The bytes that are kept with the rows; none where they are a file.
    async fn originals(&self, documents: &[NewDocument]) -> Result<Vec<Option<Bytes>>, StoreError> {
        check(documents)?;
        let mut originals = Vec::with_capacity(documents.len());
        for new in documents {
            originals.push(if new.bytes <= INLINE as u64 {
                let bytes = self.store.blobs().inline(&new.content_hash).await?;
                Some(bytes.ok_or_else(|| StoreError::BlobNotFound(new.content_hash.clone()))?)
            } else {
                None
            });
        }
        Ok(originals)
    }

    async fn enqueue(
        &self,
        tenant: TenantId,
        (documents, originals): (Vec<NewDocument>, Vec<Option<Bytes>>),
        by: &By,
    ) -> Result<Vec<Added>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let first = {
            let mut queue = self.store.inner.waiting.0.lock();
            queue.requests.push(Request { tenant, by: by.clone(), documents, originals, answer });
            !std::mem::replace(&mut queue.served, true)
        };
        if first {
            // A task of its own, so that a caller who goes away does not take the others' transaction along. It ends
            // when nobody waits any more.
            tokio::spawn(serve(self.store.clone()));
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the store is closing".into())))
    }
}

fn check(documents: &[NewDocument]) -> Result<(), StoreError> {
    for new in documents {
        if new.source.len() > MAX_SOURCE {
            return Err(StoreError::SourceTooLong(new.source.len()));
        }
        if new.content_hash.len() != 64 || hex::decode(&new.content_hash).is_err() {
            return Err(StoreError::BlobNotFound(new.content_hash.clone()));
        }
    }
    Ok(())
}

/// Serves waiting calls until there are none.
async fn serve(store: Store) {
    let _guard = Serving(&store);
    while let Some(requests) = next(&store) {
        let together = run(&store, &requests).await;
        let alone = requests.len() == 1;
        match together {
            Ok(mut added) => {
                for request in requests {
                    let rest = added.split_off(request.documents.len().min(added.len()));
                    // A caller who went away needs no answer.
                    let _ = request.answer.send(Ok(std::mem::replace(&mut added, rest)));
                }
            }
            Err(error) if alone => {
                if let Some(request) = requests.into_iter().next() {
                    let _ = request.answer.send(Err(error));
                }
            }
            // One call's mistake is not the others': each gets its own transaction.
            Err(_) => {
                for request in requests {
                    let outcome = run(&store, std::slice::from_ref(&request)).await;
                    let _ = request.answer.send(outcome);
                }
            }
        }
    }
}

struct Serving<'a>(&'a Store);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.inner.waiting.0.lock();
        // Reached with calls waiting only when the task was stopped: they are told by their closed channels.
        if queue.served {
            queue.requests.clear();
            queue.served = false;
        }
    }
}

fn next(store: &Store) -> Option<Vec<Request>> {
    let mut queue = store.inner.waiting.0.lock();
    let mut documents = 0;
    let count = queue
        .requests
        .iter()
        .take_while(|request| {
            let room = documents < SHARED;
            documents += request.documents.len();
            room
        })
        .count();
    if count == 0 {
        queue.served = false;
        return None;
    }
    Some(queue.requests.drain(..count).collect())
}

async fn run(store: &Store, requests: &[Request]) -> Result<Vec<Added>, StoreError> {
    retry!({
        let mut session = store.db().begin().await?;
        let outcome = insert(&mut session, requests, store.now()).await;
        session.finish(outcome).await
    })
}

/// One document of one call.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    /// Which of the calls that share a transaction.
    pub(super) call: usize,
    pub(super) tenant: TenantId,
    pub(super) by: &'a By,
    pub(super) new: &'a NewDocument,
    pub(super) original: Option<&'a [u8]>,
}

/// What the database has of a source.
struct Present {
    document: Document,
    given_title: Option<String>,
}

async fn insert(
    session: &mut Session,
    requests: &[Request],
    now: Timestamp,
) -> Result<Vec<Added>, StoreError> {
    let items: Vec<Item<'_>> = requests
        .iter()
        .enumerate()
        .flat_map(|(call, request)| {
            let (tenant, by) = (request.tenant, &request.by);
            let both = request.documents.iter().zip(&request.originals);
            both.map(move |(new, original)| Item { call, tenant, by, new, original: original.as_deref() })
        })
        .collect();
    check_collections(session, &items).await?;
    let mut added = Vec::with_capacity(items.len());
    let mut rest = items.as_slice();
    while !rest.is_empty() {
        // A source that comes twice ends a wave: its second version is made after its first.
        let mut seen = HashSet::new();
        let count = rest
            .iter()
            .take_while(|item| seen.insert((item.new.collection, item.new.source.as_str())))
            .count();
        let (wave, later) = rest.split_at(count);
        wave_of(session, wave, now, &mut added).await?;
        rest = later;
    }
    check_quotas(session, &items, &added).await?;
    // At the very end: the head of the audit log is held no longer than it takes to commit.
    record(session, now, changes(&items, &added)).await?;
    Ok(added)
}

async fn check_collections(session: &mut Session, items: &[Item<'_>]) -> Result<(), StoreError> {
    let wanted: HashSet<CollectionId> = items.iter().map(|item| item.new.collection).collect();
    let dialect = session.dialect();
    let list = dialect.ids(wanted.into_iter().map(CollectionId::uuid));
    let sql = format!("SELECT id, tenant FROM collections WHERE id {}", dialect.ids_in());
    let rows = session.rows(sql, args![list]).await?;
    let found = rows
        .iter()
        .map(|row| Ok((CollectionId::from_uuid(row.id(0)?), TenantId::from_uuid(row.id(1)?))))
        .collect::<Result<HashMap<_, _>, StoreError>>()?;
    match items.iter().find(|item| found.get(&item.new.collection) != Some(&item.tenant)) {
        Some(item) => Err(StoreError::CollectionNotFound(item.new.collection.to_string())),
        None => Ok(()),
    }
}

/// Looks after writing: what is over a tenant's quota is undone with the transaction.
async fn check_quotas(session: &mut Session, items: &[Item<'_>], added: &[Added]) -> Result<(), StoreError> {
    let grown = items.iter().zip(added).filter(|(_, added)| added.outcome != Outcome::Unchanged);
    let tenants: HashSet<TenantId> = grown.map(|(item, _)| item.tenant).collect();
    for tenant in tenants {
        let Some((quotas, held)) = tenants::limited(session, tenant).await? else { continue };
        if let Some(most) = quotas.documents.filter(|most| held.documents > *most) {
            return Err(StoreError::QuotaReached(Quota::Documents, most));
        }
        if let Some(most) = quotas.bytes.filter(|most| held.bytes > *most) {
            return Err(StoreError::QuotaReached(Quota::Bytes, most));
        }
    }
    Ok(())
}

async fn wave_of(
    session: &mut Session,
    wave: &[Item<'_>],
    now: Timestamp,
    added: &mut Vec<Added>,
) -> Result<(), StoreError> {
    let mut present = find_present(session, wave).await?;
    let start = added.len();
    for item in wave {
        let found = present.remove(&(item.new.collection, item.new.source.clone()));
        added.push(decide(item.new, found, now));
    }
    let fresh: Vec<(&Item<'_>, &Added)> = wave
        .iter()
        .zip(added.iter().skip(start))
        .filter(|(_, added)| added.outcome != Outcome::Unchanged)
        .collect();
    write(session, &fresh, now).await
}

async fn find_present(
    session: &mut Session,
    wave: &[Item<'_>],
) -> Result<HashMap<(CollectionId, String), Present>, StoreError> {
    let mut sources: HashMap<CollectionId, Vec<&str>> = HashMap::new();
    for item in wave {
        sources.entry(item.new.collection).or_default().push(&item.new.source);
    }
    let dialect = session.dialect();
    let sql = format!(
        "SELECT {COLUMNS}, v.title FROM documents d JOIN versions v ON v.document = d.id AND v.version = d.version \
         WHERE d.source {} AND d.collection = $2{}",
        dialect.texts_in(),
        dialect.for_update()
    );
    let mut present = HashMap::new();
    for (collection, sources) in sources {
        let rows = session.rows(sql.clone(), args![json_text(&sources)?, collection]).await?;
        for row in &rows {
            let document = read(row)?;
            let key = (collection, document.source.clone());
            present.insert(key, Present { document, given_title: row.opt_text(WIDTH)? });
        }
    }
    Ok(present)
}

fn decide(new: &NewDocument, present: Option<Present>, now: Timestamp) -> Added {
    let job = Some(JobId::new());
    let Some(Present { document, given_title }) = present else {
        let document = Document {
            id: DocumentId::new(),
            collection: new.collection,
            source: new.source.clone(),
            title: new.title.clone().unwrap_or_else(|| new.name.clone()),
            media_type: new.media_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
            status: DocumentStatus::Pending,
            error: None,
            version: 1,
            bytes: new.bytes,
            content_hash: new.content_hash.to_ascii_lowercase(),
            chunks: 0,
            pages: None,
            language: None,
            metadata: new.metadata.clone(),
            sequence: 0,
            ingestion: None,
            created_at: now,
            updated_at: now,
        };
        return Added { document, job, outcome: Outcome::Created };
    };
    let same = document.content_hash.eq_ignore_ascii_case(&new.content_hash)
        && document.metadata == new.metadata
        && given_title == new.title
        && document.status != DocumentStatus::Failed;
    if same {
        return Added { document, job: None, outcome: Outcome::Unchanged };
    }
    let document = Document {
        version: document.version.saturating_add(1),
        // The text's own title stays until the new text is read.
        title: new.title.clone().unwrap_or(document.title),
        status: DocumentStatus::Pending,
        error: None,
        bytes: new.bytes,
        content_hash: new.content_hash.to_ascii_lowercase(),
        metadata: new.metadata.clone(),
        updated_at: now,
        ..document
    };
    Added { document, job, outcome: Outcome::NewVersion }
}

//! What is new or changed is read.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use quarry_core::{Document, ErrorKind, Fault as _};
use quarry_store::{Moved, NewPlace, Settled, SourceItem};
use sha2::{Digest as _, Sha256};

use super::run::Run;
use crate::{
    documents::{AddOutcome, Upload},
    error::EngineError,
    sources::{
        contract::{Content, Fetched, Fingerprint, SourceError},
        spec::SOURCE_NAME,
    },
};

/// Entries asked for at a time.
const PAGE: u32 = 100;
/// Documents, and bytes of them, that are added together.
const BATCH: usize = 32;
const BATCH_BYTES: usize = 32 * 1024 * 1024;
/// Above this many bytes a hash is worth a thread of its own.
const LARGE: usize = 64 * 1024;
/// How urgent documents of sources are: whoever uploads one himself waits for it.
const PRIORITY: u32 = 6;

/// A document to add, with the entry it is of.
struct Waiting {
    item: SourceItem,
    settled: Settled,
    upload: Upload,
}

/// Documents to add, and entries that are done.
#[derive(Default)]
struct Batch {
    waiting: Vec<Waiting>,
    bytes: usize,
    settled: Vec<Settled>,
    gone: Vec<String>,
}

/// Reads everything that the listing left to be read. `complete` says whether what the listing did not show is gone.
pub(super) async fn take(run: &Run<'_>, complete: bool) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let page = run.inner.store.sources().pending(run.lease, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.key);
        let mut batch = Batch::default();
        let parallel = run.source.parallel().max(1);
        let mut fetched = stream::iter(page)
            .map(|item| async move {
                let outcome = run.source.fetch(&item.key, &known(&item)).await;
                (item, outcome)
            })
            .buffered(parallel);
        while let Some((item, outcome)) = fetched.next().await {
            sort(run, &mut batch, (item, outcome), complete).await?;
            if batch.waiting.len() >= BATCH || batch.bytes >= BATCH_BYTES {
                flush(run, &mut batch).await?;
            }
        }
        flush(run, &mut batch).await?;
    }
}

fn known(item: &SourceItem) -> Fingerprint {
    // What has no document is to be read, whatever it looked like.
    if item.document_id.is_none() {
        return Fingerprint::default();
    }
    Fingerprint {
        etag: item.etag.clone(),
        last_modified: item.last_modified.clone(),
        modified_at: item.modified_at,
        size: item.size,
    }
}

/// Puts one entry where it belongs.
async fn sort(
    run: &Run<'_>,
    batch: &mut Batch,
    (item, outcome): (SourceItem, Result<Fetched, SourceError>),
    complete: bool,
) -> Result<(), EngineError> {
    match outcome {
        Ok(Fetched::Unchanged) => {
            run.tally.count(|counts| counts.unchanged += 1);
            let fingerprint = known(&item);
            batch.settled.push(settled(&item, fingerprint, item.content_hash.clone()));
        }
        Ok(Fetched::Gone) => batch.gone.push(item.key),
        Ok(Fetched::Skipped { reason, .. }) if item.document_id.is_some() => {
            // Its document stays as it was until somebody says what is meant.
            run.tally.fail(&item.key, &reason);
        }
        Ok(Fetched::Skipped { fingerprint, .. }) => {
            run.tally.count(|counts| counts.skipped += 1);
            batch.settled.push(Settled { skipped: true, ..settled(&item, fingerprint, None) });
        }
        Ok(Fetched::Content(content)) => content_of(run, batch, (item, content), complete).await?,
        Err(SourceError(reason)) => run.tally.fail(&item.key, &reason),
    }
    Ok(())
}

async fn content_of(
    run: &Run<'_>,
    batch: &mut Batch,
    (item, content): (SourceItem, Content),
    complete: bool,
) -> Result<(), EngineError> {
    let hash = hash(content.bytes.clone()).await?;
    let done = settled(&item, content.fingerprint.clone(), Some(hash.clone()));
    if item.document_id.is_some() && item.content_hash.as_ref() == Some(&hash) {
        run.tally.count(|counts| counts.unchanged += 1);
        batch.settled.push(done);
        return Ok(());
    }
    if item.document_id.is_none() && complete && moved(run, &done, (&content.name, &hash)).await? {
        run.tally.count(|counts| counts.renamed += 1);
        return Ok(());
    }
    batch.bytes += content.bytes.len();
    let upload = upload(run, &item.key, content);
    batch.waiting.push(Waiting { item, settled: done, upload });
    Ok(())
}

/// Whether an entry is one that stood elsewhere: then its document gets the new name.
async fn moved(run: &Run<'_>, done: &Settled, (name, hash): (&str, &str)) -> Result<bool, EngineError> {
    let sources = run.inner.store.sources();
    let Some(old) = sources.find_moved(run.lease, hash).await? else { return Ok(false) };
    let moved = Moved {
        from: old.key,
        to: Settled { document: old.document_id, ..done.clone() },
        place: NewPlace { source: source_of(run, &done.key), name: name.to_owned() },
    };
    if !sources.rename(run.lease, &moved, run.access.by()).await? {
        return Ok(false);
    }
    run.inner.indexer.touch(run.inner.collection(run.lease.tenant, &run.row.collection_name).await?.scope());
    run.inner.announce();
    Ok(true)
}

/// Adds what waits and keeps what is done. A document that cannot be added is told and left to be read again; it spoils
/// nothing else.
async fn flush(run: &Run<'_>, batch: &mut Batch) -> Result<(), EngineError> {
    let Batch { waiting, mut settled, gone, .. } = std::mem::take(batch);
    let uploads: Vec<Upload> = waiting.iter().map(|one| one.upload.clone()).collect();
    let documents = run.engine.documents();
    let collection = &run.row.collection_name;
    if !uploads.is_empty() {
        match documents.add(run.access, collection, uploads).await {
            Ok(added) => {
                for (one, added) in waiting.into_iter().zip(added) {
                    settled.push(added_as(run, one, &added.document, added.outcome));
                }
            }
            Err(error) if spoiled(&error) => {
                for one in waiting {
                    match documents.add(run.access, collection, vec![one.upload.clone()]).await {
                        Ok(added) => settled.extend(
                            added
                                .into_iter()
                                .next()
                                .map(|added| added_as(run, one, &added.document, added.outcome)),
                        ),
                        Err(error) if spoiled(&error) => run.tally.fail(&one.item.key, &error.to_string()),
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    let sources = run.inner.store.sources();
    if !settled.is_empty() {
        sources.settle(run.lease, &settled).await?;
    }
    if !gone.is_empty() {
        sources.gone(run.lease, &gone).await?;
    }
    Ok(())
}

/// Whether the document is at fault and not the store.
fn spoiled(error: &EngineError) -> bool {
    matches!(error.kind(), ErrorKind::Invalid | ErrorKind::TooLarge)
}

fn added_as(run: &Run<'_>, one: Waiting, document: &Document, outcome: AddOutcome) -> Settled {
    run.tally.count(|counts| match outcome {
        AddOutcome::Created => counts.added += 1,
        // The one before was removed meanwhile, or was there before the source was.
        AddOutcome::NewVersion => counts.changed += 1,
        AddOutcome::Unchanged => counts.unchanged += 1,
    });
    Settled { document: Some(document.id), ..one.settled }
}

fn settled(item: &SourceItem, fingerprint: Fingerprint, content_hash: Option<String>) -> Settled {
    Settled {
        key: item.key.clone(),
        skipped: false,
        etag: fingerprint.etag,
        last_modified: fingerprint.last_modified,
        modified_at: fingerprint.modified_at,
        size: fingerprint.size,
        content_hash,
        document: item.document_id,
    }
}

fn upload(run: &Run<'_>, key: &str, content: Content) -> Upload {
    let mut metadata = run.place.metadata.clone();
    metadata.insert(SOURCE_NAME.to_owned(), run.row.name.as_str().into());
    Upload {
        source: source_of(run, key),
        title: None,
        name: content.name,
        media_type: content.media_type,
        metadata,
        password: None,
        priority: Some(PRIORITY),
        bytes: content.bytes,
    }
}

/// What a document's source is called.
fn source_of(run: &Run<'_>, key: &str) -> String {
    format!("{}/{key}", run.row.name)
}

async fn hash(bytes: Bytes) -> Result<String, EngineError> {
    if bytes.len() <= LARGE {
        return Ok(hex::encode(Sha256::digest(&bytes)));
    }
    let hashing = tokio::task::spawn_blocking(move || hex::encode(Sha256::digest(&bytes))).await;
    hashing.map_err(|error| EngineError::Task(error.to_string()))
}

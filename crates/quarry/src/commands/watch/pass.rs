//! One look at the folder.

use std::collections::HashSet;

use bytes::Bytes;
use quarry_engine::{AddOutcome, Upload};
use sha2::{Digest as _, Sha256};

use super::{
    command::Watched,
    known::{Item, Known, Stamp},
    report::Report,
};
use crate::{
    backend::{Backend, LIMIT_REMOTE_BYTES},
    commands::ingest::walk::{self, Found, Read},
    failure::{Exit, Failure, Outcome},
};

/// Documents in one call.
const BATCH: usize = 100;
/// Documents that may always be removed; beyond, half of them at most.
const ALWAYS: usize = 10;

/// A file to add, as it looked when it was read.
struct Waiting {
    upload: Upload,
    content_hash: String,
    stamp: Option<Stamp>,
}

/// Files to add together.
#[derive(Default)]
struct Batch {
    waiting: Vec<Waiting>,
    bytes: usize,
}

/// Brings the collection to what the folder holds.
pub(super) async fn pass(
    backend: &Backend,
    watched: &Watched,
    known: &mut Known,
    report: &mut Report<'_>,
) -> Outcome<()> {
    if !watched.path.is_dir() {
        let text = format!("`{}` is not there; nothing is removed", watched.path.display());
        return Err(Failure::new(Exit::Unavailable, "folder_away", text));
    }
    let found = walk::find(std::slice::from_ref(&watched.path), &watched.options)?;
    let seen: HashSet<String> = found.files.iter().map(|file| file.source.clone()).collect();
    let mut gone: Vec<String> = known.items.keys().filter(|source| !seen.contains(*source)).cloned().collect();
    gone.sort();
    known.refused.retain(|source, _| seen.contains(source));
    let mut batch = Batch::default();
    for file in &found.files {
        look(backend, watched, (known, report), (file, &mut gone, &mut batch)).await?;
    }
    flush(backend, watched, (known, report), &mut batch).await?;
    // What could not be listed may hold what seems to be gone.
    let unread = found.skipped.iter().any(|left| left.reason != walk::NOT_A_FILE);
    if unread && !gone.is_empty() {
        report.kept = Some("parts of the folder cannot be read; nothing is removed".to_owned());
        return Ok(());
    }
    clear(backend, watched, (known, report), gone).await
}

/// One file.
async fn look(
    backend: &Backend,
    watched: &Watched,
    (known, report): (&mut Known, &mut Report<'_>),
    (file, gone, batch): (&Found, &mut Vec<String>, &mut Batch),
) -> Outcome<()> {
    let stamp = stamp(file);
    let source = &file.source;
    let before = known.items.get(source).cloned();
    let same = |known: Option<Stamp>| known.is_some() && known == stamp;
    if same(before.as_ref().and_then(|item| item.stamp)) {
        report.counts.unchanged += 1;
        return Ok(());
    }
    if before.is_none() && same(known.refused.get(source).copied()) {
        return Ok(());
    }
    let bytes = match walk::read(file, watched.most_bytes) {
        Ok(Read::Upload(bytes)) => bytes,
        Ok(Read::Skip(reason)) => {
            report.skipped(source, &reason);
            known.refused.extend(stamp.map(|stamp| (source.clone(), stamp)));
            return Ok(());
        }
        // Gone between the listing and now: the next pass sees that.
        Err(_) if !file.path.exists() => return Ok(()),
        Err(reason) => {
            report.failed(source, &reason);
            known.refused.extend(stamp.map(|stamp| (source.clone(), stamp)));
            return Ok(());
        }
    };
    // A file that is being written looks different again in a moment.
    let stamp = stamp.filter(|_| stamp == self::stamp(file));
    let content_hash = hash(&bytes);
    match before {
        Some(item) if item.content_hash == content_hash => {
            report.counts.unchanged += 1;
            known.items.insert(source.clone(), Item { stamp, ..item });
            return Ok(());
        }
        None => {
            if let Some(from) = moved(known, gone, &content_hash) {
                return rename(backend, (known, report), (from, source), (gone, stamp)).await;
            }
        }
        Some(_) => {}
    }
    let upload = walk::upload(file, bytes, &watched.options);
    if batch.bytes + upload.bytes.len() > LIMIT_REMOTE_BYTES || batch.waiting.len() >= BATCH {
        flush(backend, watched, (known, report), batch).await?;
    }
    batch.bytes += upload.bytes.len();
    batch.waiting.push(Waiting { upload, content_hash, stamp });
    Ok(())
}

/// A document whose file is gone and had the same bytes.
fn moved(known: &Known, gone: &[String], content_hash: &str) -> Option<String> {
    let same = |source: &&String| known.items.get(*source).is_some_and(|item| item.content_hash == content_hash);
    gone.iter().find(same).cloned()
}

async fn rename(
    backend: &Backend,
    (known, report): (&mut Known, &mut Report<'_>),
    (from, source): (String, &str),
    (gone, stamp): (&mut Vec<String>, Option<Stamp>),
) -> Outcome<()> {
    let Some(item) = known.items.get(&from).cloned() else { return Ok(()) };
    match backend.move_document(item.id, source).await {
        Ok(_) => {
            report.renamed(&from, source);
            known.items.remove(&from);
            known.items.insert(source.to_owned(), Item { stamp, ..item });
        }
        // Somebody removed it, or has the name: the next pass adds the file as a new one.
        Err(failure) if matches!(failure.exit, Exit::NotFound | Exit::Conflict) => {
            known.items.remove(&from);
        }
        Err(failure) => return Err(failure),
    }
    gone.retain(|source| *source != from);
    Ok(())
}

async fn flush(
    backend: &Backend,
    watched: &Watched,
    (known, report): (&mut Known, &mut Report<'_>),
    batch: &mut Batch,
) -> Outcome<()> {
    let waiting = std::mem::take(batch).waiting;
    if waiting.is_empty() {
        return Ok(());
    }
    let uploads: Vec<Upload> = waiting.iter().map(|one| one.upload.clone()).collect();
    match backend.add(&watched.options.collection, &uploads).await {
        Ok(added) => {
            for (one, added) in waiting.into_iter().zip(added) {
                keep((known, report), one, (added.id, added.outcome));
            }
        }
        // One document spoils the batch: each is tried alone, so that only that one is left out.
        Err(failure) if failure.exit == Exit::Invalid => {
            for one in waiting {
                let alone = std::slice::from_ref(&one.upload);
                match backend.add(&watched.options.collection, alone).await {
                    Ok(added) => {
                        for added in added {
                            keep((known, report), one_of(&one), (added.id, added.outcome));
                        }
                    }
                    Err(failure) if failure.exit == Exit::Invalid => {
                        report.failed(&one.upload.source, &failure.message);
                        known.refused.extend(one.stamp.map(|stamp| (one.upload.source.clone(), stamp)));
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
        Err(failure) => return Err(failure),
    }
    Ok(())
}

fn one_of(one: &Waiting) -> Waiting {
    Waiting { upload: one.upload.clone(), content_hash: one.content_hash.clone(), stamp: one.stamp }
}

fn keep(
    (known, report): (&mut Known, &mut Report<'_>),
    one: Waiting,
    (id, outcome): (quarry_core::DocumentId, AddOutcome),
) {
    let source = one.upload.source;
    match outcome {
        AddOutcome::Created => report.added(&source),
        AddOutcome::NewVersion => report.changed(&source),
        AddOutcome::Unchanged => report.counts.unchanged += 1,
    }
    known.keep(source, Item { id, content_hash: one.content_hash, stamp: one.stamp });
}

/// Removes the documents whose files are gone, unless that would be most of them.
async fn clear(
    backend: &Backend,
    watched: &Watched,
    (known, report): (&mut Known, &mut Report<'_>),
    gone: Vec<String>,
) -> Outcome<()> {
    let (count, all) = (gone.len(), known.len());
    if count > ALWAYS.max(all / 2) && !watched.force {
        report.kept = Some(format!(
            "{count} of {all} documents have no file any more, which is too many to be removed unasked; is the disk \
             there? If they are meant to go, run it with `--force`"
        ));
        return Ok(());
    }
    for source in gone {
        let Some(item) = known.items.get(&source) else { continue };
        match backend.remove_document(item.id).await {
            Ok(()) => report.removed(&source),
            // Somebody else was quicker.
            Err(failure) if failure.exit == Exit::NotFound => {}
            Err(failure) => return Err(failure),
        }
        known.items.remove(&source);
    }
    Ok(())
}

fn stamp(file: &Found) -> Option<Stamp> {
    let found = std::fs::metadata(&file.path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

fn hash(bytes: &Bytes) -> String {
    hex::encode(Sha256::digest(bytes))
}

//! One look at the folder.

use std::collections::HashSet;

use bytes::Bytes;
use quarry_core::DocumentId;
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
#[derive(Clone)]
struct Waiting {
    upload: Upload,
    content_hash: String,
    stamp: Option<Stamp>,
}

/// A look under way.
struct Pass<'a, 'o> {
    backend: &'a Backend,
    watched: &'a Watched,
    known: &'a mut Known,
    report: &'a mut Report<'o>,
    /// Documents whose files are gone, as long as none has turned up under another name.
    gone: Vec<String>,
    /// Files to add together.
    batch: Vec<Waiting>,
    batch_bytes: usize,
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
    let seen: HashSet<&str> = found.files.iter().map(|file| file.source.as_str()).collect();
    let mut gone: Vec<String> =
        known.items.keys().filter(|source| !seen.contains(source.as_str())).cloned().collect();
    gone.sort();
    known.refused.retain(|source, _| seen.contains(source.as_str()));
    let mut pass = Pass { backend, watched, known, report, gone, batch: Vec::new(), batch_bytes: 0 };
    for file in &found.files {
        pass.look(file).await?;
    }
    pass.flush().await?;
    // What could not be listed may hold what seems to be gone.
    let unread = found.skipped.iter().any(|left| left.reason != walk::NOT_A_FILE);
    if unread && !pass.gone.is_empty() {
        pass.report.kept = Some("parts of the folder cannot be read; nothing is removed".to_owned());
        return Ok(());
    }
    pass.clear().await
}

impl Pass<'_, '_> {
    /// One file.
    async fn look(&mut self, file: &Found) -> Outcome<()> {
        let stamp = stamp(file);
        let source = &file.source;
        let before = self.known.items.get(source).cloned();
        let same = |known: Option<Stamp>| known.is_some() && known == stamp;
        if same(before.as_ref().and_then(|item| item.stamp)) {
            self.report.counts.unchanged += 1;
            return Ok(());
        }
        if same(self.known.refused.get(source).copied()) {
            return Ok(());
        }
        let Some(bytes) = self.read(file, stamp) else { return Ok(()) };
        // A file that is being written looks different again in a moment.
        let stamp = stamp.filter(|_| stamp == self::stamp(file));
        let content_hash = hex::encode(Sha256::digest(&bytes));
        match before {
            Some(item) if item.content_hash == content_hash => {
                self.report.counts.unchanged += 1;
                self.known.items.insert(source.clone(), Item { stamp, ..item });
                return Ok(());
            }
            None => {
                if let Some(from) = self.moved(&content_hash) {
                    return self.rename(from, source, stamp).await;
                }
            }
            Some(_) => {}
        }
        let upload = walk::upload(file, bytes, &self.watched.options);
        if self.batch_bytes + upload.bytes.len() > LIMIT_REMOTE_BYTES || self.batch.len() >= BATCH {
            self.flush().await?;
        }
        self.batch_bytes += upload.bytes.len();
        self.batch.push(Waiting { upload, content_hash, stamp });
        Ok(())
    }

    /// A file's bytes, unless it is told why not.
    fn read(&mut self, file: &Found, stamp: Option<Stamp>) -> Option<Bytes> {
        match walk::read(file, self.watched.most_bytes) {
            Ok(Read::Upload(bytes)) => return Some(bytes),
            Ok(Read::Skip(reason)) => self.report.skipped(&file.source, &reason),
            // Gone between the listing and now: the next pass sees that.
            Err(_) if !file.path.exists() => return None,
            Err(reason) => self.report.failed(&file.source, &reason),
        }
        self.known.refused.extend(stamp.map(|stamp| (file.source.clone(), stamp)));
        None
    }

    /// A document whose file is gone and had the same bytes.
    fn moved(&self, content_hash: &str) -> Option<String> {
        let same = |source: &&String| {
            self.known.items.get(*source).is_some_and(|item| item.content_hash == content_hash)
        };
        self.gone.iter().find(same).cloned()
    }

    async fn rename(&mut self, from: String, source: &str, stamp: Option<Stamp>) -> Outcome<()> {
        let Some(item) = self.known.items.get(&from).cloned() else { return Ok(()) };
        match self.backend.move_document(item.id, source).await {
            Ok(_) => {
                self.report.renamed(&from, source);
                self.known.items.remove(&from);
                self.known.items.insert(source.to_owned(), Item { stamp, ..item });
            }
            // Somebody removed it, or has the name: the next pass adds the file as a new one.
            Err(failure) if matches!(failure.exit, Exit::NotFound | Exit::Conflict) => {
                self.known.items.remove(&from);
            }
            Err(failure) => return Err(failure),
        }
        self.gone.retain(|source| *source != from);
        Ok(())
    }

    async fn flush(&mut self) -> Outcome<()> {
        let waiting = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if waiting.is_empty() {
            return Ok(());
        }
        let uploads: Vec<Upload> = waiting.iter().map(|one| one.upload.clone()).collect();
        let (backend, collection) = (self.backend, &self.watched.options.collection);
        match backend.add(collection, &uploads).await {
            Ok(added) => {
                for (one, added) in waiting.into_iter().zip(added) {
                    self.keep(one, (added.id, added.outcome));
                }
            }
            // One document spoils the batch: each is tried alone, so that only that one is left out.
            Err(failure) if failure.exit == Exit::Invalid => {
                for one in waiting {
                    match backend.add(collection, std::slice::from_ref(&one.upload)).await {
                        Ok(added) => {
                            for added in added {
                                self.keep(one.clone(), (added.id, added.outcome));
                            }
                        }
                        Err(failure) if failure.exit == Exit::Invalid => {
                            self.report.failed(&one.upload.source, &failure.message);
                            let source = one.upload.source;
                            self.known.refused.extend(one.stamp.map(|stamp| (source, stamp)));
                        }
                        Err(failure) => return Err(failure),
                    }
                }
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn keep(&mut self, one: Waiting, (id, outcome): (DocumentId, AddOutcome)) {
        let source = one.upload.source;
        match outcome {
            AddOutcome::Created => self.report.added(&source),
            AddOutcome::NewVersion => self.report.changed(&source),
            AddOutcome::Unchanged => self.report.counts.unchanged += 1,
        }
        self.known.keep(source, Item { id, content_hash: one.content_hash, stamp: one.stamp });
    }

    /// Removes the documents whose files are gone, unless that would be most of them.
    async fn clear(&mut self) -> Outcome<()> {
        let (count, all) = (self.gone.len(), self.known.len());
        if count > ALWAYS.max(all / 2) && !self.watched.force {
            self.report.kept = Some(format!(
                "{count} of {all} documents have no file any more, which is too many to be removed unasked; is the disk \
                 there? If they are meant to go, run it with `--force`"
            ));
            return Ok(());
        }
        for source in std::mem::take(&mut self.gone) {
            let Some(item) = self.known.items.get(&source) else { continue };
            match self.backend.remove_document(item.id).await {
                Ok(()) => self.report.removed(&source),
                // Somebody else was quicker.
                Err(failure) if failure.exit == Exit::NotFound => {}
                Err(failure) => return Err(failure),
            }
            self.known.items.remove(&source);
        }
        Ok(())
    }
}

fn stamp(file: &Found) -> Option<Stamp> {
    let found = std::fs::metadata(&file.path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

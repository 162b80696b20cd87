//! Documents on their way: gathered into batches, added, and waited for.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use quarry_core::{DocumentId, DocumentStatus};
use quarry_engine::{AddOutcome, Upload};

use super::{
    Options,
    report::{Left, Report},
};
use crate::{
    backend::{AddedView, Backend, LIMIT_REMOTE_BYTES},
    failure::{Exit, Outcome},
};

/// Documents in one call.
const BATCH: usize = 200;
/// Bytes in one call, in this process.
const LIMIT_LOCAL_BYTES: usize = 64 * 1024 * 1024;
/// Documents on their way before reading pauses: files are read faster than they are parsed.
const AHEAD: usize = 4_000;
/// Documents looked at in one go.
const WINDOW: usize = 200;

/// A document that was added and is not settled yet.
struct Waiting {
    id: DocumentId,
    outcome: AddOutcome,
}

/// Feeds a backend.
pub(super) struct Feed<'a> {
    backend: &'a Backend,
    options: &'a Options,
    pub(super) bar: ProgressBar,
    pub(super) report: Report,
    batch: Vec<Upload>,
    batch_bytes: usize,
    waiting: std::collections::VecDeque<Waiting>,
    started: Instant,
}

impl<'a> Feed<'a> {
    pub(super) fn new(backend: &'a Backend, options: &'a Options, bar: ProgressBar) -> Self {
        Self {
            backend,
            options,
            bar,
            report: Report::new(options.collection.clone()),
            batch: Vec::new(),
            batch_bytes: 0,
            waiting: std::collections::VecDeque::new(),
            started: Instant::now(),
        }
    }

    /// Takes a document; a full batch is added.
    pub(super) async fn push(&mut self, upload: Upload) -> Outcome<()> {
        let most = if self.backend.is_remote() { LIMIT_REMOTE_BYTES } else { LIMIT_LOCAL_BYTES };
        let twice = self.batch.iter().any(|other| !other.source.is_empty() && other.source == upload.source);
        if self.batch.len() >= BATCH || twice || self.batch_bytes + upload.bytes.len() > most {
            self.flush().await?;
        }
        self.report.bytes += upload.bytes.len() as u64;
        self.batch_bytes += upload.bytes.len();
        self.batch.push(upload);
        Ok(())
    }

    /// Notes a document that cannot be added.
    pub(super) fn fail(&mut self, source: String, reason: String) {
        self.report.failed.push(Left { source, reason });
        self.bar.inc(1);
    }

    /// Notes a file that is not meant to be read.
    pub(super) fn skip(&mut self, source: String, reason: String) {
        self.report.skipped.push(Left { source, reason });
        self.bar.inc(1);
    }

    /// Adds what is left and waits for everything.
    pub(super) async fn finish(mut self) -> Outcome<Report> {
        self.flush().await?;
        while !self.waiting.is_empty() {
            self.settle(Duration::from_millis(500)).await?;
        }
        self.bar.finish_and_clear();
        self.report.took(self.started.elapsed());
        self.report.failed.sort_by(|one, other| one.source.cmp(&other.source));
        Ok(self.report)
    }

    async fn flush(&mut self) -> Outcome<()> {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        if batch.is_empty() {
            return Ok(());
        }
        match self.backend.add(&self.options.collection, &batch).await {
            Ok(added) => self.added(added),
            // One document spoils the batch: each is tried alone, so that only that one is left out.
            Err(failure) if failure.exit == Exit::Invalid => {
                for upload in batch {
                    match self.backend.add(&self.options.collection, std::slice::from_ref(&upload)).await {
                        Ok(added) => self.added(added),
                        Err(failure) if failure.exit == Exit::Invalid => {
                            self.fail(upload.source, failure.message)
                        }
                        Err(failure) => return Err(failure),
                    }
                }
            }
            Err(failure) => return Err(failure),
        }
        while self.waiting.len() > AHEAD {
            self.settle(Duration::from_millis(500)).await?;
        }
        Ok(())
    }

    fn added(&mut self, added: Vec<AddedView>) {
        self.waiting.extend(added.into_iter().map(|view| Waiting { id: view.id, outcome: view.outcome }));
    }

    /// Looks at the oldest documents on their way and counts those that have arrived.
    async fn settle(&mut self, deadline: Duration) -> Outcome<()> {
        let window: Vec<Waiting> = self.waiting.drain(..WINDOW.min(self.waiting.len())).collect();
        let ids: Vec<DocumentId> = window.iter().map(|waiting| waiting.id).collect();
        let documents = self.backend.settled(&ids, deadline).await?;
        let mut still = Vec::new();
        for waiting in window {
            let Some(document) = documents.iter().find(|document| document.id == waiting.id) else {
                // Removed by somebody else meanwhile.
                self.bar.inc(1);
                continue;
            };
            match document.status {
                DocumentStatus::Ready => {
                    self.count(waiting.outcome);
                    self.bar.inc(1);
                }
                DocumentStatus::Failed => {
                    let reason = document.error.clone().unwrap_or_else(|| "it cannot be read".to_owned());
                    self.fail(document.source.clone(), reason);
                }
                _ => still.push(waiting),
            }
        }
        for waiting in still.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
        Ok(())
    }

    fn count(&mut self, outcome: AddOutcome) {
        self.report.documents += 1;
        match outcome {
            AddOutcome::Created => self.report.created += 1,
            AddOutcome::NewVersion => self.report.new_versions += 1,
            AddOutcome::Unchanged => self.report.unchanged += 1,
        }
    }
}

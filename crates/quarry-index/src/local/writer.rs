//! The writing side of a shard. One at a time, under the shard's lock.

use std::{path::Path, sync::Arc, time::Instant};

use quarry_core::Metadata;
use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexWriter, TantivyDocument,
    indexer::{IndexWriterOptions, LogMergePolicy, UserOperation},
};

use super::{
    appender::Appender,
    bits::Bits,
    filter,
    forward::{Forward, Lengths},
    lexical::{self, Fields},
    snapshot::Keys,
};
use crate::{
    index::{Batch, Change, IndexChunk, IndexError},
    vector,
};

/// Changes that are handed to tantivy's thread at once: fewer wake it too often, more take memory.
const GROUP: usize = 64;
/// The least that tantivy accepts.
const LEAST_MEMORY: usize = 15_000_000;

/// Where a writer writes.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The shard's folder.
    pub folder: &'a Path,
    /// tantivy's side.
    pub index: &'a Index,
    /// Its fields.
    pub fields: &'a Fields,
    /// Bytes that chunks may take before they go to disk.
    pub memory: usize,
}

/// What a commit stands for; the payload of tantivy's commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The last sequence number.
    pub sequence: u64,
    /// How much of the forward files counts.
    pub lengths: Lengths,
}

/// tantivy's writer and the forward files' ends.
struct Open {
    tantivy: IndexWriter,
    appender: Appender,
}

/// A shard's writer.
pub struct Writer {
    open: Option<Open>,
    /// Slots by key, dead and uncommitted ones too.
    pub keys: Keys,
    /// What the last commit stands for.
    pub committed: Payload,
    applied: u64,
    dimension: usize,
    last_used: Instant,
    metadata: Option<(Arc<Metadata>, Vec<Vec<u8>>)>,
}

impl Writer {
    /// A writer that stands at a commit.
    pub fn new(committed: Payload, forward: &Forward) -> Self {
        Self {
            open: None,
            keys: index_keys(forward),
            committed,
            applied: committed.sequence,
            dimension: committed.lengths.dimension,
            last_used: Instant::now(),
            metadata: None,
        }
    }

    /// Whether something was applied and not committed.
    pub const fn pending(&self) -> bool {
        self.applied != self.committed.sequence
    }

    /// When something was last written.
    pub const fn last_used(&self) -> Instant {
        self.last_used
    }

    /// Whether tantivy's writer is open.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes a batch in, unless it was taken before.
    pub fn apply(&mut self, place: Place<'_>, batch: &Batch) -> Result<(), IndexError> {
        self.last_used = Instant::now();
        if batch.sequence <= self.applied {
            return Ok(());
        }
        self.dimension = check_dimension(self.dimension, batch)?;
        let mut group = Vec::with_capacity(GROUP);
        for change in &batch.changes {
            let operation = match change {
                Change::Add(chunk) => UserOperation::Add(self.add(place, chunk)?),
                Change::Remove(document) => UserOperation::Delete(place.fields.of_document(*document)),
            };
            group.push(operation);
            if group.len() >= GROUP {
                let full = std::mem::replace(&mut group, Vec::with_capacity(GROUP));
                self.open(place)?.tantivy.run(full).map_err(lexical::failed)?;
            }
        }
        if !group.is_empty() {
            self.open(place)?.tantivy.run(group).map_err(lexical::failed)?;
        }
        self.applied = batch.sequence;
        Ok(())
    }

    fn add(&mut self, place: Place<'_>, chunk: &IndexChunk) -> Result<TantivyDocument, IndexError> {
        let open = self.open(place)?;
        let slot = open.appender.append(chunk.key, chunk.vector.as_deref(), &chunk.terms)?;
        self.keys.insert(chunk.key, slot);
        // A document's chunks follow each other and share its metadata.
        if !self.metadata.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, &chunk.metadata)) {
            self.metadata = Some((Arc::clone(&chunk.metadata), filter::terms(&chunk.metadata)));
        }
        let metadata = self.metadata.as_ref().map_or(&[][..], |(_, terms)| terms);
        Ok(place.fields.document(chunk.key, chunk.document, &chunk.terms, metadata))
    }

    fn open(&mut self, place: Place<'_>) -> Result<&mut Open, IndexError> {
        if self.open.is_none() {
            let options = IndexWriterOptions::builder()
                .memory_budget_per_thread(place.memory.max(LEAST_MEMORY))
                .num_worker_threads(1)
                .num_merge_threads(1)
                .build();
            let tantivy: IndexWriter = place.index.writer_with_options(options).map_err(lexical::failed)?;
            tantivy.set_merge_policy(Box::new(merge_policy()));
            self.open =
                Some(Open { tantivy, appender: Appender::open(place.folder, self.committed.lengths)? });
        }
        self.open.as_mut().ok_or_else(|| IndexError::Engine("the index writer is gone".to_owned()))
    }

    /// Makes what was applied durable. The caller makes it searchable.
    pub fn commit(&mut self, place: Place<'_>) -> Result<(), IndexError> {
        let sequence = self.applied;
        let open = self.open(place)?;
        open.appender.sync()?;
        let payload = Payload { sequence, lengths: open.appender.lengths() };
        publish(&mut open.tantivy, &payload)?;
        self.committed = payload;
        self.dimension = payload.lengths.dimension;
        self.last_used = Instant::now();
        Ok(())
    }

    /// Rewrites the forward files with only the slots that `alive` visits, and commits that. Nothing may be pending.
    pub fn compact(&mut self, place: Place<'_>, from: &Forward, alive: &Bits) -> Result<(), IndexError> {
        let before = from.lengths();
        let start = Lengths { files: before.files + 1, dimension: before.dimension, ..Lengths::default() };
        let mut appender = Appender::open(place.folder, start)?;
        let mut copied = Ok(0);
        alive.for_each(|slot| {
            if copied.is_ok() {
                copied = appender.copy(from, slot);
            }
        });
        copied?;
        appender.sync()?;
        let payload = Payload { sequence: self.committed.sequence, lengths: appender.lengths() };
        let open = self.open(place)?;
        publish(&mut open.tantivy, &payload)?;
        open.appender = appender;
        self.committed = payload;
        self.keys = index_keys(&Forward::open(place.folder, payload.lengths)?);
        Ok(())
    }

    /// Gives tantivy's writer back, once its merges are done. Nothing may be pending.
    pub fn close(&mut self) {
        if let Some(open) = self.open.take() {
            // A merge that failed changed nothing; the next writer tries again.
            let _ = open.tantivy.wait_merging_threads();
        }
        self.metadata = None;
    }
}

fn publish(tantivy: &mut IndexWriter, payload: &Payload) -> Result<(), IndexError> {
    let text = serde_json::to_string(payload).map_err(|error| IndexError::Engine(error.to_string()))?;
    let mut prepared = tantivy.prepare_commit().map_err(lexical::failed)?;
    prepared.set_payload(&text);
    prepared.commit().map_err(lexical::failed)?;
    Ok(())
}

fn index_keys(forward: &Forward) -> Keys {
    let mut keys = Keys::with_capacity_and_hasher(forward.len(), Default::default());
    keys.extend((0..forward.len() as u32).filter_map(|slot| Some((forward.slot(slot)?.key, slot))));
    keys
}

/// The scope's dimension after the batch; refuses the batch as a whole when one of its vectors has another.
fn check_dimension(mut dimension: usize, batch: &Batch) -> Result<usize, IndexError> {
    for change in &batch.changes {
        let Change::Add(IndexChunk { vector: Some(bytes), .. }) = change else { continue };
        let found = vector::dimension(bytes);
        if dimension == 0 {
            dimension = found;
        } else if found != dimension {
            return Err(IndexError::Dimension { expected: dimension, found });
        }
    }
    Ok(dimension)
}

/// Eight segments of a size become one: a chunk is rewritten about once for each factor of eight, and a question
/// looks into few segments. Small ones count as one size, since group commits make many of them.
fn merge_policy() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(8);
    policy.set_min_layer_size(4_000);
    policy.set_level_log_size(1.5);
    policy.set_del_docs_ratio_before_merge(0.3);
    policy
}

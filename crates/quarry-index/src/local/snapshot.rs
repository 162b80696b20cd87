//! A shard as of one commit: what questions are answered from, without locks.

use std::{collections::HashMap, hash::BuildHasherDefault, sync::Arc};

use tantivy::{DocId, Searcher, index::SegmentId};

use super::{
    bits::Bits,
    forward::{Forward, Lengths},
    lexical,
    screen::Screen,
};
use crate::index::IndexError;

/// Finds a key's slot.
pub type Keys = HashMap<u64, u32, BuildHasherDefault<KeyHasher>>;

/// Keys are row numbers: multiplying spreads them well enough and is all this does.
#[derive(Default)]
pub struct KeyHasher(u64);

impl std::hash::Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(number ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }
}

/// The slots of one tantivy segment's documents.
#[derive(Clone, Debug)]
pub struct Segment {
    id: SegmentId,
    slots: Arc<[u32]>,
}

impl Segment {
    /// A document's slot.
    #[inline]
    pub fn slot(&self, document: DocId) -> Option<u32> {
        self.slots.get(document as usize).copied()
    }
}

/// One commit.
pub struct Snapshot {
    /// The sequence reached.
    pub sequence: u64,
    /// tantivy's side.
    pub searcher: Searcher,
    /// In the searcher's order.
    pub segments: Vec<Segment>,
    /// The mapped files.
    pub forward: Forward,
    /// Slots of chunks that can be found.
    pub alive: Bits,
    /// Those of them that have a vector.
    pub vectored: Bits,
    /// How many are alive.
    pub chunks: u64,
    /// How many of them have a vector.
    pub vectors: usize,
    /// Their terms.
    pub terms: u64,
    /// Codes of the vectors, for shards that are large enough.
    pub screen: Screen,
    /// Bytes on disk.
    pub bytes: u64,
}

/// What a snapshot is made from.
pub struct Parts<'a> {
    /// The sequence reached.
    pub sequence: u64,
    /// tantivy's side.
    pub searcher: Searcher,
    /// The mapped files.
    pub forward: Forward,
    /// From how many slots codes pay.
    pub screen_from: usize,
    /// The snapshot before, whose work is reused.
    pub before: Option<&'a Snapshot>,
}

impl Snapshot {
    /// Joins tantivy's documents with the forward files' slots.
    ///
    /// # Errors
    /// Damaged, when a document has no slot.
    pub fn new(parts: Parts<'_>, keys: &Keys) -> Result<Self, IndexError> {
        let Parts { sequence, searcher, forward, screen_from, before } = parts;
        // After a compaction slots have other numbers.
        let same_files = before.filter(|before| before.forward.lengths().files == forward.lengths().files);
        let mut segments = Vec::with_capacity(searcher.segment_readers().len());
        for reader in searcher.segment_readers() {
            let known = same_files
                .and_then(|before| before.segments.iter().find(|segment| segment.id == reader.segment_id()));
            segments.push(match known {
                Some(segment) => segment.clone(),
                None => join(reader, keys)?,
            });
        }
        let mut snapshot = Self {
            sequence,
            segments,
            alive: Bits::new(forward.len()),
            vectored: Bits::new(forward.len()),
            chunks: 0,
            vectors: 0,
            terms: 0,
            screen: Screen::default(),
            bytes: 0,
            searcher,
            forward,
        };
        snapshot.count()?;
        if snapshot.forward.len() > screen_from {
            snapshot.screen = Screen::new(&snapshot.forward, same_files.map(|before| &before.screen));
        }
        Ok(snapshot)
    }

    fn count(&mut self) -> Result<(), IndexError> {
        for (reader, segment) in self.searcher.segment_readers().iter().zip(&self.segments) {
            for document in reader.doc_ids_alive() {
                let number = segment.slot(document).ok_or_else(no_slot)?;
                let slot = self.forward.slot(number).ok_or_else(no_slot)?;
                self.alive.insert(number);
                self.chunks += 1;
                self.terms += u64::from(slot.terms);
                if slot.vector {
                    self.vectored.insert(number);
                    self.vectors += 1;
                }
            }
        }
        Ok(())
    }

    /// Mean number of terms of a chunk.
    pub fn average_length(&self) -> f32 {
        if self.chunks == 0 { 0.0 } else { (self.terms as f64 / self.chunks as f64) as f32 }
    }

    /// How much of the forward files counts.
    pub const fn lengths(&self) -> Lengths {
        self.forward.lengths()
    }

    /// Keys of the chunks that can be found, sorted.
    pub fn keys(&self) -> Vec<u64> {
        let mut keys = Vec::with_capacity(self.chunks as usize);
        self.alive.for_each(|slot| keys.extend(self.forward.slot(slot).map(|slot| slot.key)));
        keys.sort_unstable();
        keys
    }
}

fn join(reader: &tantivy::SegmentReader, keys: &Keys) -> Result<Segment, IndexError> {
    let column = reader.fast_fields().u64(lexical::KEY).map_err(lexical::failed)?;
    let slots = (0..reader.max_doc())
        .map(|document| column.first(document).and_then(|key| keys.get(&key).copied()).ok_or_else(no_slot))
        .collect::<Result<_, _>>()?;
    Ok(Segment { id: reader.segment_id(), slots })
}

fn no_slot() -> IndexError {
    IndexError::Damaged("a chunk of the lexical index is not in the files beside it".to_owned())
}

//! The writing side of the forward files.

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use super::forward::{self, Forward, Lengths, Slot};
use crate::terms::Terms;

/// Bytes that wait in memory before they are handed to the operating system.
const BUFFER: usize = 1 << 20;

struct Tail {
    file: File,
    waiting: Vec<u8>,
    dirty: bool,
}

impl Tail {
    fn open(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut file = forward::open_for_append(path, bytes)?;
        file.seek(SeekFrom::Start(bytes))?;
        Ok(Self { file, waiting: Vec::new(), dirty: false })
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.dirty = true;
            self.file.write_all(&self.waiting)?;
            self.waiting.clear();
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        self.waiting.shrink_to(BUFFER / 16);
        Ok(())
    }
}

/// Appends slots.
pub struct Appender {
    lengths: Lengths,
    slots: Tail,
    vectors: Tail,
    terms: Tail,
}

impl Appender {
    /// Opens the files and cuts them to what is committed.
    pub fn open(folder: &Path, lengths: Lengths) -> io::Result<Self> {
        let [slots, vectors, terms] = lengths
            .bytes()
            .map(|(ending, bytes)| Tail::open(&forward::path(folder, lengths.files, ending), bytes));
        Ok(Self { lengths, slots: slots?, vectors: vectors?, terms: terms? })
    }

    /// What the files hold with all that was appended.
    pub const fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// Appends a chunk; returns its slot. The vector is as [`crate::vector::encode`] wrote it, of the right length.
    pub fn append(&mut self, key: u64, vector: Option<&[u8]>, terms: &Terms) -> io::Result<u32> {
        let record = vector.and_then(record);
        self.append_bytes(key, record.as_deref(), &terms.to_bytes())
    }

    /// Appends a slot of other files.
    pub fn copy(&mut self, from: &Forward, number: u32) -> io::Result<u32> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "a slot points outside its files");
        let slot = from.slot(number).ok_or_else(broken)?;
        let record = if slot.vector { Some(from.record(number).ok_or_else(broken)?) } else { None };
        self.append_bytes(slot.key, record, from.terms(slot).ok_or_else(broken)?)
    }

    fn append_bytes(&mut self, key: u64, record: Option<&[u8]>, terms: &[u8]) -> io::Result<u32> {
        let full = || io::Error::other("an index holds at most four thousand million chunks");
        let number = u32::try_from(self.lengths.slots).map_err(|_| full())?;
        if let (0, Some(record)) = (self.lengths.dimension, record) {
            self.lengths.dimension = record.len() - 4;
            // Slots so far have no vectors; their places are kept, so that a slot's place follows from its number.
            for _ in 0..self.lengths.slots {
                self.vectors.push(&vec![0; self.lengths.stride()])?;
            }
        }
        let count = (terms.len() / 8) as u32;
        let slot = Slot {
            key,
            start: self.lengths.terms,
            terms: count,
            vector: record.is_some(),
            check: forward::check(key, record.unwrap_or_default(), terms),
        };
        match record {
            Some(record) => self.vectors.push(record)?,
            None => self.vectors.push(&vec![0; self.lengths.stride()])?,
        }
        self.terms.push(terms)?;
        self.slots.push(&slot.to_bytes())?;
        self.lengths.slots += 1;
        self.lengths.terms += u64::from(count);
        Ok(number)
    }

    /// Makes all that was appended durable.
    pub fn sync(&mut self) -> io::Result<()> {
        self.vectors.sync()?;
        self.terms.sync()?;
        self.slots.sync()
    }
}

/// A vector as the files keep it: the scale does not matter for cosines, so the inverse of the norm takes its place.
fn record(encoded: &[u8]) -> Option<Vec<u8>> {
    let (_, numbers) = encoded.split_first_chunk::<4>()?;
    let square: i64 = numbers.iter().map(|&number| i64::from(number as i8).pow(2)).sum();
    if square == 0 {
        return None;
    }
    let mut record = Vec::with_capacity(encoded.len());
    record.extend_from_slice(&(1.0 / (square as f32).sqrt()).to_le_bytes());
    record.extend_from_slice(numbers);
    Some(record)
}

//! What ranking and the dense leg read of a chunk by its slot: key, vector and terms, in three mapped files.
//!
//! Slots are appended and never changed. How much of the files counts is written in the lexical index's commit
//! ([`Lengths`]), so what a crash leaves behind it is cut off. The files carry a number; compacting writes the next.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use memmap2::Mmap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes of a slot: key, first term, number of terms with the vector's flag, check sum.
pub const SLOT: usize = 24;
const HAS_VECTOR: u32 = 1 << 31;

/// How much of the files counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths {
    /// The files' number.
    pub files: u64,
    /// Slots.
    pub slots: u64,
    /// Terms of all slots.
    pub terms: u64,
    /// Numbers in a vector; 0 until the first one comes.
    pub dimension: usize,
}

impl Lengths {
    /// Bytes of a vector: the inverse of its norm (0 without a vector), then its numbers.
    pub const fn stride(&self) -> usize {
        if self.dimension == 0 { 0 } else { 4 + self.dimension }
    }

    /// The names' endings and how many bytes of each file count.
    pub fn bytes(&self) -> [(&'static str, u64); 3] {
        [
            ("slots", self.slots * SLOT as u64),
            ("vectors", self.slots * self.stride() as u64),
            ("terms", self.terms * 8),
        ]
    }
}

/// The path of one file.
pub fn path(folder: &Path, files: u64, ending: &str) -> PathBuf {
    folder.join(format!("{files}.{ending}"))
}

/// One slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The chunk's key.
    pub key: u64,
    /// Its first term.
    pub start: u64,
    /// How many terms.
    pub terms: u32,
    /// Whether it has a vector.
    pub vector: bool,
    /// Of its key, vector and terms.
    pub check: u32,
}

impl Slot {
    /// As stored.
    pub fn to_bytes(self) -> [u8; SLOT] {
        let mut bytes = [0; SLOT];
        let (key, rest) = bytes.split_at_mut(8);
        let (start, rest) = rest.split_at_mut(8);
        let (terms, check) = rest.split_at_mut(4);
        key.copy_from_slice(&self.key.to_le_bytes());
        start.copy_from_slice(&self.start.to_le_bytes());
        terms.copy_from_slice(&(self.terms | if self.vector { HAS_VECTOR } else { 0 }).to_le_bytes());
        check.copy_from_slice(&self.check.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; SLOT]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (start, rest) = rest.split_first_chunk()?;
        let (terms, rest) = rest.split_first_chunk()?;
        let (check, _) = rest.split_first_chunk()?;
        let terms = u32::from_le_bytes(*terms);
        Some(Self {
            key: u64::from_le_bytes(*key),
            start: u64::from_le_bytes(*start),
            terms: terms & !HAS_VECTOR,
            vector: terms & HAS_VECTOR != 0,
            check: u32::from_le_bytes(*check),
        })
    }
}

/// The check sum of what a slot points to.
pub fn check(key: u64, vector: &[u8], terms: &[u8]) -> u32 {
    xxh3_64_with_seed(terms, xxh3_64_with_seed(vector, key)) as u32
}

/// The mapped files, as far as they are committed.
#[derive(Clone, Debug, Default)]
pub struct Forward {
    lengths: Lengths,
    slots: Option<Arc<Mmap>>,
    vectors: Option<Arc<Mmap>>,
    terms: Option<Arc<Mmap>>,
}

impl Forward {
    /// Maps the files.
    ///
    /// # Errors
    /// `UnexpectedEof` when a file is shorter than its length says, `NotFound` when it is missing.
    pub fn open(folder: &Path, lengths: Lengths) -> io::Result<Self> {
        let [slots, vectors, terms] =
            lengths.bytes().map(|(ending, bytes)| map(&path(folder, lengths.files, ending), bytes));
        Ok(Self { lengths, slots: slots?, vectors: vectors?, terms: terms? })
    }

    /// How much is mapped.
    pub const fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// Slots, dead ones too.
    pub fn len(&self) -> usize {
        self.slots.as_deref().map_or(0, |bytes| bytes.len() / SLOT)
    }

    /// A slot.
    #[inline]
    pub fn slot(&self, slot: u32) -> Option<Slot> {
        let start = slot as usize * SLOT;
        self.slots.as_deref()?.get(start..start + SLOT)?.first_chunk().and_then(Slot::from_bytes)
    }

    /// A slot's vector: the inverse of its norm and its numbers.
    #[inline]
    pub fn vector(&self, slot: u32) -> Option<(f32, &[u8])> {
        let (inverse, numbers) = self.record(slot)?.split_first_chunk()?;
        let inverse = f32::from_le_bytes(*inverse);
        (inverse != 0.0).then_some((inverse, numbers))
    }

    /// A slot's bytes in the vectors' file.
    pub fn record(&self, slot: u32) -> Option<&[u8]> {
        let stride = self.lengths.stride();
        let start = slot as usize * stride;
        self.vectors.as_deref()?.get(start..start + stride)
    }

    /// A slot's bytes in the terms' file.
    pub fn terms(&self, slot: Slot) -> Option<&[u8]> {
        if slot.terms == 0 {
            return Some(&[]);
        }
        let start = usize::try_from(slot.start).ok()?.checked_mul(8)?;
        self.terms.as_deref()?.get(start..start.checked_add(slot.terms as usize * 8)?)
    }

    /// Whether every slot's check sum is right.
    pub fn verify(&self) -> bool {
        (0..self.len() as u32).all(|number| {
            let Some(slot) = self.slot(number) else { return false };
            let vector = if slot.vector { self.record(number) } else { Some(&[][..]) };
            match (vector, self.terms(slot)) {
                (Some(vector), Some(terms)) => check(slot.key, vector, terms) == slot.check,
                _ => false,
            }
        })
    }
}

// Reason: mapping is unsafe because another process could shorten the file under us. The data folder is locked by
// one process, files only grow, and compaction removes whole files, which leaves mappings valid.
#[allow(unsafe_code)]
fn map(path: &Path, bytes: u64) -> io::Result<Option<Arc<Mmap>>> {
    if bytes == 0 {
        return Ok(None);
    }
    let file = File::open(path)?;
    if file.metadata()?.len() < bytes {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("{} is shorter than {bytes} bytes", path.display()),
        ));
    }
    let length = usize::try_from(bytes).map_err(io::Error::other)?;
    // Safety: the file is at least this long, and see above.
    let mapped = unsafe { memmap2::MmapOptions::new().len(length).map(&file)? };
    Ok(Some(Arc::new(mapped)))
}

/// Opens one of the files for appending and cuts off what was not committed.
pub fn open_for_append(path: &Path, bytes: u64) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    file.set_len(bytes)?;
    Ok(file)
}

//! What a document and everything inside it may still cost.

use std::{cell::Cell, io::Read};

use crate::{Limits, ParseError};

/// Office asks for 100,000 rounds a document; this is a few seconds.
const MOST_ROUNDS: u32 = 5_000_000;

/// Counts what containers give out, over all levels of nesting: an archive in an archive in a message draws on the
/// budget of the message.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: Cell<u64>,
    entries: Cell<usize>,
    rounds: Cell<u32>,
    limits: Limits,
}

impl Budget {
    pub fn new(size: usize, limits: &Limits) -> Self {
        // Small files may be all repetition, so the ratio counts from one megabyte on.
        let ratio = (size as u64).saturating_mul(limits.expansion_ratio).max(1 << 20);
        let bytes = ratio.min(limits.expanded_bytes);
        Self {
            bytes: Cell::new(bytes),
            entries: Cell::new(limits.archive_entries),
            rounds: Cell::new(MOST_ROUNDS),
            limits: *limits,
        }
    }

    /// How many bytes may still come out.
    pub fn bytes_left(&self) -> u64 {
        self.bytes.get()
    }

    /// Takes bytes that came out of a container.
    pub fn take_bytes(&self, count: u64) -> Result<(), ParseError> {
        match self.bytes.get().checked_sub(count) {
            Some(left) => {
                self.bytes.set(left);
                Ok(())
            }
            None => {
                self.bytes.set(0);
                Err(self.over_bytes())
            }
        }
    }

    /// Takes rounds of hashing, which a password costs: an archive may hold thousands of locked documents.
    pub fn take_rounds(&self, count: u32) -> Result<(), ParseError> {
        let left = self.rounds.get().checked_sub(count);
        self.rounds.set(left.unwrap_or_default());
        left.map(|_| ()).ok_or_else(|| ParseError::over("rounds of hashing for passwords", MOST_ROUNDS))
    }

    /// Takes entries of a container, before they are looked at.
    pub fn take_entries(&self, count: usize) -> Result<(), ParseError> {
        match self.entries.get().checked_sub(count) {
            Some(left) => {
                self.entries.set(left);
                Ok(())
            }
            None => {
                self.entries.set(0);
                Err(ParseError::over("entries", self.limits.archive_entries))
            }
        }
    }

    /// Reads to the end, counting. Declared sizes are not believed: what comes out is what counts.
    pub fn read(&self, source: impl Read, label: &'static str) -> Result<Vec<u8>, ParseError> {
        let mut content = Vec::new();
        let result = source.take(self.bytes_left().saturating_add(1)).read_to_end(&mut content);
        self.take_bytes(content.len() as u64)?;
        result.map_err(|error| ParseError::damaged(label, error))?;
        Ok(content)
    }

    pub fn over_bytes(&self) -> ParseError {
        ParseError::over("bytes when expanded", self.limits.expanded_bytes)
    }
}

//! ZIP containers that cannot grow without bound.

use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use crate::{Limits, ParseError};

/// A container whose entries are read under the limits.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    format: &'static str,
    budget: u64,
    spent: u64,
}

impl<'a> Archive<'a> {
    /// Opens a container after a look at the sizes that its directory declares.
    pub fn open(bytes: &'a [u8], format: &'static str, limits: &Limits) -> Result<Self, ParseError> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| ParseError::damaged(format, error))?;
        if zip.len() > limits.archive_entries {
            return Err(ParseError::over("entries", limits.archive_entries));
        }
        // Small files may be all repetition, so the ratio counts from one megabyte on.
        let ratio = (bytes.len() as u64).saturating_mul(limits.expansion_ratio).max(1 << 20);
        let budget = ratio.min(limits.expanded_bytes);
        let archive = Self { zip, format, budget, spent: 0 };
        if archive.zip.decompressed_size().is_some_and(|size| size > u128::from(budget)) {
            return Err(archive.over());
        }
        Ok(archive)
    }

    /// The whole content of an entry, or `None` when there is none of that name. The declared size is not
    /// believed: what comes out is counted, over all entries.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(ParseError::damaged(self.format, error)),
        };
        let left = self.budget - self.spent;
        let mut content = Vec::new();
        entry
            .take(left + 1)
            .read_to_end(&mut content)
            .map_err(|error| ParseError::damaged(self.format, error))?;
        if content.len() as u64 > left {
            return Err(self.over());
        }
        self.spent += content.len() as u64;
        Ok(Some(content))
    }

    /// Expands everything into nothing, to know the true size before a reader that does not count.
    pub fn check_all(&mut self) -> Result<(), ParseError> {
        for index in 0..self.zip.len() {
            // An entry that cannot be opened is the reader's to judge; it cannot grow.
            let Ok(entry) = self.zip.by_index(index) else { continue };
            let left = self.budget - self.spent;
            let size = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink()).unwrap_or_default();
            if size > left {
                return Err(self.over());
            }
            self.spent += size;
        }
        Ok(())
    }

    /// The names of all entries.
    pub fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect()
    }

    fn over(&self) -> ParseError {
        ParseError::over("bytes when expanded", self.budget)
    }
}

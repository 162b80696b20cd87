//! ZIP containers that cannot grow without bound.

use std::io::Cursor;

use zip::{ZipArchive, result::ZipError};

use crate::{ParseError, budget::Budget, formats::Input};

/// A container whose entries are read under the budget.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    format: &'static str,
    budget: &'a Budget,
}

/// One entry of a container, before it is read.
pub(crate) struct Entry {
    /// The name as the bytes that the directory has.
    pub raw_name: Vec<u8>,
    /// The name as UTF-8, where the directory says that it is.
    pub name: Option<String>,
    pub is_folder: bool,
    pub is_encrypted: bool,
    /// What the directory says of its size.
    pub size: u64,
}

impl<'a> Archive<'a> {
    /// Opens a container after a look at the sizes that its directory declares.
    pub fn open(input: &Input<'a>, format: &'static str) -> Result<Self, ParseError> {
        let archive = Self::of(input, format)?;
        // The parts of one document, which are no files of their own.
        if archive.zip.len() > input.limits.archive_entries {
            return Err(ParseError::over("entries", input.limits.archive_entries));
        }
        if archive.zip.decompressed_size().is_some_and(|size| size > u128::from(input.budget.bytes_left())) {
            return Err(input.budget.over_bytes());
        }
        Ok(archive)
    }

    /// Opens a container whose entries are taken one by one until the budget ends.
    pub fn open_unsized(input: &Input<'a>, format: &'static str) -> Result<Self, ParseError> {
        let archive = Self::of(input, format)?;
        input.budget.take_entries(archive.zip.len())?;
        Ok(archive)
    }

    fn of(input: &Input<'a>, format: &'static str) -> Result<Self, ParseError> {
        let zip =
            ZipArchive::new(Cursor::new(input.bytes)).map_err(|error| ParseError::damaged(format, error))?;
        Ok(Self { zip, format, budget: input.budget })
    }

    /// The whole content of an entry, or `None` when there is none of that name. The declared size is not
    /// believed: what comes out is counted, over all entries.
    pub fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let entry = match self.zip.by_name(name) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(ParseError::damaged(self.format, error)),
        };
        self.budget.read(entry, self.format).map(Some)
    }

    /// The text of a part; a part that is not there is empty.
    pub fn text(&mut self, name: &str) -> Result<String, ParseError> {
        let bytes = self.read(name)?.unwrap_or_default();
        Ok(crate::decode::decode(&bytes, None))
    }

    /// Expands everything into nothing, to know the true size before a reader that does not count.
    pub fn check_all(&mut self) -> Result<(), ParseError> {
        for index in 0..self.zip.len() {
            // An entry that cannot be opened is the reader's to judge; it cannot grow.
            let Ok(entry) = self.zip.by_index(index) else { continue };
            let left = self.budget.bytes_left().saturating_add(1);
            let mut entry = std::io::Read::take(entry, left);
            let size = std::io::copy(&mut entry, &mut std::io::sink()).unwrap_or_default();
            self.budget.take_bytes(size)?;
        }
        Ok(())
    }

    /// The names of all entries.
    pub fn names(&self) -> Vec<String> {
        self.zip.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect()
    }

    pub fn len(&self) -> usize {
        self.zip.len()
    }

    /// What the directory says of an entry.
    pub fn entry(&mut self, index: usize) -> Option<Entry> {
        let entry = self.zip.by_index_raw(index).ok()?;
        let raw_name = entry.name_raw().to_vec();
        let name = std::str::from_utf8(&raw_name).ok().map(str::to_owned);
        Some(Entry {
            name,
            raw_name,
            is_folder: !entry.is_file(),
            is_encrypted: entry.encrypted(),
            size: entry.size(),
        })
    }

    /// The content of an entry by its place.
    pub fn read_at(&mut self, index: usize, password: Option<&str>) -> Result<Vec<u8>, ParseError> {
        let entry = match password {
            Some(password) => self.zip.by_index_decrypt(index, password.as_bytes()),
            None => self.zip.by_index(index),
        };
        let entry = entry.map_err(|error| match error {
            ZipError::InvalidPassword | ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
                ParseError::encrypted(self.format, password)
            }
            error => ParseError::damaged(self.format, error),
        })?;
        self.budget.read(entry, self.format)
    }
}

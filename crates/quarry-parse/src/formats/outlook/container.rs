//! The tree of storages and streams in an OLE container.

use std::{
    collections::{HashMap, HashSet},
    io::Cursor,
};

use office_oxide::cfb::{CfbReader, EntryType};

use super::LABEL;
use crate::{ParseError, budget::Budget, formats::Input};

/// A container with an index of what is in which storage.
pub(super) struct Container<'a> {
    reader: CfbReader<Cursor<&'a [u8]>>,
    children: HashMap<usize, Vec<usize>>,
    budget: &'a Budget,
}

impl<'a> Container<'a> {
    pub fn open(input: &Input<'a>) -> Result<Self, ParseError> {
        let reader =
            CfbReader::new(Cursor::new(input.bytes)).map_err(|error| ParseError::damaged(LABEL, error))?;
        let mut container = Self { reader, children: HashMap::new(), budget: input.budget };
        container.index();
        Ok(container)
    }

    /// Walks the siblings of every storage once. An entry that a circle reaches again is not followed.
    fn index(&mut self) {
        let entries = self.reader.entries();
        let mut seen: HashSet<usize> = HashSet::new();
        let mut waiting: Vec<(usize, u32)> =
            entries.first().map(|root| (0, root.child)).into_iter().collect();
        while let Some((parent, index)) = waiting.pop() {
            let index = index as usize;
            let Some(entry) = entries.get(index).filter(|_| seen.insert(index)) else { continue };
            self.children.entry(parent).or_default().push(index);
            waiting.push((parent, entry.left_sibling));
            waiting.push((parent, entry.right_sibling));
            if entry.entry_type == EntryType::Storage {
                waiting.push((index, entry.child));
            }
        }
    }

    pub fn root(&self) -> usize {
        0
    }

    /// What stands in a storage under a name.
    pub fn child(&self, storage: usize, name: &str) -> Option<usize> {
        let entries = self.reader.entries();
        let named =
            |index: &usize| entries.get(*index).is_some_and(|entry| entry.name.eq_ignore_ascii_case(name));
        self.children.get(&storage)?.iter().copied().find(named)
    }

    /// The storages in a storage whose names start so, in the order of their names.
    pub fn storages(&self, storage: usize, prefix: &str) -> Vec<usize> {
        let entries = self.reader.entries();
        let mut found: Vec<(&str, usize)> = Vec::new();
        for index in self.children.get(&storage).into_iter().flatten() {
            if let Some(entry) = entries.get(*index)
                && entry.entry_type == EntryType::Storage
                && entry.name.starts_with(prefix)
            {
                found.push((&entry.name, *index));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// The content of a stream; `None` when there is none of that name. Several entries may claim the same bytes, so
    /// what comes out is counted.
    pub fn stream(&mut self, storage: usize, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let Some(index) = self.child(storage, name) else { return Ok(None) };
        if self.reader.entries().get(index).is_none_or(|entry| entry.entry_type != EntryType::Stream) {
            return Ok(None);
        }
        let content =
            self.reader.read_stream_by_index(index).map_err(|error| ParseError::damaged(LABEL, error))?;
        self.budget.take_bytes(content.len() as u64)?;
        Ok(Some(content))
    }
}

//! What the collection has of the folder.

use std::{collections::HashMap, time::SystemTime};

use quarry_core::{CollectionName, Document, DocumentId, PageRequest, Value};

use super::command::{WATCHED_FROM, Watched};
use crate::{
    backend::Backend,
    failure::{Exit, Outcome},
};

/// When a file was changed, and its size.
pub(super) type Stamp = (SystemTime, u64);

/// A document of the folder.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: DocumentId,
    pub(super) content_hash: String,
    /// What its file looked like when it was last read; none when it is to be read again.
    pub(super) stamp: Option<Stamp>,
}

/// Documents by their sources, and files that are not documents.
#[derive(Default)]
pub(super) struct Known {
    pub(super) items: HashMap<String, Item>,
    /// Files that were passed over or refused, as they looked then: they are looked at again when they change.
    pub(super) refused: HashMap<String, Stamp>,
    fresh: Vec<DocumentId>,
}

impl Known {
    /// Asks the collection.
    pub(super) async fn load(backend: &Backend, watched: &Watched) -> Outcome<Self> {
        let mut known = Self::default();
        let mut page = PageRequest::new(Some(PageRequest::MAX), None);
        loop {
            let listed = match backend.documents(&watched.options.collection, None, &page).await {
                Ok(listed) => listed,
                // The default collection is made when the first document comes.
                Err(failure)
                    if failure.exit == Exit::NotFound
                        && watched.options.collection == CollectionName::fallback() =>
                {
                    return Ok(known);
                }
                Err(failure) => return Err(failure),
            };
            for document in listed.items.into_iter().filter(|document| is_ours(document, watched)) {
                let Document { id, source, content_hash, .. } = document;
                known.items.insert(source, Item { id, content_hash, stamp: None });
            }
            match listed.next_cursor {
                Some(cursor) => page = PageRequest::new(Some(PageRequest::MAX), Some(cursor)),
                None => return Ok(known),
            }
        }
    }

    /// A document was added or changed.
    pub(super) fn keep(&mut self, source: String, item: Item) {
        self.fresh.push(item.id);
        self.items.insert(source, item);
    }

    /// Documents that were added or changed since the start.
    pub(super) fn fresh(&self) -> Vec<DocumentId> {
        self.fresh.clone()
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}

/// Others' documents are not touched, whatever their sources are called.
fn is_ours(document: &Document, watched: &Watched) -> bool {
    let from = document.metadata.get(WATCHED_FROM);
    from == Some(&Value::Text(watched.label.clone())) && document.source.starts_with(&watched.options.prefix)
}

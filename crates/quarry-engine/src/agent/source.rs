//! The numbered passages of a run. Only what stands here can be cited: a number that is not is refused.

use parking_lot::Mutex;
use quarry_core::{ChunkRef, CollectionName, DocumentId, Span};
use serde::{Deserialize, Serialize};

use crate::retrieve::Hit;

/// A passage that a tool brought into a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// What the model cites as `[n]`, from 1.
    pub number: u32,
    /// Its collection.
    pub collection: CollectionName,
    /// Its document.
    pub document_id: DocumentId,
    /// The passage.
    pub chunk_id: ChunkRef,
    /// The document's title.
    pub title: String,
    /// Where the document came from.
    pub source: String,
    /// The page, from 1, where the format has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Where the text stands in the document's parsed text, in characters.
    pub span: Span,
    /// The text the model was shown.
    pub text: String,
}

impl Source {
    /// A hit, not numbered yet.
    #[must_use]
    pub fn from_hit(collection: CollectionName, hit: Hit) -> Self {
        Self {
            number: 0,
            collection,
            document_id: hit.document_id,
            chunk_id: hit.chunk_id,
            title: hit.title,
            source: hit.source,
            page: hit.page,
            span: hit.span,
            text: hit.text,
        }
    }
}

/// Every passage of one run, numbered in the order they came. Shared by tools that run in parallel.
#[derive(Debug, Default)]
pub struct Sources {
    known: Mutex<Vec<Source>>,
}

impl Sources {
    /// Those of a run that goes on, or is run again. They keep their numbers.
    #[must_use]
    pub fn restored(mut known: Vec<Source>) -> Self {
        known.sort_by_key(|source| source.number);
        known.dedup_by_key(|source| source.number);
        Self { known: Mutex::new(known) }
    }

    /// Adds a passage and gives its number: the old one where the same span of the same chunk is known already.
    /// `source.number` is ignored.
    pub fn add(&self, mut source: Source) -> u32 {
        let mut known = self.known.lock();
        let same = |other: &&Source| other.chunk_id == source.chunk_id && other.span == source.span;
        if let Some(other) = known.iter().find(same) {
            return other.number;
        }
        source.number = known.last().map_or(0, |last| last.number).saturating_add(1);
        let number = source.number;
        known.push(source);
        number
    }

    /// The passage with a number.
    #[must_use]
    pub fn find(&self, number: u32) -> Option<Source> {
        self.known.lock().iter().find(|source| source.number == number).cloned()
    }

    /// All of them, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Source> {
        self.known.lock().clone()
    }
}

//! What a place must be able to do to be kept in sync.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use quarry_core::Timestamp;

/// A place that holds entries: files of a folder, pages of the web.
///
/// Contract, checked by [`super::testing::source_contract`] for every implementation:
///
/// * `list` shows each entry once, in pages of at most [`Listed::MOST`], under a key that stays the same as long as the
///   entry does: not empty, at most [`Entry::LONGEST_KEY`] bytes, without control characters.
/// * An entry that did not change shows an equal fingerprint, or none; one that changed shows another, or none.
/// * `fetch` gives the bytes that the entry has now, or says that they are those of the given fingerprint.
/// * An entry that was removed is not listed any more, or `fetch` says that it is gone. A key that was never listed is
///   gone too, whatever it looks like.
/// * A listing that could not be finished says so: as an error at its end, or by naming the parts it could not read. What
///   is neither listed nor below such a part is not there.
#[async_trait]
pub trait Source: Send + Sync {
    /// All entries, page by page.
    fn list(&self) -> BoxStream<'static, Result<Listed, SourceError>>;

    /// The bytes of an entry. `known` is what it looked like when it was last read; empty when it never was.
    ///
    /// # Errors
    /// It cannot be read now, which says nothing about whether it is there.
    async fn fetch(&self, key: &str, known: &Fingerprint) -> Result<Fetched, SourceError>;

    /// How many entries may be fetched at a time.
    fn parallel(&self) -> usize;
}

/// Why a place or an entry could not be read, as a sentence for the person who looks after the source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Parts that could not be listed.
    pub unread: Vec<Unread>,
}

impl Listed {
    /// Entries of one page at most.
    pub const MOST: usize = 500;
}

/// An entry as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the source.
    pub key: String,
    /// When it was changed and its size, where the listing tells: equal ones mean that nothing is to be read.
    pub fingerprint: Option<(Timestamp, u64)>,
}

impl Entry {
    /// Longest key in bytes: with the source's name before it, it has to fit into a document's source.
    pub const LONGEST_KEY: usize = 1_900;
}

/// A part of a source that could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The beginning of the keys below it, without the slash; empty for the whole source.
    pub part: String,
    /// A sentence.
    pub reason: String,
}

/// What an entry looked like when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its entity tag.
    pub etag: Option<String>,
    /// When it was changed, in the words of a server.
    pub last_modified: Option<String>,
    /// When it was changed; none where that cannot be relied on.
    pub modified_at: Option<Timestamp>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// What fetching an entry came to.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// Its bytes are those of the fingerprint that was given.
    Unchanged,
    /// Its bytes.
    Content(Content),
    /// It is of a kind that is not read, or it is empty.
    Skipped {
        /// A sentence.
        reason: String,
        /// What it looked like.
        fingerprint: Fingerprint,
    },
    /// It is not there.
    Gone,
}

/// The bytes of an entry.
#[derive(Clone, Debug)]
pub struct Content {
    /// The bytes.
    pub bytes: Bytes,
    /// A file name, whose extension is a hint for detection.
    pub name: String,
    /// What the place says it is.
    pub media_type: Option<String>,
    /// What it looked like when it was read.
    pub fingerprint: Fingerprint,
}

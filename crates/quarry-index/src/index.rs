//! The contract of an index engine.

use std::sync::Arc;

use async_trait::async_trait;
use quarry_core::{DocumentId, ErrorKind, Fault, Filter, Metadata, Scope};

use crate::terms::Terms;

/// A chunk as an index sees it: no text.
#[derive(Clone, Debug)]
pub struct IndexChunk {
    /// The chunk's row key in the database; never reused within a scope.
    pub key: u64,
    /// Whose chunk; [`Change::Remove`] names documents.
    pub document: DocumentId,
    /// Its analysed terms.
    pub terms: Terms,
    /// Its vector as [`crate::vector::encode`] wrote it; `None` where the embedder gave no vector (text without
    /// known tokens).
    pub vector: Option<Arc<[u8]>>,
    /// What filters can ask about.
    pub metadata: Arc<Metadata>,
}

/// One change, in the order of the database's commits.
#[derive(Clone, Debug)]
pub enum Change {
    /// A chunk became visible.
    Add(IndexChunk),
    /// All chunks that a document has in the index so far are gone. Chunks added later in the same or a later
    /// batch stay.
    Remove(DocumentId),
}

/// Changes, and the collection's sequence number that the index stands at when it has applied them all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In order.
    pub changes: Vec<Change>,
    /// The last change's number.
    pub sequence: u64,
}

/// What to look for.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// Stems of the question, each once; empty switches the lexical leg off.
    pub stems: &'a [u32],
    /// The question's vector, normalised; `None` switches the dense leg off.
    pub vector: Option<&'a [f32]>,
    /// Only chunks whose metadata match. Applied inside both legs, before their best are chosen.
    pub filter: Option<&'a Filter>,
    /// How many candidates each leg gives.
    pub depth: usize,
    /// Whether candidates bring their terms. A ranker that reads none is spared fetching them.
    pub terms: bool,
}

/// A candidate's place in one leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// From 1.
    pub rank: u32,
    /// BM25, or cosine.
    pub score: f32,
}

/// A chunk that one of the legs proposes.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The chunk's key.
    pub key: u64,
    /// Its place among the lexical leg's best, if it is there.
    pub lexical: Option<Leg>,
    /// Its place among the dense leg's best, if it is there.
    pub dense: Option<Leg>,
    /// Cosine with the question, also when the dense leg did not propose it; 0 without vectors.
    pub cosine: f32,
    /// Its terms, as a range of [`Candidates::terms`].
    pub terms: std::ops::Range<usize>,
}

/// The union of what the legs propose, with what ranking needs of it.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Each chunk once, in no particular order.
    pub items: Vec<Candidate>,
    /// All candidates' packed terms in one buffer.
    pub terms: Vec<u64>,
    /// Chunks in the index.
    pub chunks: u64,
    /// Mean number of terms of a chunk.
    pub average_length: f32,
    /// In how many chunks each of [`Search::stems`] stands.
    pub frequencies: Vec<u64>,
}

/// What an index holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexState {
    /// The last sequence number that is durable and searchable; 0 for a new or discarded index.
    pub sequence: u64,
    /// Chunks that can be found.
    pub chunks: u64,
    /// Their keys, sorted; filled only when asked for.
    pub keys: Vec<u64>,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Why an index call failed.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The vectors' length is not the collection's.
    #[error(
        "the vector has {found} numbers, this collection's have {expected}: it comes from another embedding model"
    )]
    Dimension {
        /// What the scope holds.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The shard's files cannot be used; it was set aside and stands at sequence 0, so replaying rebuilds it.
    #[error("the index files are damaged: {0}")]
    Damaged(String),
    /// The disk said no.
    #[error("the index cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// The engine failed in another way.
    #[error("the index engine failed: {0}")]
    Engine(String),
}

impl Fault for IndexError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Dimension { .. } => ErrorKind::Conflict,
            Self::Damaged(_) | Self::Io(_) => ErrorKind::Unavailable,
            Self::Engine(_) => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Dimension { .. } => "embedder_mismatch",
            Self::Damaged(_) => "index_damaged",
            Self::Io(_) => "index_io",
            Self::Engine(_) => "index_failed",
        }
    }
}

/// An index engine.
///
/// Contract, checked by `testing::contract` for every engine:
/// - a scope that was never written is empty at sequence 0; nothing needs to be created first;
/// - `apply` makes changes neither durable nor searchable by itself; `commit` makes all that was applied both, and
///   returns the sequence reached; a crash before it loses the whole tail, never a part of a batch in the middle;
/// - batches whose sequence is not above the scope's applied one are ignored, so replays are harmless;
/// - after a failed `apply` or `commit` (other than [`IndexError::Dimension`]) the index may stand at an older
///   sequence: whoever feeds it asks for its `state` and replays from there. An index that lost something on its own
///   refuses writes until that has happened;
/// - two scopes never see each other's chunks;
/// - `search` sees only committed changes and returns each leg's true best within the filter (the dense leg may be
///   approximate above a documented size).
#[async_trait]
pub trait Index: Send + Sync {
    /// Takes changes in.
    async fn apply(&self, scope: &Scope, batch: Batch) -> Result<(), IndexError>;

    /// Makes what was applied durable and searchable; returns the sequence reached.
    async fn commit(&self, scope: &Scope) -> Result<u64, IndexError>;

    /// The candidates of both legs.
    async fn search(&self, scope: &Scope, search: Search<'_>) -> Result<Candidates, IndexError>;

    /// What the scope holds; its keys too when asked for.
    async fn state(&self, scope: &Scope, with_keys: bool) -> Result<IndexState, IndexError>;

    /// Discards the scope's index: it is empty at sequence 0 afterwards.
    async fn discard(&self, scope: &Scope) -> Result<(), IndexError>;
}

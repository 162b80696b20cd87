//! Chunks: published by a worker, read by questions, replayed to indexes.

mod build;
mod publish;
mod read;
mod replay;

use std::sync::Arc;

use quarry_core::{ChunkKind, ChunkRef, CollectionId, Document, DocumentId, JobId, Metadata, Span, TenantId};

use crate::store::Store;

/// The chunks of a store.
pub struct Chunks<'a> {
    pub(crate) store: &'a Store,
}

/// A chunk to publish.
#[derive(Clone, Debug)]
pub struct NewChunk {
    /// Its text.
    pub text: String,
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
    /// Its page, from 1.
    pub page: Option<u32>,
    /// Its place in the parsed text.
    pub span: Span,
    /// What it can be widened to, in characters of the parsed text.
    pub window: Option<Span>,
    /// What it mostly is.
    pub kind: ChunkKind,
    /// A hash of what was embedded: an equal one needs no new vector.
    pub content_hash: [u8; 16],
    /// Its analysed terms, as the index writes them.
    pub terms: Vec<u8>,
    /// Its vector, as the index writes it.
    pub vector: Option<Vec<u8>>,
}

/// A version of a document, read and cut into chunks; their ordinals are their places in `chunks`.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Whose.
    pub tenant: TenantId,
    /// Which collection; the same in all publications of a call.
    pub collection: CollectionId,
    /// Which document.
    pub document: DocumentId,
    /// Which version of it.
    pub version: u32,
    /// The job that is done with this.
    pub job: Option<JobId>,
    /// Its title.
    pub title: String,
    /// What it is, detected from its bytes.
    pub media_type: String,
    /// Main language, ISO 639-3.
    pub language: Option<String>,
    /// Pages, where the format has them.
    pub pages: Option<u32>,
    /// The whole parsed text.
    pub text: String,
    /// The embedder's id and the numbers in one of its vectors.
    pub model: (String, u32),
    /// Its chunks, in order.
    pub chunks: Vec<NewChunk>,
    /// Which of the collection's chunks they belong to: those of the generation that they were made for.
    pub chunk_set: u32,
}

/// What publishing did.
#[derive(Clone, Debug)]
pub struct Published {
    /// The collection's sequence number of this change; 0 when nothing was published.
    pub sequence: u64,
    /// One for each publication, in order; none when its document was removed or has a newer version.
    pub documents: Vec<Option<PublishedDocument>>,
}

/// A document that is published.
#[derive(Clone, Debug)]
pub struct PublishedDocument {
    /// The document, as it is now.
    pub document: Document,
    /// Whether it had chunks before, which the index must remove.
    pub had_chunks: bool,
    /// The keys of its chunks, in their order.
    pub keys: Vec<u64>,
}

/// A chunk with what is shown of its document.
#[derive(Clone, Debug)]
pub struct ChunkRow {
    /// Its key in the index.
    pub key: u64,
    /// Its public id.
    pub reference: ChunkRef,
    /// Its document's title.
    pub title: String,
    /// Its document's source.
    pub source: String,
    /// Its document's metadata.
    pub metadata: Metadata,
    /// Its text.
    pub text: String,
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
    /// Its page, from 1.
    pub page: Option<u32>,
    /// Its place in the parsed text.
    pub span: Span,
    /// What it can be widened to, in characters of the parsed text.
    pub window: Option<Span>,
    /// What it mostly is.
    pub kind: ChunkKind,
}

/// What ranking wants of a candidate.
#[derive(Clone, Debug)]
pub struct RankingRow {
    /// Its key in the index.
    pub key: u64,
    /// Its document.
    pub document: DocumentId,
    /// Its analysed terms.
    pub terms: Vec<u8>,
    /// Its vector.
    pub vector: Option<Vec<u8>>,
}

/// A vector that a document has already.
#[derive(Clone, Debug)]
pub struct KnownVector {
    /// The hash of what was embedded.
    pub content_hash: [u8; 16],
    /// The vector.
    pub vector: Vec<u8>,
}

/// All changes with one sequence number. The removals come before the additions.
#[derive(Clone, Debug)]
pub struct SequencedChanges {
    /// The number.
    pub sequence: u64,
    /// Documents whose chunks from before go.
    pub removed: Vec<DocumentId>,
    /// Chunks that come.
    pub added: Vec<ChangedChunk>,
}

/// A chunk to be indexed.
#[derive(Clone, Debug)]
pub struct ChangedChunk {
    /// Its key in the index.
    pub key: u64,
    /// Its document.
    pub document: DocumentId,
    /// Its analysed terms.
    pub terms: Vec<u8>,
    /// Its vector.
    pub vector: Option<Vec<u8>>,
    /// The embedder the vector came from.
    pub model: Arc<str>,
    /// What filters can ask about; shared by the chunks of a document.
    pub metadata: Arc<Metadata>,
}

//! The shapes of requests and responses.
//!
//! Requests and upload results are types of the door. Most responses are the engine's own values, serialised as they
//! are; their schemas stand here for the OpenAPI document, and the integration tests hold every response against it.

mod collection;
mod document;
mod filter;
mod history;
mod index;
mod job;
pub(crate) mod page;
mod search;

pub use collection::{Collection, CollectionWithCounts, Counts, DescribeCollection, NewCollection};
pub use document::{
    AddDocuments, Added, AddedDocument, Chunk, ChunkKind, Document, DocumentStatus, Metadata, NewDocument,
    Outcome, Span, UpdateDocument, UploadForm,
};
pub use filter::{Comparison, Filter, Membership, Presence, Range, Scalar};
pub use history::HistoryEntry;
pub use index::{HealthCheck, RebuildIndex, Repair, Verification};
pub use job::{Job, JobStatus};
pub use page::{ChunkPage, CollectionPage, DocumentPage, HistoryPage, JobPage, PageParameters};
pub use search::{
    Answer, Citation, Explanation, Hit, LegExplanation, Mode, QueryBody, RankerChoice, SearchBody,
    SearchResponse, Sentence, Share, Weights,
};

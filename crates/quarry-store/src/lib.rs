//! Everything remembered that is not an index: tenants, collections, documents with their versions and chunks, jobs,
//! question history, agents, sessions, facts, runs, sources, webhooks, audit, kept answers, and the original bytes; and how
//! much of a rate limit is used up ([`limits`], in memory or in Redis).
//!
//! One [`Store`] over SQLite or PostgreSQL; the same queries and the same tests on both. Every method that touches a
//! tenant's rows takes its [`quarry_core::TenantId`] and finds nothing of another. Every change is one transaction
//! and, once answered, on disk.
//!
//! Chunks carry the sequence number of the change that made them visible, taken from their collection's own row
//! inside the transaction, so that the order of numbers is the order of commits. [`Chunks::changes_after`] replays
//! them to an index that is behind.

mod agents;
mod audit;
mod blobs;
mod chunks;
mod collections;
mod documents;
mod error;
mod events;
mod facts;
mod generations;
mod history;
mod idempotency;
mod jobs;
mod keys;
pub mod limits;
mod messages;
mod page;
mod people;
mod reach;
mod runs;
mod sessions;
mod sources;
mod sql;
mod store;
mod swap;
mod tenants;
pub mod testing;
mod usage;
mod webhooks;

pub use agents::{AgentChange, AgentRow, AgentVersion, Agents, NewAgent};
pub use audit::{
    Audit, AuditBreak, AuditEntry, AuditFault, AuditFilter, AuditMark, AuditNote, AuditVerification,
};
pub use blobs::Blobs;
pub use chunks::{
    ChangedChunk, ChunkRow, Chunks, KnownVector, NewChunk, Publication, Published, PublishedDocument,
    RankingRow, SequencedChanges,
};
pub use collections::{Collections, DocumentCounts, NewCollection};
pub use documents::{Added, DocumentFilter, Documents, NewDocument, NewFields, NewPlace, Outcome};
pub use error::StoreError;
pub use facts::{FactChange, FactRow, Facts};
pub use generations::{Generation, GenerationState, Generations, NewGeneration};
pub use history::{History, HistoryEntry, HistoryFilter, NewHistory};
pub use idempotency::{Idempotency, Remembered};
pub use jobs::{
    DeadFilter, Heartbeat, Job, JobFailure, JobInfo, JobStage, JobStats, JobStatus, Jobs, Lane, StageAge,
};
pub use keys::{FoundKey, KeyRotation, KeyRow, Keys, NewKey, Owner};
pub use messages::{Message, NewMessage};
pub use people::{Account, People, Standing};
pub use reach::Reach;
pub use runs::{FinishedRun, RunEventRow, RunFilter, RunRow, RunState, Runs};
pub use sessions::{SessionRow, Sessions};
pub use sources::{
    Moved, NewSource, Seen, SeenEntry, Settled, SourceChange, SourceCounts, SourceEnd, SourceFailure,
    SourceItem, SourceKind, SourceLease, SourceRow, SourceRun, SourceRunState, Sources,
};
pub use store::{Store, StoreConfig};
pub use tenants::{Holdings, TenantRow, TenantStatus, Tenants};
pub use usage::{Usages, day_of};
pub use webhooks::{
    Delivery, DeliveryEnd, DeliveryInfo, DeliveryState, EVENT_DEAD, EVENT_READY, NewWebhook, WebhookRow,
    Webhooks,
};

/// Longest source of a document in bytes: what one entry of PostgreSQL's index can hold.
pub const MAX_SOURCE: usize = 2_048;

/// Most facts that are remembered about one user: they are all read when some are recalled.
pub const MAX_FACTS: u32 = 1_000;

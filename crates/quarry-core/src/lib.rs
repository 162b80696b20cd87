//! The words every other crate speaks: ids, documents, chunks, filters, permissions, errors.
//!
//! This crate does no I/O, knows no database, no HTTP and no vendor. Everything above it depends on it and it
//! depends on nothing of ours.

pub mod access;
pub mod audit;
pub mod chunk;
pub mod chunking;
pub mod clock;
pub mod document;
pub mod error;
pub mod filter;
pub mod id;
pub mod metadata;
pub mod page;
pub mod policy;
pub mod quota;
pub mod secret;
pub mod tenant;

pub use access::{Access, Actor, By, Denied, Origin, Rights, Visibility};
pub use audit::{AuditAction, AuditOutcome};
pub use chunk::{ChunkKind, ChunkRef, Span};
pub use chunking::{ChunkStrategy, Chunking};
pub use clock::{Clock, SystemClock, Timestamp};
pub use document::{Document, DocumentStatus, Ingestion};
pub use error::{ErrorKind, Fault};
pub use filter::{Filter, FilterError};
pub use id::{
    AgentId, CollectionId, DeliveryId, DocumentId, FactId, GroupId, JobId, KeyId, QueryId, RunId, SessionId,
    SourceId, TenantId, UserId, WebhookId,
};
pub use metadata::{Metadata, Value};
pub use page::{Cursor, Page, PageRequest};
pub use policy::{Action, KeyScope, Role};
pub use quota::{Quota, Quotas, Usage};
pub use secret::Secret;
pub use tenant::{Collection, CollectionName, NameError, Scope};

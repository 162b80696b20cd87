//! The shapes of requests and responses.
//!
//! Requests and upload results are types of the door. Most responses are the engine's own values, serialised as they
//! are; their schemas stand here for the OpenAPI document, and the integration tests hold every response against it.

mod agent;
mod answer;
mod audit;
mod collection;
mod document;
mod event;
mod filter;
mod history;
mod identity;
mod index;
mod job;
pub(crate) mod page;
mod run;
mod search;
mod session;
mod source;
mod tenant;
mod trace;
mod webhook;

pub use agent::{Agent, AgentDefinition, Budgets, NewAgent, Style, UpdateAgent};
pub(crate) use answer::ModelAnswer;
pub use answer::{Answer, Citation, Sentence};
pub use audit::{AuditBreak, AuditEntry, AuditFault, AuditMark, AuditOutcome, AuditVerification};
pub use collection::{
    ChunkStrategy, Chunking, Collection, CollectionProgress, CollectionWithCounts, Counts,
    DescribeCollection, Generation, GenerationState, Generations, NewCollection,
};
pub use document::{
    AddDocuments, Added, AddedDocument, BulkFailure, BulkReport, Chunk, ChunkKind, Document, DocumentStatus,
    Ingestion, Metadata, NewDocument, Outcome, Span, UpdateDocument, UploadForm,
};
pub use event::AgentEvent;
pub use filter::{Comparison, Filter, Membership, Presence, Range, Scalar};
pub use history::HistoryEntry;
pub use identity::{Key, KeyScope, KeyStatus, MadeKey, NewKey, Role, RotateKey, Whoami};
pub use index::{HealthCheck, RebuildIndex, Repair, Verification};
pub use job::{DeadCount, Job, JobStage, JobStatus, WhichDead};
pub use page::{
    AgentPage, AuditPage, ChunkPage, CollectionPage, DeliveryPage, DocumentPage, FactPage, HistoryPage,
    JobPage, KeyPage, Limit, MessagePage, PageParameters, RunPage, SessionPage, SourceItemPage, SourcePage,
    SourceRunPage, TenantPage, WebhookPage,
};
pub use run::{Approval, Decision, NewRun, RunAnswer, RunSentence, RunWaiting, Source, Usage};
pub use search::{
    Explanation, Hit, LegExplanation, Mode, QueryBody, RankerChoice, SearchBody, SearchResponse, Share,
    Weights,
};
pub use session::{
    Erased, Fact, Message, NewFact, NewSession, RenameSession, Session, SessionExport, UpdateFact,
};
pub use source::{
    NewSource, Push, PushDocument, SourceFailure, SourceItem, SourceItemState, SourceKind, SourceRun,
    SourceRunState, SyncedSource, UpdateSource,
};
pub use tenant::{
    DayUsage, Holdings, MadeTenant, NewTenant, Quotas, Tenant, TenantChange, TenantStatus, TenantUsage,
};
pub use trace::{Call, Difference, NumberedEvent, Replay, Reply, Run, RunFailure, RunState, RunTrace};
pub use webhook::{Delivery, DeliveryState, NewWebhook, Webhook};

//! Jobs.

use utoipa::ToSchema;
use uuid::Uuid;

/// A unit of background work.
#[derive(Clone, Debug, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// What it does.
    #[schema(example = "ingest")]
    pub kind: String,
    /// For which collection.
    pub collection_id: Uuid,
    /// For which document.
    pub document_id: Uuid,
    /// Where it is.
    pub status: JobStatus,
    /// How often it was tried.
    pub attempt: u32,
    /// How often it may be.
    pub max_attempts: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it may run next, or when its worker's lease ends; absent when it is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<String>,
    /// When it was queued.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// Where a job is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum JobStatus {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It is over.
    Done,
    /// It was given up; a person can revive it.
    Dead,
}

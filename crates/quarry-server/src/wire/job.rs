//! Jobs.

use serde::{Deserialize, Serialize};
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
    /// Where it is in the queue.
    pub status: JobStatus,
    /// The last thing that is done; of a dead job, what it failed after.
    pub stage: JobStage,
    /// Since when it has been in its stage.
    #[schema(value_type = String, format = DateTime)]
    pub entered_at: String,
    /// Parts of the stage at hand that are done: pages that are recognised, passages that are embedded.
    pub done: u64,
    /// Parts of the stage at hand; 0 where they are not counted.
    pub total: u64,
    /// How often it was tried.
    pub attempt: u32,
    /// How often it may be.
    pub max_attempts: u32,
    /// How often it waited for something that was missing, which costs no try.
    pub waits: u32,
    /// 0 is served first, 9 last.
    pub priority: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// The code of why the last try failed.
    pub code: Option<String>,
    /// What a person can do about it.
    pub hint: Option<String>,
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
    /// A person ended it.
    Cancelled,
}

/// The last thing that is done of a document's ingestion.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum JobStage {
    /// Its bytes are here; it is to be parsed.
    Fetched,
    /// Its text is known; it is to be cut.
    Parsed,
    /// Its chunks are known; they are to be embedded.
    Chunked,
    /// Its vectors are known; it is to be published.
    Embedded,
}

/// Which dead letters are meant. What is absent is not asked about; an empty object means all of them.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichDead {
    /// Of this collection.
    #[schema(value_type = Option<String>)]
    pub collection: Option<quarry_core::CollectionName>,
    /// That failed with this code.
    #[schema(example = "parser_timeout")]
    pub code: Option<String>,
    /// That failed after this stage.
    #[schema(value_type = Option<JobStage>)]
    pub stage: Option<quarry_engine::jobs::JobStage>,
}

impl From<WhichDead> for quarry_engine::jobs::DeadLetters {
    fn from(which: WhichDead) -> Self {
        Self { collection: which.collection, code: which.code, stage: which.stage }
    }
}

/// How many dead letters something was done to.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct DeadCount {
    /// How many.
    pub jobs: u64,
}

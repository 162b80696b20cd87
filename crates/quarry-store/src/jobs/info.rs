//! A job as it is listed, and the queue as a whole.

use std::time::Duration;

use quarry_core::{CollectionId, DocumentId, JobId, Timestamp};
use serde::Serialize;

use super::{JobStage, JobStatus};
use crate::{error::StoreError, sql::Row};

/// A job as it is listed.
#[derive(Clone, Debug, Serialize)]
pub struct JobInfo {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: String,
    /// In which collection.
    pub collection: CollectionId,
    /// For which document.
    pub document: DocumentId,
    /// For which version of it.
    pub version: u32,
    /// Where it is in the queue.
    pub status: JobStatus,
    /// The last thing that is done.
    pub stage: JobStage,
    /// Since when it has been in its stage.
    pub entered_at: Timestamp,
    /// Attempts so far.
    pub attempt: u32,
    /// After how many it is given up.
    pub max_attempts: u32,
    /// How often it was put back for a failure that passes.
    pub waits: u32,
    /// 0 is served first, 9 last.
    pub priority: u32,
    /// Parts of the next stage that are done, as its worker last said.
    pub done: u64,
    /// Parts of the next stage; 0 where they are not counted.
    pub total: u64,
    /// When it starts, or when its lease ends.
    pub due_at: Option<Timestamp>,
    /// Who has it.
    pub worker: Option<String>,
    /// What went wrong last.
    pub error: Option<String>,
    /// The code of what went wrong last.
    pub code: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How the queue stands, over all tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JobStats {
    /// Waiting.
    pub queued: u64,
    /// With a worker.
    pub running: u64,
    /// Given up.
    pub dead: u64,
    /// How long the first one has been waiting past its time.
    pub oldest_queued_age: Duration,
    /// For each stage with open jobs, how long the oldest has been in it.
    pub stages: Vec<StageAge>,
}

/// The open jobs of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StageAge {
    /// The last thing that is done of them.
    pub stage: JobStage,
    /// How many.
    pub jobs: u64,
    /// How long the oldest has been in the stage.
    pub oldest: Duration,
}

/// The columns that [`read`] expects.
pub(super) const COLUMNS: &str = "id, kind, collection, document, version, status, stage, entered_at, attempt, \
                                  max_attempts, waits, priority, done, total, due_at, worker, error, code, \
                                  created_at, updated_at";

pub(super) fn read(row: &Row) -> Result<JobInfo, StoreError> {
    Ok(JobInfo {
        id: JobId::from_uuid(row.id(0)?),
        kind: row.text(1)?,
        collection: CollectionId::from_uuid(row.id(2)?),
        document: DocumentId::from_uuid(row.id(3)?),
        version: row.small(4)?,
        status: row.word(5)?,
        stage: row.word(6)?,
        entered_at: row.time(7)?,
        attempt: row.small(8)?,
        max_attempts: row.small(9)?,
        waits: row.small(10)?,
        priority: row.small(11)?,
        done: row.big(12)?,
        total: row.big(13)?,
        due_at: row.opt_int(14)?.map(Timestamp::from_micros),
        worker: row.opt_text(15)?,
        error: row.opt_text(16)?,
        code: row.opt_text(17)?,
        created_at: row.time(18)?,
        updated_at: row.time(19)?,
    })
}

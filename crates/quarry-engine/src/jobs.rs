//! Jobs, as people see them.

use quarry_core::{Access, CollectionId, DocumentId, JobId, Page, PageRequest, Timestamp};
use quarry_store::JobInfo;
pub use quarry_store::JobStatus;
use serde::{Deserialize, Serialize};

use crate::{engine::Engine, error::EngineError};

/// A job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What it does: `ingest`.
    pub kind: String,
    /// For which collection.
    pub collection_id: CollectionId,
    /// For which document.
    pub document_id: DocumentId,
    /// Where it is.
    pub status: JobStatus,
    /// How often it was tried.
    pub attempt: u32,
    /// How often it may be.
    pub max_attempts: u32,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it may run next, or when its worker's lease ends; absent when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The verbs on jobs.
#[derive(Clone, Copy)]
pub struct Jobs<'a>(pub(crate) &'a Engine);

impl Jobs<'_> {
    /// A page of jobs, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(
        &self,
        access: &Access,
        status: Option<JobStatus>,
        page: &PageRequest,
    ) -> Result<Page<JobView>, EngineError> {
        let listed = self.0.inner().store.jobs().list(access.tenant(), status, page).await?;
        Ok(listed.map(JobView::from))
    }

    /// A job.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn get(&self, access: &Access, id: JobId) -> Result<JobView, EngineError> {
        Ok(self.0.inner().store.jobs().get(access.tenant(), id).await?.into())
    }

    /// Queues a dead job again.
    ///
    /// # Errors
    /// `job_not_found`, `job_not_dead`.
    pub async fn retry(&self, access: &Access, id: JobId) -> Result<JobView, EngineError> {
        let inner = self.0.inner();
        let job = inner.store.jobs().revive(access.tenant(), id, access.actor()).await?;
        inner.work.notify_one();
        Ok(job.into())
    }
}

impl From<JobInfo> for JobView {
    fn from(job: JobInfo) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            collection_id: job.collection,
            document_id: job.document,
            status: job.status,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            error: job.error,
            due_at: job.due_at,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }
}

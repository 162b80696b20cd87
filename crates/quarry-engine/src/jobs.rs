//! Jobs, as people see them.

use quarry_core::{
    Access, Action, CollectionId, CollectionName, DocumentId, JobId, Page, PageRequest, Timestamp,
};
use quarry_store::{DeadFilter, JobInfo, StoreError};
pub use quarry_store::{JobStage, JobStatus};
use serde::{Deserialize, Serialize};

use crate::{
    engine::Engine,
    error::EngineError,
    govern::{must, must_see},
    ingest::hint,
};

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What it does: `ingest`.
    pub kind: String,
    /// For which collection.
    pub collection_id: CollectionId,
    /// For which document.
    pub document_id: DocumentId,
    /// Where it is in the queue.
    pub status: JobStatus,
    /// The last thing that is done; of a dead job, what it failed after.
    pub stage: JobStage,
    /// Since when it has been in its stage.
    pub entered_at: Timestamp,
    /// Parts of the stage at hand that are done.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The code of why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When it may run next, or when its worker's lease ends; absent when it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which dead letters are meant. What is absent is not asked about.
#[derive(Clone, Debug, Default)]
pub struct DeadLetters {
    /// Of this collection.
    pub collection: Option<CollectionName>,
    /// That failed with this code.
    pub code: Option<String>,
    /// That failed after this stage.
    pub stage: Option<JobStage>,
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
        must(access, Action::ReadJobs)?;
        let reach = access.reach();
        let listed = self.0.inner().store.jobs().list(access.tenant(), reach.as_ref(), status, page).await?;
        Ok(listed.map(|job| self.view(job)))
    }

    /// A job.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn get(&self, access: &Access, id: JobId) -> Result<JobView, EngineError> {
        Ok(self.view(self.permitted(access, Action::ReadJobs, id).await?))
    }

    /// Queues a dead or cancelled job again; it goes on from its last checkpoint.
    ///
    /// # Errors
    /// `job_not_found`, `job_not_dead`.
    pub async fn retry(&self, access: &Access, id: JobId) -> Result<JobView, EngineError> {
        let inner = self.0.inner();
        self.permitted(access, Action::ChangeJobs, id).await?;
        let job = inner.store.jobs().revive(access.tenant(), id, access.by()).await?;
        inner.work.wake_all();
        inner.announce();
        Ok(self.view(job))
    }

    /// Ends a job that waits or runs. Its document is failed; an earlier version stays searchable.
    ///
    /// # Errors
    /// `job_not_found`, `job_over`.
    pub async fn cancel(&self, access: &Access, id: JobId) -> Result<JobView, EngineError> {
        let inner = self.0.inner();
        self.permitted(access, Action::ChangeJobs, id).await?;
        let job = inner.store.jobs().cancel(access.tenant(), id, access.by()).await?;
        inner.in_hand.drop(id);
        inner.announce();
        Ok(self.view(job))
    }

    /// A page of dead letters, newest first.
    ///
    /// # Errors
    /// `collection_not_found`, `invalid_cursor`.
    pub async fn dead(
        &self,
        access: &Access,
        which: &DeadLetters,
        page: &PageRequest,
    ) -> Result<Page<JobView>, EngineError> {
        let filter = self.filter(access, Action::ReadJobs, which).await?;
        let listed = self.0.inner().store.jobs().dead(access.tenant(), &filter, page).await?;
        Ok(listed.map(|job| self.view(job)))
    }

    /// Queues every dead letter that is meant again, and says how many.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn retry_dead(&self, access: &Access, which: &DeadLetters) -> Result<u64, EngineError> {
        let inner = self.0.inner();
        let filter = self.filter(access, Action::ChangeJobs, which).await?;
        let revived = inner.store.jobs().revive_all(access.tenant(), &filter, access.by()).await?;
        inner.work.wake_all();
        inner.announce();
        Ok(revived)
    }

    /// Forgets a dead letter. Its document stays failed, with its reason.
    ///
    /// # Errors
    /// `job_not_found`, `job_not_dead`.
    pub async fn drop_one(&self, access: &Access, id: JobId) -> Result<(), EngineError> {
        self.permitted(access, Action::ChangeJobs, id).await?;
        Ok(self.0.inner().store.jobs().drop_dead(access.tenant(), id, access.by()).await?)
    }

    /// Forgets every dead letter that is meant, and says how many.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn drop_dead(&self, access: &Access, which: &DeadLetters) -> Result<u64, EngineError> {
        let filter = self.filter(access, Action::ChangeJobs, which).await?;
        Ok(self.0.inner().store.jobs().drop_all_dead(access.tenant(), &filter, access.by()).await?)
    }

    /// A job, when this may be done with it. One of a collection that the caller does not see is not there.
    async fn permitted(&self, access: &Access, action: Action, id: JobId) -> Result<JobInfo, EngineError> {
        let job = self.0.inner().store.jobs().get(access.tenant(), id).await?;
        must_see(access, action, job.collection, || StoreError::JobNotFound(id.to_string()))?;
        Ok(job)
    }

    async fn filter(
        &self,
        access: &Access,
        action: Action,
        which: &DeadLetters,
    ) -> Result<DeadFilter, EngineError> {
        must(access, action)?;
        let collections = match &which.collection {
            Some(name) => Some([self.0.inner().permitted(access, action, name).await?.id].into()),
            None => access.reach(),
        };
        Ok(DeadFilter { collections, code: which.code.clone(), stage: which.stage })
    }

    fn view(&self, job: JobInfo) -> JobView {
        // What this process has in hand it knows better than the last sign of life said.
        let known = self.0.inner().in_hand.find(job.id).filter(|_| !job.status.is_over());
        let (stage, done, total) = known.unwrap_or((job.stage, job.done, job.total));
        JobView {
            hint: job.code.as_deref().and_then(hint).map(str::to_owned),
            id: job.id,
            kind: job.kind,
            collection_id: job.collection,
            document_id: job.document,
            status: job.status,
            stage,
            entered_at: job.entered_at,
            done,
            total,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            waits: job.waits,
            priority: job.priority,
            error: job.error,
            code: job.code,
            due_at: job.due_at,
            created_at: job.created_at,
            updated_at: job.updated_at,
        }
    }
}

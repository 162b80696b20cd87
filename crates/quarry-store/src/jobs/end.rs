//! The ways a lease ends: done, put back, given up, cancelled.

use std::time::Duration;

use quarry_core::{AuditAction, By, DocumentId, JobId, TenantId, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{JobFailure, JobInfo, JobStage, JobStatus, Jobs, info};
use crate::{
    audit::{Change, record},
    documents::bury,
    error::StoreError,
    sql::{Session, args},
    store::retry,
};

/// What a cancelled job's document says.
const CANCELLED: JobFailure<'static> = JobFailure {
    code: "cancelled",
    reason: "cancelled before it was ready; add it again or retry its job",
    stage: None,
};

impl Jobs<'_> {
    /// Puts a running job back with a delay, or gives it up when that was its last attempt. Answers whether it will
    /// be tried again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn retry_later(
        &self,
        id: JobId,
        failure: JobFailure<'_>,
        delay: Duration,
    ) -> Result<bool, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let Some((document, version, attempt, most)) = open(&mut session, id).await? else {
                    return Ok(false);
                };
                if attempt >= most {
                    bury(&mut session, (document, version), Some(id), failure, now).await?;
                    return Ok(false);
                }
                let sql = "UPDATE jobs SET status = 'queued', due_at = $2, worker = NULL, error = $3, code = $4, \
                           updated_at = $5, stage = COALESCE($6, stage) WHERE id = $1";
                let stage = failure.stage.map(JobStage::as_str);
                let values = args![id, now.after(delay), failure.reason, failure.code, now, stage];
                session.execute(sql, values).await?;
                wait(&mut session, (document, version), now).await?;
                Ok(true)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Puts a running job back for a failure that passes: its attempt is given back. Once it has waited so for longer
    /// than `patience` it is given up. Answers whether it will be tried again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn wait(
        &self,
        id: JobId,
        failure: JobFailure<'_>,
        (delay, patience): (Duration, Duration),
    ) -> Result<bool, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "UPDATE jobs SET status = 'queued', due_at = $2, worker = NULL, error = $3, code = $4, \
                           updated_at = $5, attempt = attempt - 1, waits = waits + 1, waits_since = \
                           COALESCE(waits_since, $5), stage = COALESCE($6, stage) WHERE id = $1 AND status = 'running' RETURNING document, version, \
                           waits_since";
                let stage = failure.stage.map(JobStage::as_str);
                let values = args![id, now.after(delay), failure.reason, failure.code, now, stage];
                let Some(row) = session.first(sql, values).await? else { return Ok(false) };
                let (document, version) = (DocumentId::from_uuid(row.id(0)?), row.small(1)?);
                if row.time(2)?.after(patience) < now {
                    bury(&mut session, (document, version), Some(id), failure, now).await?;
                    return Ok(false);
                }
                wait(&mut session, (document, version), now).await?;
                Ok(true)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Gives a job up; its document is failed with the reason.
    ///
    /// # Errors
    /// The database fails.
    pub async fn bury(&self, id: JobId, failure: JobFailure<'_>) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                match open(&mut session, id).await? {
                    Some((document, version, ..)) => {
                        bury(&mut session, (document, version), Some(id), failure, now).await
                    }
                    None => Ok(()),
                }
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Ends a job that waits or runs; its document is failed. A worker that has it learns of it with its next sign of
    /// life, and what it still publishes is not taken.
    ///
    /// # Errors
    /// There is none with this id, it is over already, or the database fails.
    pub async fn cancel(&self, tenant: TenantId, id: JobId, by: &By) -> Result<JobInfo, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let job = find(&mut session, tenant, id).await?;
                if job.status.is_over() {
                    return Err(StoreError::JobOver(id.to_string(), job.status.as_str()));
                }
                bury(&mut session, (job.document, job.version), Some(id), CANCELLED, now).await?;
                let sql = "UPDATE jobs SET status = $2 WHERE id = $1";
                session.execute(sql, args![id, JobStatus::Cancelled.as_str()]).await?;
                let details = json!({"document": job.document});
                let change =
                    Change { tenant, by, action: AuditAction::JobCancel, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await?;
                find(&mut session, tenant, id).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

/// A tenant's job within a transaction.
pub(super) async fn find(session: &mut Session, tenant: TenantId, id: JobId) -> Result<JobInfo, StoreError> {
    let sql = format!("SELECT {} FROM jobs WHERE tenant = $1 AND id = $2", info::COLUMNS);
    let row = session.first(sql, args![tenant, id]).await?;
    info::read(&row.ok_or_else(|| StoreError::JobNotFound(id.to_string()))?)
}

/// Ends jobs that are done.
pub(crate) async fn finish(session: &mut Session, ids: Vec<Uuid>, now: Timestamp) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let dialect = session.dialect();
    let list = dialect.ids(ids);
    let sql = format!(
        "UPDATE jobs SET status = 'done', due_at = NULL, worker = NULL, error = NULL, code = NULL, updated_at = $2 \
         WHERE id {} AND due_at IS NOT NULL",
        dialect.ids_in()
    );
    session.execute(sql, args![&list, now]).await?;
    let sql = format!("DELETE FROM checkpoints WHERE job {}", dialect.ids_in());
    session.execute(sql, args![&list]).await.map(drop)
}

/// A job that is not over: its document, version, attempt and most attempts.
async fn open(session: &mut Session, id: JobId) -> Result<Option<(DocumentId, u32, u32, u32)>, StoreError> {
    let sql =
        "SELECT document, version, attempt, max_attempts FROM jobs WHERE id = $1 AND due_at IS NOT NULL";
    let row = session.first(sql, args![id]).await?;
    row.map(|row| Ok((DocumentId::from_uuid(row.id(0)?), row.small(1)?, row.small(2)?, row.small(3)?)))
        .transpose()
}

/// Its document waits again.
pub(super) async fn wait(
    session: &mut Session,
    (document, version): (DocumentId, u32),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE documents SET status = 'pending', error = NULL, updated_at = $3 WHERE id = $1 AND version = $2";
    session.execute(sql, args![document, version, now]).await.map(drop)
}

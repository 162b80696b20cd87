//! Dead letters: jobs that were given up, one by one or many at once.

use quarry_core::{AuditAction, By, JobId, Page, PageRequest, TenantId};
use serde_json::json;

use super::{JobInfo, JobStage, JobStatus, Jobs, end, info};
use crate::{
    audit::{Change, record},
    error::StoreError,
    page,
    reach::{Reach, within},
    sql::{Arg, Dialect, args},
    store::retry,
};

/// Which dead letters are meant. What is absent is not asked about.
#[derive(Clone, Debug, Default)]
pub struct DeadFilter {
    /// Of these collections.
    pub collections: Option<Reach>,
    /// That failed with this code.
    pub code: Option<String>,
    /// That failed after this stage.
    pub stage: Option<JobStage>,
}

impl DeadFilter {
    fn clauses<'a>(&'a self, dialect: Dialect, values: &mut Vec<Arg<'a>>) -> String {
        let asked = [
            ("code", self.code.as_deref().map(Arg::from)),
            ("stage", self.stage.map(|stage| Arg::from(stage.as_str()))),
        ];
        let mut sql = within(dialect, "collection", self.collections.as_ref(), values);
        for (column, value) in asked {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        sql
    }
}

/// Dead letters revived or dropped in one transaction.
const TOGETHER: u32 = 200;

impl Jobs<'_> {
    /// A tenant's dead letters, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn dead(
        &self,
        tenant: TenantId,
        filter: &DeadFilter,
        request: &PageRequest,
    ) -> Result<Page<JobInfo>, StoreError> {
        let mut values = args![tenant, page::before_id(request)?, page::fetch(request)];
        let mut session = self.store.db().read().await?;
        let clauses = filter.clauses(session.dialect(), &mut values);
        let sql = format!(
            "SELECT {} FROM jobs WHERE tenant = $1 AND id < $2 AND status = 'dead'{clauses} ORDER BY id DESC LIMIT $3",
            info::COLUMNS
        );
        let rows = session.rows(sql, values).await?;
        let items = rows.iter().map(info::read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &JobInfo| item.id.to_string()))
    }

    /// Puts a dead or cancelled job back with all its attempts. It goes on from its last checkpoint.
    ///
    /// # Errors
    /// There is none with this id, it is not dead, or the database fails.
    pub async fn revive(&self, tenant: TenantId, id: JobId, by: &By) -> Result<JobInfo, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let job = end::find(&mut session, tenant, id).await?;
                if !matches!(job.status, JobStatus::Dead | JobStatus::Cancelled) {
                    return Err(StoreError::JobNotDead(id.to_string(), job.status.as_str()));
                }
                let sql = "UPDATE jobs SET status = 'queued', attempt = 0, waits = 0, waits_since = NULL, due_at = $2, \
                           error = NULL, code = NULL, entered_at = $2, updated_at = $2 WHERE id = $1";
                session.execute(sql, args![id, now]).await?;
                end::wait(&mut session, (job.document, job.version), now).await?;
                let details = json!({"document": job.document});
                let change = Change { tenant, by, action: AuditAction::JobRevive, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await?;
                end::find(&mut session, tenant, id).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Revives every dead letter that the filter means, and answers how many.
    ///
    /// # Errors
    /// The database fails; those that were revived before stay so.
    pub async fn revive_all(
        &self,
        tenant: TenantId,
        filter: &DeadFilter,
        by: &By,
    ) -> Result<u64, StoreError> {
        let mut revived = 0;
        loop {
            let page = self.dead(tenant, filter, &PageRequest::new(Some(TOGETHER), None)).await?;
            if page.items.is_empty() {
                return Ok(revived);
            }
            for job in page.items {
                match self.revive(tenant, job.id, by).await {
                    Ok(_) => revived += 1,
                    // Somebody else was quicker.
                    Err(StoreError::JobNotDead(..) | StoreError::JobNotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Forgets a dead letter. Its document stays failed, with its reason.
    ///
    /// # Errors
    /// There is none with this id, it is not dead, or the database fails.
    pub async fn drop_dead(&self, tenant: TenantId, id: JobId, by: &By) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let job = end::find(&mut session, tenant, id).await?;
                if !matches!(job.status, JobStatus::Dead | JobStatus::Cancelled) {
                    return Err(StoreError::JobNotDead(id.to_string(), job.status.as_str()));
                }
                session.execute("DELETE FROM checkpoints WHERE job = $1", args![id]).await?;
                session.execute("DELETE FROM jobs WHERE id = $1", args![id]).await?;
                let details = json!({"document": job.document, "code": job.code});
                let change =
                    Change { tenant, by, action: AuditAction::JobDrop, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Forgets every dead letter that the filter means, and answers how many.
    ///
    /// # Errors
    /// The database fails; those that were dropped before stay so.
    pub async fn drop_all_dead(
        &self,
        tenant: TenantId,
        filter: &DeadFilter,
        by: &By,
    ) -> Result<u64, StoreError> {
        let mut dropped = 0;
        loop {
            let page = self.dead(tenant, filter, &PageRequest::new(Some(TOGETHER), None)).await?;
            if page.items.is_empty() {
                return Ok(dropped);
            }
            for job in page.items {
                match self.drop_dead(tenant, job.id, by).await {
                    Ok(()) => dropped += 1,
                    // Somebody else was quicker.
                    Err(StoreError::JobNotDead(..) | StoreError::JobNotFound(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

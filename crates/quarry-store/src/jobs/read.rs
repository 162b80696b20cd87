//! Jobs that are looked at.

use std::time::Duration;

use quarry_core::{DocumentId, JobId, Page, PageRequest, TenantId, Timestamp};

use super::{JobInfo, JobStats, JobStatus, Jobs, StageAge, info};
use crate::{
    error::StoreError,
    page,
    reach::{Reach, within},
    sql::{Row, args},
};

impl Jobs<'_> {
    /// A tenant's jobs, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        reach: Option<&Reach>,
        status: Option<JobStatus>,
        request: &PageRequest,
    ) -> Result<Page<JobInfo>, StoreError> {
        let mut session = self.store.db().read().await?;
        let mut values = args![tenant, page::before_id(request)?, page::fetch(request)];
        let within = within(session.dialect(), "collection", reach, &mut values);
        let filter = match status {
            None => "",
            Some(JobStatus::Queued) => " AND status = 'queued' AND due_at IS NOT NULL",
            Some(JobStatus::Running) => " AND status = 'running' AND due_at IS NOT NULL",
            Some(JobStatus::Done) => " AND status = 'done'",
            Some(JobStatus::Dead) => " AND status = 'dead'",
            Some(JobStatus::Cancelled) => " AND status = 'cancelled'",
        };
        let sql = format!(
            "SELECT {} FROM jobs WHERE tenant = $1 AND id < $2{filter}{within} ORDER BY id DESC LIMIT $3",
            info::COLUMNS
        );
        let rows = session.rows(sql, values).await?;
        let items = rows.iter().map(info::read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &JobInfo| item.id.to_string()))
    }

    /// One job.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: JobId) -> Result<JobInfo, StoreError> {
        let sql = format!("SELECT {} FROM jobs WHERE tenant = $1 AND id = $2", info::COLUMNS);
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(info::read).transpose()?.ok_or_else(|| StoreError::JobNotFound(id.to_string()))
    }

    /// The open and the dead jobs of documents: where each is, and why it waits.
    ///
    /// # Errors
    /// The database fails.
    pub async fn of_documents(
        &self,
        tenant: TenantId,
        documents: &[DocumentId],
    ) -> Result<Vec<JobInfo>, StoreError> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.store.db().read().await?;
        let dialect = session.dialect();
        let sql = format!(
            "SELECT {} FROM jobs WHERE document {} AND tenant = $2 AND (due_at IS NOT NULL OR status IN ('dead', 'cancelled'))",
            info::COLUMNS,
            dialect.ids_in()
        );
        let list = dialect.ids(documents.iter().map(|id| id.uuid()));
        let rows = session.rows(sql, args![list, tenant]).await?;
        rows.iter().map(info::read).collect()
    }

    /// How the queue stands.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stats(&self) -> Result<JobStats, StoreError> {
        let mut session = self.store.db().read().await?;
        let sql = "SELECT status, stage, count(*), min(due_at), min(entered_at) FROM jobs WHERE due_at IS NOT NULL \
                   GROUP BY status, stage";
        let open = session.rows(sql, Vec::new()).await?;
        let dead = session.first("SELECT count(*) FROM jobs WHERE status = 'dead'", Vec::new()).await?;
        let mut stats = JobStats { dead: dead.map_or(Ok(0), |row| row.big(0))?, ..JobStats::default() };
        let now = self.store.now();
        for row in &open {
            add(&mut stats, row, now)?;
        }
        Ok(stats)
    }

    /// Forgets jobs of all tenants that were done before a moment and answers how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut session = self.store.db().write().await?;
        session.execute("DELETE FROM jobs WHERE status = 'done' AND updated_at < $1", args![before]).await
    }
}

fn add(stats: &mut JobStats, row: &Row, now: Timestamp) -> Result<(), StoreError> {
    let since = |moment: i64| {
        Duration::from_micros(u64::try_from(now.micros().saturating_sub(moment)).unwrap_or_default())
    };
    let (stage, jobs) = (row.word(1)?, row.big(2)?);
    if row.word::<JobStatus>(0)? == JobStatus::Running {
        stats.running += jobs;
    } else {
        stats.queued += jobs;
        let age = since(row.opt_int(3)?.unwrap_or(now.micros()));
        stats.oldest_queued_age = stats.oldest_queued_age.max(age);
    }
    let oldest = since(row.opt_int(4)?.unwrap_or(now.micros()));
    match stats.stages.iter_mut().find(|known| known.stage == stage) {
        Some(known) => {
            known.jobs += jobs;
            known.oldest = known.oldest.max(oldest);
        }
        None => stats.stages.push(StageAge { stage, jobs, oldest }),
    }
    Ok(())
}

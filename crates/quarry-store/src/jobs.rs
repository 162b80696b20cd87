//! Background work, leased to workers.
//!
//! A running job's `due_at` is the end of its lease: when a worker dies, its jobs become due again by themselves.
//! Every lease counts as an attempt, so that a file that kills its worker ends as a dead job and not in a circle.

use std::{collections::HashSet, str::FromStr, time::Duration};

use bytes::Bytes;
use quarry_core::{Actor, CollectionId, DocumentId, JobId, Metadata, Page, PageRequest, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    audit::{Change, record},
    documents::bury,
    error::StoreError,
    page,
    sql::{Row, Session, args},
    store::{Store, retry},
};

/// How often a job is tried.
pub(crate) const MAX_ATTEMPTS: u32 = 5;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl JobStatus {
    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

impl FromStr for JobStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Queued, Self::Running, Self::Done, Self::Dead]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a job status: use queued, running, done or dead"))
    }
}

/// A leased job, with what a worker needs to do it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantId,
    /// Which collection.
    pub collection: CollectionId,
    /// Which document.
    pub document: DocumentId,
    /// Which version of it.
    pub version: u32,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// After how many it is given up.
    pub max_attempts: u32,
    /// The file's name.
    pub name: String,
    /// What the caller says it is.
    pub media_type: Option<String>,
    /// The title the caller gave.
    pub title: Option<String>,
    /// Where it came from.
    pub source: String,
    /// What filters can ask about.
    pub metadata: Metadata,
    /// SHA-256 of its bytes in hexadecimal.
    pub content_hash: String,
    /// How many bytes.
    pub bytes: u64,
    /// The bytes, when they are few; otherwise [`crate::Blobs::get`] has them.
    pub original: Option<Bytes>,
}

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
    /// Where it is.
    pub status: JobStatus,
    /// Attempts so far.
    pub attempt: u32,
    /// After how many it is given up.
    pub max_attempts: u32,
    /// When it starts, or when its lease ends.
    pub due_at: Option<Timestamp>,
    /// Who has it.
    pub worker: Option<String>,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How the queue stands, over all tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JobStats {
    /// Waiting.
    pub queued: u64,
    /// With a worker.
    pub running: u64,
    /// Given up.
    pub dead: u64,
    /// How long the first one has been waiting past its time.
    pub oldest_queued_age: Duration,
}

/// The jobs of a store.
pub struct Jobs<'a> {
    pub(crate) store: &'a Store,
}

const COLUMNS: &str = "id, kind, collection, document, version, status, attempt, max_attempts, due_at, worker, error, \
                       created_at, updated_at";

impl Jobs<'_> {
    /// Leases due jobs of all tenants, those that wait longest first. No two workers get the same job.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim(&self, worker: &str, limit: u32, lease: Duration) -> Result<Vec<Job>, StoreError> {
        let now = self.store.now();
        // Asking costs nobody the write lock while nothing is due.
        let due = {
            let mut session = self.store.db().read().await?;
            session.first("SELECT 1 FROM jobs WHERE due_at <= $1 LIMIT 1", args![now]).await?
        };
        if due.is_none() {
            return Ok(Vec::new());
        }
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = take(&mut session, worker, limit, (now, now.after(lease))).await;
            session.finish(outcome).await
        })
    }

    /// Extends the leases that a worker still holds and answers how many those are.
    ///
    /// # Errors
    /// The database fails.
    pub async fn heartbeat(&self, worker: &str, ids: &[JobId], lease: Duration) -> Result<u64, StoreError> {
        let now = self.store.now();
        let mut session = self.store.db().write().await?;
        let dialect = session.dialect();
        let sql = format!(
            "UPDATE jobs SET due_at = $2, updated_at = $3 WHERE id {} AND status = 'running' AND worker = $4",
            dialect.ids_in()
        );
        let list = dialect.ids(ids.iter().map(|id| id.uuid()));
        session.execute(sql, args![list, now.after(lease), now, worker]).await
    }

    /// Puts a running job back with a delay, or gives it up when that was its last attempt. Answers whether it will
    /// be tried again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn retry_later(&self, id: JobId, reason: &str, delay: Duration) -> Result<bool, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let Some((document, version, attempt, most)) = running(&mut session, id).await? else {
                    return Ok(false);
                };
                if attempt >= most {
                    bury(&mut session, (document, version), Some(id), reason, now).await?;
                    return Ok(false);
                }
                session
                    .execute(
                        "UPDATE jobs SET status = 'queued', due_at = $2, worker = NULL, error = $3, updated_at = $4 \
                         WHERE id = $1",
                        args![id, now.after(delay), reason, now],
                    )
                    .await?;
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
    pub async fn bury(&self, id: JobId, reason: &str) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                match running(&mut session, id).await? {
                    Some((document, version, ..)) => {
                        bury(&mut session, (document, version), Some(id), reason, now).await
                    }
                    None => Ok(()),
                }
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// A tenant's jobs, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        status: Option<JobStatus>,
        request: &PageRequest,
    ) -> Result<Page<JobInfo>, StoreError> {
        let values = args![tenant, page::before_id(request)?, page::fetch(request)];
        let filter = match status {
            None => "",
            Some(JobStatus::Queued) => " AND status = 'queued' AND due_at IS NOT NULL",
            Some(JobStatus::Running) => " AND status = 'running' AND due_at IS NOT NULL",
            Some(JobStatus::Done) => " AND status = 'done'",
            Some(JobStatus::Dead) => " AND status = 'dead'",
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs WHERE tenant = $1 AND id < $2{filter} ORDER BY id DESC LIMIT $3"
        );
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &JobInfo| item.id.to_string()))
    }

    /// One job.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: JobId) -> Result<JobInfo, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE tenant = $1 AND id = $2");
        let row = self.store.db().read().await?.first(sql, args![tenant, id]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| StoreError::JobNotFound(id.to_string()))
    }

    /// Puts a dead job back with all its attempts.
    ///
    /// # Errors
    /// There is none with this id, it is not dead, or the database fails.
    pub async fn revive(&self, tenant: TenantId, id: JobId, actor: &Actor) -> Result<JobInfo, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = format!("SELECT {COLUMNS} FROM jobs WHERE tenant = $1 AND id = $2");
                let row = session.first(sql, args![tenant, id]).await?;
                let job = read(&row.ok_or_else(|| StoreError::JobNotFound(id.to_string()))?)?;
                if job.status != JobStatus::Dead {
                    return Err(StoreError::JobNotDead(id.to_string(), job.status.as_str()));
                }
                let sql = format!(
                    "UPDATE jobs SET status = 'queued', attempt = 0, due_at = $2, error = NULL, updated_at = $2 WHERE \
                     id = $1 RETURNING {COLUMNS}"
                );
                let row = session.first(sql, args![id, now]).await?;
                wait(&mut session, (job.document, job.version), now).await?;
                let details = json!({"document": job.document});
                let change = Change { tenant, actor, action: "job.revive", object: id.to_string(), details };
                record(&mut session, now, vec![change]).await?;
                read(&row.ok_or_else(|| StoreError::JobNotFound(id.to_string()))?)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// How the queue stands.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stats(&self) -> Result<JobStats, StoreError> {
        let mut session = self.store.db().read().await?;
        let open = session
            .rows(
                "SELECT status, count(*), min(due_at) FROM jobs WHERE due_at IS NOT NULL GROUP BY status",
                Vec::new(),
            )
            .await?;
        let dead = session.first("SELECT count(*) FROM jobs WHERE status = 'dead'", Vec::new()).await?;
        let mut stats = JobStats { dead: dead.map_or(Ok(0), |row| row.big(0))?, ..JobStats::default() };
        let now = self.store.now().micros();
        for row in &open {
            if row.word::<JobStatus>(0)? == JobStatus::Running {
                stats.running = row.big(1)?;
            } else {
                stats.queued = row.big(1)?;
                let age = now.saturating_sub(row.opt_int(2)?.unwrap_or(now));
                stats.oldest_queued_age = Duration::from_micros(u64::try_from(age).unwrap_or(0));
            }
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

async fn take(
    session: &mut Session,
    worker: &str,
    limit: u32,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<Job>, StoreError> {
    let dialect = session.dialect();
    let sql = format!(
        "WITH picked AS MATERIALIZED (SELECT id FROM jobs WHERE due_at <= $1 ORDER BY due_at LIMIT $2{}) \
         UPDATE jobs SET status = 'running', worker = $3, due_at = $4, attempt = attempt + 1, updated_at = $1 \
         FROM picked WHERE jobs.id = picked.id RETURNING jobs.id",
        dialect.skip_locked()
    );
    let rows = session.rows(sql, args![now, limit, worker, until]).await?;
    let ids = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<_>, _>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT j.id, j.tenant, j.collection, j.document, j.version, j.attempt, j.max_attempts, v.name, v.media_type, \
         v.title, d.source, d.metadata, v.content_hash, v.bytes, d.version, v.original FROM jobs j JOIN documents d ON d.id = \
         j.document JOIN versions v ON v.document = j.document AND v.version = j.version WHERE j.id {} ORDER BY j.id",
        dialect.ids_in()
    );
    let rows = session.rows(sql, args![dialect.ids(ids.iter().copied())]).await?;
    let (mut leased, mut old) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut known = HashSet::with_capacity(rows.len());
    for row in &rows {
        known.insert(row.id(0)?);
        let job = read_leased(row)?;
        if job.version < row.small(14)? {
            old.push(job.id.uuid());
        } else if job.attempt > job.max_attempts {
            let reason = format!("given up after {} attempts that ended without an answer", job.max_attempts);
            bury(session, (job.document, job.version), Some(job.id), &reason, now).await?;
        } else {
            leased.push(job);
        }
    }
    // A job whose document is gone has nothing left to do either.
    old.extend(ids.into_iter().filter(|id| !known.contains(id)));
    finish(session, old, now).await?;
    let sql =
        format!("UPDATE documents SET status = 'processing', updated_at = $2 WHERE id {}", dialect.ids_in());
    let documents = dialect.ids(leased.iter().map(|job| job.document.uuid()));
    session.execute(sql, args![documents, now]).await?;
    Ok(leased)
}

/// Ends jobs that are done.
pub(crate) async fn finish(
    session: &mut Session,
    ids: Vec<uuid::Uuid>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let dialect = session.dialect();
    let sql = format!(
        "UPDATE jobs SET status = 'done', due_at = NULL, worker = NULL, error = NULL, updated_at = $2 WHERE id {}",
        dialect.ids_in()
    );
    session.execute(sql, args![dialect.ids(ids), now]).await.map(drop)
}

/// A job that is not over: its document, version, attempt and most attempts.
async fn running(
    session: &mut Session,
    id: JobId,
) -> Result<Option<(DocumentId, u32, u32, u32)>, StoreError> {
    let row = session
        .first(
            "SELECT document, version, attempt, max_attempts FROM jobs WHERE id = $1 AND due_at IS NOT NULL",
            args![id],
        )
        .await?;
    row.map(|row| Ok((DocumentId::from_uuid(row.id(0)?), row.small(1)?, row.small(2)?, row.small(3)?)))
        .transpose()
}

/// Its document waits again.
async fn wait(
    session: &mut Session,
    (document, version): (DocumentId, u32),
    now: Timestamp,
) -> Result<(), StoreError> {
    session
        .execute(
            "UPDATE documents SET status = 'pending', error = NULL, updated_at = $3 WHERE id = $1 AND version = $2",
            args![document, version, now],
        )
        .await
        .map(drop)
}

fn read_leased(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: JobId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        collection: CollectionId::from_uuid(row.id(2)?),
        document: DocumentId::from_uuid(row.id(3)?),
        version: row.small(4)?,
        attempt: row.small(5)?,
        max_attempts: row.small(6)?,
        name: row.text(7)?,
        media_type: row.opt_text(8)?,
        title: row.opt_text(9)?,
        source: row.text(10)?,
        metadata: row.json(11)?,
        content_hash: hex::encode(row.bytes(12)?),
        bytes: row.big(13)?,
        original: row.opt_bytes(15)?.map(Bytes::from),
    })
}

fn read(row: &Row) -> Result<JobInfo, StoreError> {
    Ok(JobInfo {
        id: JobId::from_uuid(row.id(0)?),
        kind: row.text(1)?,
        collection: CollectionId::from_uuid(row.id(2)?),
        document: DocumentId::from_uuid(row.id(3)?),
        version: row.small(4)?,
        status: row.word(5)?,
        attempt: row.small(6)?,
        max_attempts: row.small(7)?,
        due_at: row.opt_int(8)?.map(Timestamp::from_micros),
        worker: row.opt_text(9)?,
        error: row.opt_text(10)?,
        created_at: row.time(11)?,
        updated_at: row.time(12)?,
    })
}

//! Leases: taken, kept alive, taken back.

use std::{collections::HashSet, time::Duration};

use quarry_core::{JobId, Timestamp};
use uuid::Uuid;

use super::{
    Job, JobFailure, JobStage, Jobs, end,
    job::{self, COLUMNS, NEWEST},
    turns,
};
use crate::{
    documents::bury,
    error::StoreError,
    sql::{Session, args},
    store::retry,
};

/// Which jobs a worker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Documents of at most [`Jobs::SMALL`] bytes.
    Small,
    /// Larger ones.
    Large,
}

impl Lane {
    const fn number(self) -> i64 {
        match self {
            Self::Small => 0,
            Self::Large => 1,
        }
    }
}

/// A sign of life for one job, with how far it is.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    /// The job.
    pub id: JobId,
    /// The last thing that is done.
    pub stage: JobStage,
    /// Parts of the next stage that are done.
    pub done: u64,
    /// Parts of the next stage; 0 where they are not counted.
    pub total: u64,
}

/// What a job that gave no answer is given up with.
const NO_ANSWER: &str = "no_answer";

/// Nothing of a suspended tenant is worked on.
const LET_IN: &str = " AND tenant NOT IN (SELECT id FROM tenants WHERE status <> 'active')";

impl Jobs<'_> {
    /// Leases due jobs of all tenants, by priority and then in fair turns. No two workers get the same job.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim(
        &self,
        worker: &str,
        lane: Lane,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<Job>, StoreError> {
        let now = self.store.now();
        // Asking costs nobody the write lock while nothing is due.
        let due = {
            let mut session = self.store.db().read().await?;
            let sql = format!("SELECT 1 FROM jobs WHERE due_at <= $1 AND lane = $2{LET_IN} LIMIT 1");
            session.first(sql, args![now, lane.number()]).await?
        };
        if due.is_none() {
            return Ok(Vec::new());
        }
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = take(&mut session, (worker, lane), limit, (now, now.after(lease))).await;
            session.finish(outcome).await
        })
    }

    /// When the next job of a lane that waits is due; none where none waits.
    ///
    /// # Errors
    /// The database fails.
    pub async fn next_due(&self, lane: Lane) -> Result<Option<Timestamp>, StoreError> {
        let sql = format!(
            "SELECT min(due_at) FROM jobs WHERE lane = $1 AND due_at IS NOT NULL AND status = 'queued'{LET_IN}"
        );
        let row = self.store.db().read().await?.first(sql, args![lane.number()]).await?;
        Ok(row.map(|row| row.opt_int(0)).transpose()?.flatten().map(Timestamp::from_micros))
    }

    /// Extends the leases that a worker still holds, keeps how far each job is, and answers which those are. The others
    /// were cancelled, removed or given to somebody else: work on them is for nothing.
    ///
    /// # Errors
    /// The database fails.
    pub async fn heartbeat(
        &self,
        worker: &str,
        beats: &[Heartbeat],
        lease: Duration,
    ) -> Result<Vec<JobId>, StoreError> {
        let now = self.store.now();
        let mut held = Vec::with_capacity(beats.len());
        retry!({
            held.clear();
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                for beat in beats {
                    let sql = "UPDATE jobs SET due_at = $2, updated_at = $3, done = $5, total = $6, entered_at = CASE \
                               WHEN stage = $7 THEN entered_at ELSE $3 END, stage = $7 WHERE id = $1 AND status = \
                               'running' AND worker = $4";
                    let (id, stage) = (beat.id, beat.stage.as_str());
                    let values = args![id, now.after(lease), now, worker, beat.done, beat.total, stage];
                    if session.execute(sql, values).await? > 0 {
                        held.push(id);
                    }
                }
                Ok(())
            }
            .await;
            session.finish(outcome).await
        })?;
        Ok(held)
    }

    /// Takes back the jobs whose leases have run out, so that they are seen as waiting and not as running, and answers
    /// how many. Whoever claims would get them anyway.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reap(&self) -> Result<u64, StoreError> {
        let now = self.store.now();
        let expired = {
            let mut session = self.store.db().read().await?;
            let sql = "SELECT 1 FROM jobs WHERE due_at <= $1 AND status = 'running' LIMIT 1";
            session.first(sql, args![now]).await?
        };
        if expired.is_none() {
            return Ok(0);
        }
        self.give_back(Some(now)).await
    }

    /// Puts back every job that is with a worker. For whoever knows that there is none: the only user of a database,
    /// at its start.
    ///
    /// # Errors
    /// The database fails.
    pub async fn give_back_all(&self) -> Result<u64, StoreError> {
        self.give_back(None).await
    }

    /// One of a batch may have ended the process: from now on each is alone with its worker, so that only that one goes on
    /// to lose its attempts.
    async fn give_back(&self, expired: Option<Timestamp>) -> Result<u64, StoreError> {
        let now = self.store.now();
        let until = expired.unwrap_or(Timestamp::from_micros(i64::MAX));
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "UPDATE jobs SET status = 'queued', worker = NULL, due_at = $2, updated_at = $2, code = $3, \
                           error = 'the process that worked on it ended', lane = $4 WHERE status = 'running' AND due_at \
                           <= $1 RETURNING document";
                let rows = session.rows(sql, args![until, now, NO_ANSWER, Lane::Large.number()]).await?;
                let documents = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<_>, _>>()?;
                waiting(&mut session, documents, now).await?;
                Ok(rows.len() as u64)
            }
            .await;
            session.finish(outcome).await
        })
    }
}

/// Documents whose worker was lost wait again.
async fn waiting(session: &mut Session, documents: Vec<Uuid>, now: Timestamp) -> Result<(), StoreError> {
    if documents.is_empty() {
        return Ok(());
    }
    let dialect = session.dialect();
    let sql = format!(
        "UPDATE documents SET status = 'pending', updated_at = $2 WHERE id {} AND status = 'processing'",
        dialect.ids_in()
    );
    session.execute(sql, args![dialect.ids(documents), now]).await.map(drop)
}

async fn take(
    session: &mut Session,
    (worker, lane): (&str, Lane),
    limit: u32,
    (now, until): (Timestamp, Timestamp),
) -> Result<Vec<Job>, StoreError> {
    let dialect = session.dialect();
    let sql = format!(
        "WITH picked AS MATERIALIZED (SELECT id FROM jobs WHERE due_at <= $1 AND lane = $5{LET_IN} ORDER BY priority, turn \
         LIMIT $2{}) UPDATE jobs SET status = 'running', worker = $3, due_at = $4, attempt = attempt + 1, updated_at = \
         $1 FROM picked WHERE jobs.id = picked.id RETURNING jobs.id, jobs.turn",
        dialect.skip_locked()
    );
    let rows = session.rows(sql, args![now, limit, worker, until, lane.number()]).await?;
    let ids = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<_>, _>>()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let turns = rows.iter().map(|row| row.int(1)).collect::<Result<Vec<_>, _>>()?;
    turns::served(session, turns.into_iter().max().unwrap_or_default()).await?;
    let sql = format!(
        "SELECT {COLUMNS} FROM jobs j JOIN documents d ON d.id = j.document JOIN versions v ON v.document = j.document \
         AND v.version = j.version WHERE j.id {} ORDER BY j.priority, j.turn, j.id",
        dialect.ids_in()
    );
    let rows = session.rows(sql, args![dialect.ids(ids.iter().copied())]).await?;
    let (mut leased, mut old) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut known = HashSet::with_capacity(rows.len());
    for row in &rows {
        known.insert(row.id(0)?);
        let job = job::read(row)?;
        if job.version < row.small(NEWEST)? {
            old.push(job.id.uuid());
        } else if job.attempt > job.max_attempts {
            let reason = format!("given up after {} attempts that ended without an answer", job.max_attempts);
            let failure = JobFailure { code: NO_ANSWER, reason: &reason, stage: None };
            bury(session, (job.document, job.version), Some(job.id), failure, now).await?;
        } else {
            leased.push(job);
        }
    }
    // A job whose document is gone has nothing left to do either.
    old.extend(ids.into_iter().filter(|id| !known.contains(id)));
    end::finish(session, old, now).await?;
    let sql =
        format!("UPDATE documents SET status = 'processing', updated_at = $2 WHERE id {}", dialect.ids_in());
    let documents = dialect.ids(leased.iter().map(|job| job.document.uuid()));
    session.execute(sql, args![documents, now]).await?;
    Ok(leased)
}

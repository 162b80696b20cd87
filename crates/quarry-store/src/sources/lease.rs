//! Runs begin, give signs of life, end. No source has two at once, in however many processes.

use std::time::Duration;

use quarry_core::{AuditAction, By, SourceId, TenantId, Timestamp};
use serde_json::json;

use super::{
    KEPT_RUNS, SourceCounts, SourceFailure, SourceRunState, Sources,
    keep::{due, missing},
};
use crate::{
    audit::{Change, record},
    error::StoreError,
    sql::{Session, args, value::json_text},
    store::retry,
};

/// The right to look at a source, for as long as it is used.
#[derive(Clone, Debug)]
pub struct SourceLease {
    /// Whose.
    pub tenant: TenantId,
    /// Which source.
    pub source: SourceId,
    /// Who looks.
    pub worker: String,
    /// The run's number.
    pub run: u64,
    /// How long it is believed without a sign of life.
    pub lease: Duration,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct SourceEnd {
    /// Where it is now.
    pub state: SourceRunState,
    /// What became of the entries.
    pub counts: SourceCounts,
    /// Why it could not do everything.
    pub error: Option<String>,
    /// The first entries that failed.
    pub failures: Vec<SourceFailure>,
}

/// What an interrupted run says.
const ENDED: &str = "the process that worked on it ended; the next run goes on";

impl Sources<'_> {
    /// Begins runs of sources of all tenants that are due.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim_due(
        &self,
        worker: &str,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<SourceLease>, StoreError> {
        let now = self.store.now();
        // Asking costs nobody the write lock while nothing is due.
        let waiting = {
            let mut session = self.store.db().read().await?;
            let sql = format!("SELECT 1 FROM sources WHERE {DUE} LIMIT 1");
            session.first(sql, args![now]).await?
        };
        if waiting.is_none() || limit == 0 {
            return Ok(Vec::new());
        }
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = format!(
                    "SELECT tenant, id FROM sources WHERE {DUE} ORDER BY next_due_at, id LIMIT $2{}",
                    session.dialect().skip_locked()
                );
                let rows = session.rows(sql, args![now, limit]).await?;
                let mut leases = Vec::with_capacity(rows.len());
                for row in &rows {
                    let place = (TenantId::from_uuid(row.id(0)?), SourceId::from_uuid(row.id(1)?));
                    leases.push(start(&mut session, place, worker, (now, lease)).await?);
                }
                Ok(leases)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Begins a run of one source, due or not.
    ///
    /// # Errors
    /// There is no such source, it has a run that goes, or the database fails.
    pub async fn begin(
        &self,
        by: &By,
        (tenant, id): (TenantId, SourceId),
        worker: &str,
        lease: Duration,
    ) -> Result<SourceLease, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = format!(
                    "SELECT d.name, d.lease_until FROM sources d WHERE d.tenant = $1 AND d.id = $2{}",
                    session.dialect().for_update()
                );
                let row = session.first(sql, args![tenant, id]).await?;
                let row = row.ok_or_else(|| missing(&id.to_string()))?;
                if row.opt_time(1)?.is_some_and(|until| until > now) {
                    return Err(StoreError::SourceBusy(row.text(0)?));
                }
                let lease = start(&mut session, (tenant, id), worker, (now, lease)).await?;
                let (action, details) = (AuditAction::SourceSync, json!({"run": lease.run}));
                let change = Change { tenant, by, action, object: id.to_string(), details };
                record(&mut session, now, vec![change]).await?;
                Ok(lease)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Begins a run of one source even where another goes: that one writes nothing any more. For whoever removes the
    /// source.
    ///
    /// # Errors
    /// There is no such source, or the database fails.
    pub async fn take_over(
        &self,
        place: (TenantId, SourceId),
        worker: &str,
        lease: Duration,
    ) -> Result<SourceLease, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = start(&mut session, place, worker, (now, lease)).await;
            session.finish(outcome).await
        })
    }

    /// A sign of life, with what the run has done so far. Answers whether the lease is still the worker's.
    ///
    /// # Errors
    /// The database fails.
    pub async fn heartbeat(&self, lease: &SourceLease, counts: &SourceCounts) -> Result<bool, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                match hold(&mut session, lease, now).await {
                    Ok(()) => write_counts(&mut session, lease, counts).await.map(|()| true),
                    Err(StoreError::SourceLost) => Ok(false),
                    Err(error) => Err(error),
                }
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Ends a run. Answers whether it was still the worker's to end.
    ///
    /// # Errors
    /// The database fails.
    pub async fn finish(&self, lease: &SourceLease, end: &SourceEnd) -> Result<bool, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = end_run(&mut session, lease, end, now).await;
            session.finish(outcome).await
        })
    }

    /// Ends every run that goes as interrupted. For whoever knows that there is none: the only user of a database, at
    /// its start.
    ///
    /// # Errors
    /// The database fails.
    pub async fn interrupt_running(&self) -> Result<u64, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "UPDATE sources SET worker = NULL, lease_until = NULL WHERE lease_until IS NOT NULL";
                session.execute(sql, Vec::new()).await?;
                let sql = "UPDATE source_runs SET state = 'interrupted', finished_at = $1, error = $2 WHERE state = \
                           'running'";
                session.execute(sql, args![now, ENDED]).await
            }
            .await;
            session.finish(outcome).await
        })
    }
}

/// Which sources are due: those whose time has come and that nobody looks at.
const DUE: &str = "next_due_at <= $1 AND (lease_until IS NULL OR lease_until <= $1) AND tenant NOT IN (SELECT id FROM tenants \
                   WHERE status <> 'active')";

async fn start(
    session: &mut Session,
    (tenant, source): (TenantId, SourceId),
    worker: &str,
    (now, lease): (Timestamp, Duration),
) -> Result<SourceLease, StoreError> {
    let sql = "UPDATE sources SET last_run = last_run + 1, worker = $3, lease_until = $4, last_started_at = $5 WHERE \
               tenant = $1 AND id = $2 RETURNING last_run";
    let row = session.first(sql, args![tenant, source, worker, now.after(lease), now]).await?;
    let run = row.ok_or_else(|| missing(&source.to_string()))?.big(0)?;
    let sql = "UPDATE source_runs SET state = 'interrupted', finished_at = $2, error = $3 WHERE source = $1 AND state = \
               'running'";
    session.execute(sql, args![source, now, ENDED]).await?;
    insert_run(session, (source, run), now).await?;
    Ok(SourceLease { tenant, source, worker: worker.to_owned(), run, lease })
}

pub(super) async fn insert_run(
    session: &mut Session,
    (source, run): (SourceId, u64),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO source_runs (source, number, state, started_at, added, changed, renamed, removed, unchanged, \
               skipped, failed, failures) VALUES ($1, $2, 'running', $3, 0, 0, 0, 0, 0, 0, 0, '[]')";
    session.execute(sql, args![source, run, now]).await?;
    let sql = "DELETE FROM source_runs WHERE source = $1 AND number <= $2";
    session.execute(sql, args![source, run.saturating_sub(KEPT_RUNS)]).await.map(drop)
}

/// Fails when the lease is another's by now; extends it otherwise.
pub(super) async fn hold(
    session: &mut Session,
    lease: &SourceLease,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE sources SET lease_until = $5 WHERE tenant = $1 AND id = $2 AND worker = $3 AND last_run = $4";
    let values = args![lease.tenant, lease.source, &lease.worker, lease.run, now.after(lease.lease)];
    if session.execute(sql, values).await? == 0 { Err(StoreError::SourceLost) } else { Ok(()) }
}

async fn write_counts(
    session: &mut Session,
    lease: &SourceLease,
    counts: &SourceCounts,
) -> Result<(), StoreError> {
    let sql = "UPDATE source_runs SET added = $3, changed = $4, renamed = $5, removed = $6, unchanged = $7, skipped = \
               $8, failed = $9 WHERE source = $1 AND number = $2";
    let values = args![
        lease.source,
        lease.run,
        counts.added,
        counts.changed,
        counts.renamed,
        counts.removed,
        counts.unchanged,
        counts.skipped,
        counts.failed,
    ];
    session.execute(sql, values).await.map(drop)
}

pub(super) async fn end_run(
    session: &mut Session,
    lease: &SourceLease,
    end: &SourceEnd,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE sources SET worker = NULL, lease_until = NULL, last_finished_at = $5 WHERE tenant = $1 AND id = $2 \
               AND worker = $3 AND last_run = $4 RETURNING every_seconds, paused, last_started_at";
    let values = args![lease.tenant, lease.source, &lease.worker, lease.run, now];
    let Some(row) = session.first(sql, values).await? else { return Ok(false) };
    let every = row.opt_int(0)?.and_then(|seconds| u64::try_from(seconds).ok());
    // What was interrupted goes on as soon as somebody can.
    let started = row.opt_time(2)?.filter(|_| end.state != SourceRunState::Interrupted);
    let next = due(every, row.int(1)? != 0, started, now);
    session.execute("UPDATE sources SET next_due_at = $2 WHERE id = $1", args![lease.source, next]).await?;
    write_counts(session, lease, &end.counts).await?;
    let sql = "UPDATE source_runs SET state = $3, finished_at = $4, error = $5, failures = $6 WHERE source = $1 AND \
               number = $2";
    let failures = json_text(&end.failures)?;
    let values = args![lease.source, lease.run, end.state.as_str(), now, end.error.as_deref(), failures];
    session.execute(sql, values).await?;
    Ok(true)
}

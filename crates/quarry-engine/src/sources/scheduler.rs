//! Runs what is due. Each process has one scheduler; leases in the store keep two from looking at one source at once.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt as _;
use quarry_core::{Access, By};
use quarry_store::{SourceLease, SourceRow};
use tokio::sync::{Notify, Semaphore};

use super::sync;
use crate::{engine::Inner, error::EngineError, events};

/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(5);
/// Sources that one process looks at by itself at a time.
const AT_ONCE: usize = 2;
/// How long a run is believed without a sign of life.
const LEASE: Duration = Duration::from_secs(60);

/// What the scheduler of a process knows.
pub(crate) struct Desk {
    /// Who looks: another process has another name.
    worker: String,
    /// Rung when something may be due.
    bell: Notify,
    /// One permit for each source that may be looked at by itself.
    room: Arc<Semaphore>,
}

impl Default for Desk {
    fn default() -> Self {
        // Two processes may have one number on two machines; a word of chance keeps their leases apart.
        let worker = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
        Self { worker, bell: Notify::new(), room: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Desk {
    /// Something may be due.
    pub(crate) fn look(&self) {
        self.bell.notify_one();
    }
}

/// The scheduler's task; ends when the engine closes.
pub(crate) async fn run(inner: Arc<Inner>) {
    while !inner.closing.is_cancelled() {
        match claim(&inner).await {
            Ok(leases) => {
                for (lease, permit) in leases {
                    let own = Arc::clone(&inner);
                    inner.start(async move {
                        work(&own, lease, false).await;
                        drop(permit);
                        own.desk.look();
                    });
                }
            }
            Err(error) => events::source_scheduler_failed(&error),
        }
        tokio::select! {
            () = inner.desk.bell.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = inner.closing.cancelled() => {}
        }
    }
}

type Permit = tokio::sync::OwnedSemaphorePermit;

async fn claim(inner: &Inner) -> Result<Vec<(SourceLease, Permit)>, EngineError> {
    let mut permits = Vec::with_capacity(AT_ONCE);
    while let Ok(permit) = Arc::clone(&inner.desk.room).try_acquire_owned() {
        permits.push(permit);
    }
    let most = u32::try_from(permits.len()).unwrap_or(u32::MAX);
    let leases = inner.store.sources().claim_due(&inner.desk.worker, most, LEASE).await?;
    Ok(leases.into_iter().zip(permits).collect())
}

/// Runs what is due, to its end.
pub(super) async fn run_due(inner: &Arc<Inner>) -> Result<usize, EngineError> {
    let mut done = 0;
    loop {
        let leases = claim(inner).await?;
        if leases.is_empty() {
            return Ok(done);
        }
        for (lease, _permit) in leases {
            work(inner, lease, false).await;
            done += 1;
        }
    }
}

/// Begins a run of one source and gives its number; the run goes on by itself.
pub(super) async fn begin(
    inner: &Arc<Inner>,
    by: &By,
    row: &SourceRow,
    force: bool,
) -> Result<u64, EngineError> {
    if inner.closing.is_cancelled() {
        return Err(EngineError::Closing);
    }
    let place = (row.tenant, row.id);
    let lease = inner.store.sources().begin(by, place, &inner.desk.worker, LEASE).await?;
    let (number, own) = (lease.run, Arc::clone(inner));
    inner.start(async move { work(&own, lease, force).await });
    Ok(number)
}

/// Ends the run that goes, if one does, and keeps others from beginning for a while.
pub(super) async fn take_over(inner: &Inner, row: &SourceRow) -> Result<(), EngineError> {
    let place = (row.tenant, row.id);
    Ok(inner.store.sources().take_over(place, &inner.desk.worker, LEASE).await.map(drop)?)
}

/// One run, which cannot take anything else along when it breaks.
async fn work(inner: &Arc<Inner>, lease: SourceLease, force: bool) {
    let access = Access::system(lease.tenant, "source sync");
    let run = AssertUnwindSafe(sync::run(inner, &access, &lease, force)).catch_unwind().await;
    match run {
        Ok(Ok(())) => {}
        Ok(Err(error)) => events::source_scheduler_failed(&error),
        // The lease runs out, and the next run goes on.
        Err(_) => events::task_died("source_sync", "a sync of a source broke"),
    }
}

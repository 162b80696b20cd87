//! Runs on their way to the store: gathered, so that a run does not pay for a transaction of its own.
//!
//! What a crash within the gathering time takes with it is the trace of a run that had just begun or ended.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use quarry_core::{RunId, Timestamp};
use quarry_store::{FinishedRun, RunRow};
use tokio::sync::Notify;

use crate::{engine::Inner, error::EngineError, events};

/// How long runs are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(200);
/// Runs kept in memory at most when the database is too slow; then the oldest are dropped and counted.
const MOST: usize = 10_000;
/// How often old runs are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);
/// Runs written in one transaction.
const TOGETHER: usize = 64;

#[derive(Default)]
struct Waiting {
    begun: Vec<RunRow>,
    ended: Vec<FinishedRun>,
}

/// Gathers runs.
pub(crate) struct Keeper {
    waiting: Mutex<Waiting>,
    /// Held while writing, so that a reader who flushes sees what another flush was about to write.
    writing: tokio::sync::Mutex<()>,
    wake: Notify,
}

impl Keeper {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::default(), writing: tokio::sync::Mutex::const_new(()), wake: Notify::new() }
    }

    /// A run begins. One that ends before this is written is written once.
    pub(crate) fn begin(&self, row: RunRow) {
        let mut waiting = self.waiting.lock();
        if waiting.begun.len() < MOST {
            waiting.begun.push(row);
        }
        drop(waiting);
        self.wake.notify_one();
    }

    /// A run has ended.
    pub(crate) fn end(&self, run: FinishedRun) {
        let mut waiting = self.waiting.lock();
        waiting.begun.retain(|begun| begun.id != run.run.id);
        if waiting.ended.len() >= MOST {
            waiting.ended.remove(0);
            events::run_dropped();
        }
        waiting.ended.push(run);
        drop(waiting);
        self.wake.notify_one();
    }

    /// Forgets that a run began: it is written by other means.
    pub(crate) fn forget(&self, id: RunId) {
        self.waiting.lock().begun.retain(|begun| begun.id != id);
    }

    /// Writes what waits.
    pub(crate) async fn flush(&self, inner: &Inner) -> Result<(), EngineError> {
        let _writing = self.writing.lock().await;
        let waiting = std::mem::take(&mut *self.waiting.lock());
        for row in waiting.begun {
            inner.store.runs().start(row).await?;
        }
        let mut ended = waiting.ended.into_iter();
        loop {
            let some: Vec<FinishedRun> = ended.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                return Ok(());
            }
            inner.store.runs().save(some).await?;
        }
    }
}

/// Erases runs that are older than the settings keep them.
async fn prune(inner: &Inner) -> Result<(), EngineError> {
    let days = inner.settings.agents.run_days;
    if days == 0 {
        return Ok(());
    }
    let kept = i64::from(days).saturating_mul(24 * 3_600 * 1_000_000);
    let before = Timestamp::from_micros(inner.clock.now().micros().saturating_sub(kept));
    inner.store.runs().prune(before).await?;
    Ok(())
}

/// The keeper's task; ends when the engine closes. What runs say after that is written when they have ended.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut pruned: Option<Instant> = None;
    loop {
        tokio::select! {
            () = inner.keeper.wake.notified() => {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = inner.closing.cancelled() => {}
                }
            }
            () = inner.closing.cancelled() => {}
        }
        if let Err(error) = inner.keeper.flush(&inner).await {
            events::runs_failed(&error);
        }
        if pruned.is_none_or(|last| last.elapsed() >= PRUNE_EVERY) {
            pruned = Some(Instant::now());
            if let Err(error) = prune(&inner).await {
                events::runs_failed(&error);
            }
        }
        if inner.closing.is_cancelled() {
            return;
        }
    }
}

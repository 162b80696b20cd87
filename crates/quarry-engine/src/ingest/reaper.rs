//! Nothing in the queue is lost from sight: leases that ran out are taken back, ages are measured, what is over for long
//! is forgotten.

use std::{sync::Arc, time::Duration};

use quarry_core::Timestamp;

use crate::{engine::Inner, error::EngineError, events};

/// How often the queue is looked at.
const EVERY: Duration = Duration::from_secs(5);
/// How often jobs that are done and old versions are forgotten.
const PRUNE_EVERY: u32 = 720;
/// The first time, some minutes after the start: looking through all versions is no work for a start.
const PRUNE_FIRST: u32 = 60;
/// Versions forgotten in one transaction.
const TOGETHER: u32 = 200;

/// The reaper's task; ends when the engine closes.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut rounds: u32 = 0;
    while !inner.closing.is_cancelled() {
        if let Err(error) = round(&inner, rounds % PRUNE_EVERY == PRUNE_FIRST).await {
            events::worker_failed(&error);
        }
        inner.parser.tidy();
        rounds = rounds.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = inner.closing.cancelled() => {}
        }
    }
    inner.parser.close();
}

async fn round(inner: &Inner, prunes: bool) -> Result<(), EngineError> {
    let jobs = inner.store.jobs();
    let returned = jobs.reap().await?;
    if returned > 0 {
        events::leases_expired(returned);
        inner.work.wake_all();
        inner.announce();
    }
    events::queue_depth(&jobs.stats().await?);
    if !prunes {
        return Ok(());
    }
    let keep = inner.settings.ingest.keep_versions;
    while keep > 0 && inner.store.documents().prune_versions(keep, TOGETHER).await? > 0 {}
    if inner.settings.ingest.keep_done_days > 0 {
        let kept = i64::from(inner.settings.ingest.keep_done_days) * 24 * 3_600 * 1_000_000;
        let before = Timestamp::from_micros(inner.clock.now().micros().saturating_sub(kept));
        jobs.prune(before).await?;
    }
    Ok(())
}

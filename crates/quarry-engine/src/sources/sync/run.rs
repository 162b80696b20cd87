//! A run begins, gives signs of life, ends.

use std::{sync::Arc, time::Instant};

use quarry_core::Access;
use quarry_store::{SourceEnd, SourceLease, SourceRow, SourceRunState, StoreError};

use super::{clear, look, take, tally::Tally};
use crate::{
    engine::{Engine, Inner},
    error::EngineError,
    events,
    sources::{
        contract::{Source, SourceError},
        spec::SourcePlace,
    },
};

/// Everything that the steps of a run need.
pub(super) struct Run<'a> {
    pub(super) engine: Engine,
    pub(super) inner: &'a Inner,
    pub(super) access: &'a Access,
    pub(super) lease: &'a SourceLease,
    pub(super) row: &'a SourceRow,
    pub(super) place: &'a SourcePlace,
    pub(super) source: Arc<dyn Source>,
    pub(super) tally: &'a Tally,
    pub(super) force: bool,
}

/// Looks at a source once, and keeps what came of it.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    access: &Access,
    lease: &SourceLease,
    force: bool,
) -> Result<(), EngineError> {
    let started = Instant::now();
    let tally = Tally::default();
    let (state, error) = tokio::select! {
        ended = steps(inner, access, lease, (&tally, force)) => match ended {
            Ok(None) => (SourceRunState::Finished, None),
            Ok(Some(problem)) => (SourceRunState::Failed, Some(problem)),
            // Somebody else has it, or it was removed: there is nothing to be said any more.
            Err(EngineError::Store(StoreError::SourceLost | StoreError::SourceNotFound(_))) => return Ok(()),
            Err(error) => (SourceRunState::Failed, Some(error.to_string())),
        },
        () = inner.closing.cancelled() => {
            (SourceRunState::Interrupted, Some("the server was stopped; the next run goes on".to_owned()))
        }
        () = lost(inner, lease, &tally) => return Ok(()),
    };
    let (counts, failures) = tally.told();
    let end = SourceEnd { state, counts, error, failures };
    inner.store.sources().finish(lease, &end).await?;
    events::source_synced(lease.source, &end, started.elapsed());
    Ok(())
}

/// Gives signs of life, until the lease is another's.
async fn lost(inner: &Inner, lease: &SourceLease, tally: &Tally) {
    loop {
        tokio::time::sleep(lease.lease / 6).await;
        match inner.store.sources().heartbeat(lease, &tally.counts()).await {
            Ok(true) => {}
            Ok(false) => return,
            // As long as the lease lasts, the next one may get through.
            Err(error) => events::source_scheduler_failed(&error.into()),
        }
    }
}

/// All steps. Gives why not everything could be done, where that is so.
async fn steps(
    inner: &Arc<Inner>,
    access: &Access,
    lease: &SourceLease,
    (tally, force): (&Tally, bool),
) -> Result<Option<String>, EngineError> {
    let row = inner.store.sources().get(lease.tenant, lease.source).await?;
    let place = SourcePlace::of(&row)?;
    let source = match place.open(row.kind, inner) {
        Ok(source) => source,
        Err(SourceError(problem)) => return Ok(Some(problem)),
    };
    let engine = Engine::of(inner);
    let run = Run { engine, inner, access, lease, row: &row, place: &place, source, tally, force };
    let listing = look::look(&run).await?;
    take::take(&run, listing.is_none()).await?;
    match listing {
        Some(problem) => Ok(Some(problem)),
        None => clear::clear(&run).await,
    }
}

//! Workers: take jobs by lease, read documents, publish what they hold.

use std::{sync::Arc, time::Duration};

use quarry_core::{ErrorKind, Fault};
use quarry_store::{JobFailure, Lane, Publication};

use super::{
    Held, failing,
    held::Vitals,
    pipeline::{self, Outcome},
};
use crate::{engine::Inner, error::EngineError, events, settings::IngestSettings};

/// Longest time without looking for work: another process may have queued some, or a lease may have run out.
const IDLE: Duration = Duration::from_secs(5);
/// How long a worker that was woken waits for company: documents that come one by one share their transactions,
/// and nobody notices a fiftieth of a second.
const GATHER: Duration = Duration::from_millis(20);
/// Chunks published in one transaction at most, so that readers of the database never wait long.
const PUBLISH_CHUNKS: usize = 1_000;
/// How often a worker gives a sign of life, and hears what nobody wants any more.
const BEAT: Duration = Duration::from_secs(2);
/// How long documents at hand get when the server stops; then they are put back.
const FINISH: Duration = Duration::from_secs(5);

/// How many workers of each lane the settings mean.
pub(crate) fn count(settings: &IngestSettings) -> usize {
    if settings.workers > 0 {
        return settings.workers;
    }
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// A worker's task. Ends when the engine closes, after the batch at hand.
pub(crate) async fn run(inner: Arc<Inner>, lane: Lane, number: usize) {
    let letter = if lane == Lane::Small { 's' } else { 'l' };
    // Two processes may have one number on two machines; a word of chance keeps their leases apart.
    let name = format!("{}-{:08x}-{letter}{number}", std::process::id(), fastrand::u32(..));
    while !inner.closing.is_cancelled() {
        match round(&inner, lane, &name).await {
            Ok(0) => idle(&inner, lane).await,
            Ok(_) => {}
            Err(error) => {
                events::worker_failed(&error);
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = inner.closing.cancelled() => {}
                }
            }
        }
    }
}

async fn idle(inner: &Inner, lane: Lane) {
    // What waits for a moment is not to wait for longer.
    let next = inner.store.jobs().next_due(lane).await.ok().flatten();
    let until = next.map_or(IDLE, |due| due.since(inner.clock.now()).max(GATHER).min(IDLE));
    tokio::select! {
        () = inner.work.of(lane).notified() => tokio::time::sleep(GATHER).await,
        () = tokio::time::sleep(until) => {}
        () = inner.closing.cancelled() => {}
    }
}

/// Takes a batch and brings each of its jobs to an end. Gives how many there were.
async fn round(inner: &Arc<Inner>, lane: Lane, name: &str) -> Result<usize, EngineError> {
    let settings = &inner.settings.ingest;
    let lease = Duration::from_secs(settings.lease_seconds);
    // A large document is work enough for one worker, and the next may be taken by another.
    let most = if lane == Lane::Small { settings.batch } else { 1 };
    let jobs = inner.store.jobs().claim(name, lane, u32::try_from(most).unwrap_or(u32::MAX), lease).await?;
    let taken = jobs.len();
    if taken == 0 {
        return Ok(0);
    }
    if taken == most {
        // There is probably more than one worker's worth.
        inner.work.of(lane).notify_one();
    }
    let held: Vec<Held> = jobs.into_iter().map(Held::new).collect();
    let vitals = Vitals::of(&held);
    inner.in_hand.take(&held);
    let outcome = tend(inner, (name, lease), &vitals, process(inner, held, name)).await;
    inner.in_hand.leave(&vitals);
    outcome.map(|()| taken)
}

/// Lets the work go on while it gives signs of life for it.
async fn tend(
    inner: &Inner,
    (name, lease): (&str, Duration),
    vitals: &Vitals,
    work: impl Future<Output = Result<(), EngineError>>,
) -> Result<(), EngineError> {
    tokio::pin!(work);
    let mut last = tokio::time::Instant::now();
    let ending = async {
        inner.closing.cancelled().await;
        tokio::time::sleep(FINISH).await;
        vitals.drop_all();
        std::future::pending::<()>().await;
    };
    tokio::pin!(ending);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            () = &mut ending => {}
            () = tokio::time::sleep_until(last + BEAT.min(lease / 3)) => {
                last = tokio::time::Instant::now();
                match inner.store.jobs().heartbeat(name, &vitals.beats(), lease).await {
                    Ok(ids) => vitals.keep(&ids),
                    // The work goes on: the leases last a while without it.
                    Err(error) => events::worker_failed(&error.into()),
                }
                inner.announce();
            }
        }
    }
}

async fn process(inner: &Arc<Inner>, held: Vec<Held>, name: &str) -> Result<(), EngineError> {
    let mut ready: Vec<Publication> = Vec::new();
    let mut chunks = 0;
    let mut rest = held.into_iter();
    loop {
        let group = pipeline::group(&mut rest);
        if group.is_empty() {
            break;
        }
        for (held, outcome) in read(inner, group, name).await {
            match outcome {
                Ok(publication) => {
                    chunks += publication.chunks.len();
                    ready.push(publication);
                }
                Err(error) => failing::failed(inner, &held, &error).await?,
            }
        }
        if chunks >= PUBLISH_CHUNKS {
            publish(inner, std::mem::take(&mut ready)).await?;
            chunks = 0;
        }
    }
    publish(inner, ready).await
}

/// Reads a group. Work on a large document ends as soon as nobody wants it; of small ones the few milliseconds are
/// finished, unless the server ends and something they wait for does not come.
async fn read(inner: &Arc<Inner>, group: Vec<Held>, name: &str) -> Vec<Outcome> {
    let dropped: Vec<_> = group.iter().map(|held| held.dropped.clone()).collect();
    let copies: Vec<_> = group.iter().map(Held::copy).collect();
    let all_dropped = async {
        for token in &dropped {
            token.cancelled().await;
        }
    };
    tokio::select! {
        outcomes = pipeline::run(inner, group, name) => outcomes,
        () = all_dropped => copies.into_iter().map(|held| (held, Err(EngineError::Dropped))).collect(),
    }
}

/// Publishes each collection's documents in one transaction.
async fn publish(inner: &Inner, mut ready: Vec<Publication>) -> Result<(), EngineError> {
    while let Some((tenant, collection)) = ready.first().map(|first| (first.tenant, first.collection)) {
        let (batch, rest): (Vec<_>, Vec<_>) =
            ready.into_iter().partition(|publication| publication.collection == collection);
        ready = rest;
        match inner.store.chunks().publish(&batch).await {
            Ok(_) => {
                let chunks = batch.iter().map(|publication| publication.chunks.len()).sum();
                events::published(batch.len(), chunks);
                let collection = inner.store.collections().get_by_id(tenant, collection).await?;
                inner.indexer.touch(collection.scope());
            }
            // The collection was rebuilt with another embedder meanwhile: these have to be embedded again.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let reason = error.to_string();
                let failure = JobFailure { code: error.code(), reason: &reason, stage: None };
                for job in batch.iter().filter_map(|publication| publication.job) {
                    inner.store.jobs().wait(job, failure, (Duration::ZERO, Duration::MAX)).await?;
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // The collection was removed, and its jobs with it.
            }
            Err(error) => return Err(error.into()),
        }
    }
    inner.announce();
    Ok(())
}

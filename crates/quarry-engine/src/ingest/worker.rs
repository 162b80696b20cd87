//! Workers: take jobs by lease, read documents, publish what they hold.

use std::{sync::Arc, time::Duration};

use quarry_core::{ErrorKind, Fault};
use quarry_store::{Job, Publication};

use super::pipeline;
use crate::{engine::Inner, error::EngineError, events, settings::IngestSettings};

/// Longest time without looking for work: another process may have queued some, or a lease may have run out.
const IDLE: Duration = Duration::from_secs(5);
/// How long a worker that was woken waits for company: documents that come one by one share their transactions,
/// and nobody notices a fiftieth of a second.
const GATHER: Duration = Duration::from_millis(20);
/// Chunks published in one transaction at most, so that readers of the database never wait long.
const PUBLISH_CHUNKS: usize = 1_000;

/// How many workers the settings mean.
pub(crate) fn count(settings: &IngestSettings) -> usize {
    if settings.workers > 0 {
        return settings.workers;
    }
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// A worker's task. Ends when the engine closes, after the batch at hand.
pub(crate) async fn run(inner: Arc<Inner>, number: usize) {
    let name = format!("{}-{number}", std::process::id());
    while !inner.closing.is_cancelled() {
        match round(&inner, &name).await {
            Ok(0) => idle(&inner).await,
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

async fn idle(inner: &Inner) {
    tokio::select! {
        () = inner.work.notified() => tokio::time::sleep(GATHER).await,
        () = tokio::time::sleep(IDLE) => {}
        () = inner.closing.cancelled() => {}
    }
}

/// Takes a batch and brings each of its jobs to an end. Gives how many there were.
async fn round(inner: &Arc<Inner>, name: &str) -> Result<usize, EngineError> {
    let settings = &inner.settings.ingest;
    let lease = Duration::from_secs(settings.lease_seconds);
    let jobs =
        inner.store.jobs().claim(name, u32::try_from(settings.batch).unwrap_or(u32::MAX), lease).await?;
    let taken = jobs.len();
    if taken == 0 {
        return Ok(0);
    }
    if taken == settings.batch {
        // There is probably more than one worker's worth.
        inner.work.notify_one();
    }
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let work = process(inner, jobs);
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => { outcome?; break }
            () = tokio::time::sleep(lease / 3) => inner.store.jobs().heartbeat(name, &ids, lease).await.map(drop)?,
        }
    }
    Ok(taken)
}

async fn process(inner: &Arc<Inner>, jobs: Vec<Job>) -> Result<(), EngineError> {
    let mut ready: Vec<Publication> = Vec::new();
    let mut chunks = 0;
    let mut rest = jobs.into_iter();
    loop {
        let group: Vec<Job> = pipeline::group(&mut rest);
        if group.is_empty() {
            break;
        }
        for (job, outcome) in pipeline::read(inner, group).await {
            match outcome {
                Ok(publication) => {
                    chunks += publication.chunks.len();
                    ready.push(publication);
                }
                Err(error) => give_up(inner, &job, &error).await?,
            }
        }
        if chunks >= PUBLISH_CHUNKS {
            publish(inner, std::mem::take(&mut ready)).await?;
            chunks = 0;
        }
    }
    publish(inner, ready).await
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
                for job in batch.iter().filter_map(|publication| publication.job) {
                    inner.store.jobs().retry_later(job, &error.to_string(), Duration::ZERO).await?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    inner.announce();
    Ok(())
}

/// A lasting failure makes the job a dead letter; a passing one puts it back with a growing delay.
async fn give_up(inner: &Inner, job: &Job, error: &EngineError) -> Result<(), EngineError> {
    let passing = matches!(
        error.kind(),
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RateLimited | ErrorKind::Internal
    );
    events::document_failed(job, error, passing);
    if passing && job.attempt < job.max_attempts {
        let delay = error.retry_after().unwrap_or_else(|| backoff(job.attempt));
        inner.store.jobs().retry_later(job.id, &error.to_string(), delay).await?;
    } else {
        inner.store.jobs().bury(job.id, &error.to_string()).await?;
        inner.announce();
    }
    Ok(())
}

/// 2, 4, 8 ... seconds, at most five minutes.
fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(2_u64.saturating_pow(attempt.clamp(1, 9)).min(300))
}

#[cfg(test)]
mod tests {
    use super::backoff;

    #[test]
    fn the_delay_grows_and_ends() {
        assert_eq!(backoff(1).as_secs(), 2);
        assert_eq!(backoff(3).as_secs(), 8);
        assert_eq!(backoff(60).as_secs(), 300);
    }
}

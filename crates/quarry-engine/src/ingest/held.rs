//! Jobs in a worker's hands: how far each is, and whether it is still wanted.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use quarry_core::JobId;
use quarry_store::{Heartbeat, Job, JobStage};
use tokio_util::sync::CancellationToken;

/// How far a job is. The worker writes it, signs of life and whoever asks read it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    stage: AtomicUsize,
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// A stage is behind it; of the next one this much is known.
    pub(crate) fn enter(&self, stage: JobStage, total: usize) {
        let place = JobStage::ALL.iter().position(|known| *known == stage).unwrap_or_default();
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total as u64, Ordering::Relaxed);
        self.stage.store(place, Ordering::Relaxed);
    }

    /// Parts of the stage at hand are done.
    pub(crate) fn add(&self, parts: usize) {
        self.done.fetch_add(parts as u64, Ordering::Relaxed);
    }

    /// The last stage that is done, and parts of the next one done and in all.
    pub(crate) fn get(&self) -> (JobStage, u64, u64) {
        let stage = JobStage::ALL.get(self.stage.load(Ordering::Relaxed)).copied().unwrap_or_default();
        (stage, self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

/// A leased job.
pub(crate) struct Held {
    pub(crate) job: Job,
    pub(crate) progress: Arc<Progress>,
    /// Cancelled when nobody wants the work any more: the job was cancelled, its document removed or replaced, its
    /// lease lost, or the server ends.
    pub(crate) dropped: CancellationToken,
}

impl Held {
    pub(crate) fn new(job: Job) -> Self {
        Self { job, progress: Arc::default(), dropped: CancellationToken::new() }
    }

    /// The same job, for whoever must know of it when the work on it was dropped.
    pub(super) fn copy(&self) -> Self {
        Self { job: self.job.clone(), progress: Arc::clone(&self.progress), dropped: self.dropped.clone() }
    }
}

/// The signs of life that a worker gives for its jobs, apart from the work itself.
pub(super) struct Vitals(Vec<(JobId, Arc<Progress>, CancellationToken)>);

impl Vitals {
    pub(super) fn of(held: &[Held]) -> Self {
        let one = |held: &Held| (held.job.id, Arc::clone(&held.progress), held.dropped.clone());
        Self(held.iter().map(one).collect())
    }

    pub(super) fn beats(&self) -> Vec<Heartbeat> {
        let beat = |(id, progress, _): &(JobId, Arc<Progress>, CancellationToken)| {
            let (stage, done, total) = progress.get();
            Heartbeat { id: *id, stage, done, total }
        };
        self.0.iter().map(beat).collect()
    }

    /// Tells the work which jobs are still its own.
    pub(super) fn keep(&self, ids: &[JobId]) {
        for (id, _, dropped) in &self.0 {
            if !ids.contains(id) {
                dropped.cancel();
            }
        }
    }

    pub(super) fn drop_all(&self) {
        self.keep(&[]);
    }
}

/// What this process has in hand, so that whoever asks sees more than the last sign of life.
#[derive(Default)]
pub(crate) struct InHand(Mutex<HashMap<JobId, (Arc<Progress>, CancellationToken)>>);

impl InHand {
    pub(super) fn take(&self, held: &[Held]) {
        let one = |held: &Held| (held.job.id, (Arc::clone(&held.progress), held.dropped.clone()));
        self.0.lock().extend(held.iter().map(one));
    }

    pub(super) fn leave(&self, vitals: &Vitals) {
        let mut jobs = self.0.lock();
        for (id, ..) in &vitals.0 {
            jobs.remove(id);
        }
    }

    /// How far a job is, where this process has it.
    pub(crate) fn find(&self, id: JobId) -> Option<(JobStage, u64, u64)> {
        self.0.lock().get(&id).map(|(progress, _)| progress.get())
    }

    /// Nobody wants this any more: where it is here, the work ends now and not with the next sign of life.
    pub(crate) fn drop(&self, id: JobId) {
        if let Some((_, dropped)) = self.0.lock().get(&id) {
            dropped.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use quarry_store::JobStage;

    use super::Progress;

    #[test]
    fn a_new_stage_counts_from_nothing() {
        let progress = Progress::default();
        assert_eq!(progress.get(), (JobStage::Fetched, 0, 0));
        progress.enter(JobStage::Chunked, 40);
        progress.add(16);
        assert_eq!(progress.get(), (JobStage::Chunked, 16, 40));
        progress.enter(JobStage::Embedded, 0);
        assert_eq!(progress.get(), (JobStage::Embedded, 0, 0));
    }
}

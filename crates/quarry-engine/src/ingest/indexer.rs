//! Brings each index up to what the database says.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use quarry_core::Scope;
use quarry_index::{Batch, Change, IndexChunk, Terms};
use tokio::sync::Notify;

use crate::{engine::Inner, error::EngineError, events};

/// Chunks read from the database at a time: bounds memory, and lets other collections have their turn.
const PAGE: u32 = 1_000;
/// A commit may take at most a twentieth of the time, so the next one waits nineteen times as long as the last took.
const COMMIT_SHARE: u32 = 19;
/// How long a failing index is left alone before the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// Which scopes are behind, and how far each index is.
pub(crate) struct Indexer {
    state: Mutex<State>,
    wake: Notify,
    /// Held while an index is fed or discarded: changes reach it in order, from one side.
    feeding: tokio::sync::Mutex<()>,
    longest_wait: Duration,
}

#[derive(Default)]
struct State {
    dirty: VecDeque<Scope>,
    queued: HashSet<Scope>,
    progress: HashMap<Scope, Progress>,
    failure: Option<String>,
}

/// How far one index is.
#[derive(Clone, Copy)]
struct Progress {
    /// Handed to the index, not necessarily committed.
    handed: u64,
    /// Durable and searchable.
    applied: u64,
    /// When the last commit ended, and how long it took.
    committed_at: Option<(Instant, Duration)>,
}

impl Indexer {
    pub(crate) fn new(longest_wait: Duration) -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            feeding: tokio::sync::Mutex::const_new(()),
            longest_wait,
        }
    }

    /// Says that a scope's database has changes.
    pub(crate) fn touch(&self, scope: Scope) {
        let mut state = self.state.lock();
        if state.queued.insert(scope) {
            state.dirty.push_back(scope);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// The sequence a scope's index has durably reached, as far as is known.
    pub(crate) fn applied(&self, scope: &Scope) -> u64 {
        self.state.lock().progress.get(scope).map_or(0, |progress| progress.applied)
    }

    /// Forgets a scope, whose index was discarded: the next look starts from its own state.
    pub(crate) fn reset(&self, scope: &Scope) {
        self.state.lock().progress.remove(scope);
    }

    /// Why the last round failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        self.state.lock().failure.clone()
    }

    /// Scopes that wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().dirty.len()
    }

    fn next(&self) -> Option<Scope> {
        let mut state = self.state.lock();
        let scope = state.dirty.pop_front()?;
        state.queued.remove(&scope);
        Some(scope)
    }

    /// The scope whose commit is due first, and how long until then.
    fn due(&self) -> Option<(Scope, Duration)> {
        let state = self.state.lock();
        let behind = state.progress.iter().filter(|(_, progress)| progress.handed > progress.applied);
        behind.map(|(scope, progress)| (*scope, self.wait(progress))).min_by_key(|(_, wait)| *wait)
    }

    fn wait(&self, progress: &Progress) -> Duration {
        let Some((at, took)) = progress.committed_at else { return Duration::ZERO };
        (took * COMMIT_SHARE).min(self.longest_wait).saturating_sub(at.elapsed())
    }
}

/// The indexer's task: hands changes over as they come and commits when due; ends when the engine closes, after a
/// last commit.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let round = match inner.indexer.next() {
            Some(scope) => hand_over(&inner, scope).await.map_err(|error| (scope, error)),
            None => wait_or_commit(&inner).await,
        };
        if let Err((scope, error)) = round {
            events::indexing_failed(&scope, &error);
            inner.indexer.state.lock().failure = Some(error.to_string());
            if inner.closing.is_cancelled() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => inner.indexer.touch(scope),
                () = inner.closing.cancelled() => {}
            }
        } else if inner.closing.is_cancelled() && inner.indexer.due().is_none() {
            return;
        }
    }
}

/// With nothing to hand over: commits what is due, or sleeps until something is.
async fn wait_or_commit(inner: &Inner) -> Result<(), (Scope, EngineError)> {
    let closing = inner.closing.is_cancelled();
    match inner.indexer.due() {
        Some((scope, wait)) if wait.is_zero() || closing => {
            commit(inner, scope).await.map_err(|error| (scope, error))
        }
        Some((_, wait)) => {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = inner.indexer.wake.notified() => {}
                () = inner.closing.cancelled() => {}
            }
            Ok(())
        }
        None => {
            tokio::select! {
                () = inner.indexer.wake.notified() => {}
                () = inner.closing.cancelled() => {}
            }
            Ok(())
        }
    }
}

/// Hands one page of a scope's changes to its index, and commits when that is due even though more keeps coming.
async fn hand_over(inner: &Inner, scope: Scope) -> Result<(), EngineError> {
    let _feeding = inner.indexer.feeding.lock().await;
    let mut progress = progress_of(inner, scope).await?;
    let pages = inner.store.chunks().changes_after(&scope, progress.handed, PAGE).await?;
    if let Some(last) = pages.last() {
        progress.handed = last.sequence;
        for page in pages {
            if let Err(error) = inner.index.apply(&scope, batch_of(page)).await {
                // The index may have gone back: start again from what it says it has.
                inner.indexer.reset(&scope);
                return Err(error.into());
            }
        }
        inner.indexer.state.lock().progress.insert(scope, progress);
        // There may be more; the scope goes to the end of the line.
        inner.indexer.touch(scope);
    }
    if progress.handed > progress.applied && inner.indexer.wait(&progress).is_zero() {
        commit(inner, scope).await?;
    }
    Ok(())
}

async fn progress_of(inner: &Inner, scope: Scope) -> Result<Progress, EngineError> {
    let known = inner.indexer.state.lock().progress.get(&scope).copied();
    if let Some(progress) = known {
        return Ok(progress);
    }
    let sequence = inner.index.state(&scope, false).await?.sequence;
    let progress = Progress { handed: sequence, applied: sequence, committed_at: None };
    inner.indexer.state.lock().progress.insert(scope, progress);
    inner.announce();
    Ok(progress)
}

async fn commit(inner: &Inner, scope: Scope) -> Result<(), EngineError> {
    let started = Instant::now();
    let committed = inner.index.commit(&scope).await;
    let sequence = match committed {
        Ok(sequence) => sequence,
        Err(error) => {
            // What was handed over may be lost: start again from what the index says it has.
            inner.indexer.reset(&scope);
            return Err(error.into());
        }
    };
    let took = started.elapsed();
    let mut state = inner.indexer.state.lock();
    if let Some(progress) = state.progress.get_mut(&scope) {
        progress.applied = sequence;
        // An index that is not where it was led lost something; the next round starts from where it is.
        progress.handed = sequence;
        progress.committed_at = Some((Instant::now(), took));
    }
    state.failure = None;
    drop(state);
    events::index_committed(&scope, sequence, took);
    inner.announce();
    Ok(())
}

/// Discards a scope's index and has it replayed from the database.
pub(crate) async fn start_over(inner: &Inner, scope: Scope) -> Result<(), EngineError> {
    let feeding = inner.indexer.feeding.lock().await;
    inner.index.discard(&scope).await?;
    inner.indexer.reset(&scope);
    drop(feeding);
    inner.indexer.touch(scope);
    Ok(())
}

/// Waits until a scope's index has durably reached a sequence, or the indexer failed.
pub(crate) async fn reached(inner: &Inner, scope: &Scope, sequence: u64) -> Result<(), EngineError> {
    let mut moved = inner.moved.subscribe();
    while inner.indexer.applied(scope) < sequence {
        if let Some(problem) = inner.indexer.failure() {
            return Err(EngineError::Task(problem));
        }
        if inner.closing.is_cancelled() {
            return Err(EngineError::Closing);
        }
        // Failures do not announce themselves, so the wait has an end.
        let _ = tokio::time::timeout(PAUSE, moved.changed()).await;
    }
    Ok(())
}

/// One sequence's changes as the index takes them: removals before additions.
pub(crate) fn batch_of(page: quarry_store::SequencedChanges) -> Batch {
    let removed = page.removed.into_iter().map(Change::Remove);
    let added = page.added.into_iter().map(|chunk| {
        Change::Add(IndexChunk {
            key: chunk.key,
            document: chunk.document,
            terms: Terms::from_bytes(&chunk.terms),
            vector: chunk.vector.map(Arc::from),
            metadata: chunk.metadata,
        })
    });
    Batch { changes: removed.chain(added).collect(), sequence: page.sequence }
}

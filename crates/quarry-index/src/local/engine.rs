//! The engine: finds, opens and closes shards, and keeps heavy work off the async runtime.

use std::{
    collections::HashMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use parking_lot::Mutex;
use quarry_core::Scope;

use super::{
    search,
    shard::{self, Shard},
};
use crate::{
    events,
    index::{Batch, Candidates, Index, IndexError, IndexState, Search},
    settings::IndexSettings,
};

/// Chunks up to which a question is answered on the caller's thread: it takes less than half a millisecond, and
/// handing it over would cost a tenth of that.
const INLINE: u64 = 30_000;

/// The embedded index. Cheap to clone; clones share the shards.
#[derive(Clone)]
pub struct LocalIndex {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    settings: Arc<IndexSettings>,
    cells: Mutex<HashMap<Scope, Arc<Cell>>>,
}

const FINE: u8 = 0;
const BEHIND: u8 = 1;
const TOLD: u8 = 2;

/// A shard's place; its lock is held while the shard is opened, closed or discarded.
#[derive(Default)]
struct Cell {
    shard: Mutex<Option<Arc<Shard>>>,
    /// [`BEHIND`] once the shard went back to an older sequence on its own, [`TOLD`] once a writer heard of it, and
    /// [`FINE`] again when the state was asked for after that. Until then writes are refused: applying the next
    /// batch would leave a hole that nobody sees.
    standing: AtomicU8,
}

impl LocalIndex {
    /// An index whose shards live below `root`. Nothing is read or made before it is asked for. One process at a
    /// time may use the folder; the caller holds its lock.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, settings: IndexSettings) -> Self {
        let (root, settings) = (root.into(), Arc::new(settings));
        Self { inner: Arc::new(Inner { root, settings, cells: Mutex::default() }) }
    }

    /// Closes shards and writers that nobody used for a while, and picks up finished merges. Call it every few
    /// seconds.
    pub async fn close_idle(&self) {
        let inner = Arc::clone(&self.inner);
        // Only a panic in it or the runtime's end can fail it; either way the next call does the work.
        let _ = tokio::task::spawn_blocking(move || inner.close_idle()).await;
    }

    /// Closes every shard. What was applied and not committed is lost, as in a crash; the database has it.
    pub async fn close(&self) {
        let inner = Arc::clone(&self.inner);
        let _ = tokio::task::spawn_blocking(move || inner.close_all()).await;
    }

    /// How many shards are open.
    #[must_use]
    pub fn open_shards(&self) -> usize {
        self.inner
            .cells
            .lock()
            .values()
            .filter(|cell| cell.shard.try_lock().is_none_or(|shard| shard.is_some()))
            .count()
    }

    /// The open shard, or one opened now; `None` when there is none and `create` is not set.
    async fn shard(&self, scope: &Scope, create: bool) -> Result<Option<Arc<Shard>>, IndexError> {
        if let Some(shard) = self.inner.open_already(scope) {
            shard.touch();
            return Ok(Some(shard));
        }
        let (inner, scope) = (Arc::clone(&self.inner), *scope);
        blocking(move || inner.open(scope, create)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, IndexError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(IndexError::Engine(format!("a task of the index ended early: {error}"))))
}

impl Inner {
    fn folder(&self, scope: &Scope) -> PathBuf {
        self.root
            .join(scope.tenant.to_string())
            .join(scope.collection.to_string())
            .join(format!("g{}", scope.generation))
    }

    fn open_already(&self, scope: &Scope) -> Option<Arc<Shard>> {
        let cells = self.cells.lock();
        let shard = cells.get(scope)?.shard.try_lock()?;
        shard.clone()
    }

    /// Somebody learns the state now. Had no writer heard of the loss yet, the one who feeds the index would go on
    /// from where it believes it is.
    fn state_asked(&self, scope: &Scope) {
        if let Some(cell) = self.cells.lock().get(scope) {
            let _ = cell.standing.compare_exchange(TOLD, FINE, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    fn cell(&self, scope: &Scope) -> Arc<Cell> {
        Arc::clone(self.cells.lock().entry(*scope).or_default())
    }

    fn open(&self, scope: Scope, create: bool) -> Result<Option<Arc<Shard>>, IndexError> {
        let folder = self.folder(&scope);
        let cell = self.cell(&scope);
        let mut place = cell.shard.lock();
        if let Some(shard) = place.as_ref().filter(|shard| !shard.is_retired()) {
            return Ok(Some(Arc::clone(shard)));
        }
        if place.take().is_some() {
            // It was retired while it had its place: a write failed.
            cell.standing.store(BEHIND, Ordering::Release);
        }
        if !shard::exists(&folder) && !create {
            // Leftovers without a lexical index say nothing about any chunk.
            return Ok(None);
        }
        // tantivy asserts where it trusts its files; a file that breaks that trust must not take the server along.
        let attempt = || {
            catch_unwind(AssertUnwindSafe(|| Shard::open(scope, folder.clone(), Arc::clone(&self.settings))))
                .unwrap_or_else(|_| Err(IndexError::Damaged("reading them failed".to_owned())))
        };
        let opened = match attempt() {
            Err(IndexError::Damaged(problem)) => {
                events::damaged(&scope, &problem);
                cell.standing.store(BEHIND, Ordering::Release);
                remove_folder(&folder)?;
                if !create {
                    return Ok(None);
                }
                attempt()?
            }
            other => other?,
        };
        let shard = Arc::new(opened);
        shard.build_graph();
        *place = Some(Arc::clone(&shard));
        drop(place);
        self.evict(&scope);
        Ok(Some(shard))
    }

    fn open_to_write(&self, scope: Scope, create: bool) -> Result<Option<Arc<Shard>>, IndexError> {
        let shard = self.open(scope, create)?;
        let cell = self.cell(&scope);
        if cell.standing.load(Ordering::Acquire) != FINE {
            cell.standing.store(TOLD, Ordering::Release);
            return Err(IndexError::Damaged(
                "the index went back to an older state; ask for it and replay from there".to_owned(),
            ));
        }
        if let Some(shard) = &shard {
            shard.touch();
        }
        Ok(shard)
    }

    /// Closes the least recently used shards beyond the cap.
    fn evict(&self, newest: &Scope) {
        let mut open = self.open_cells();
        open.retain(|(scope, ..)| scope != newest);
        open.sort_by_key(|(_, last_used, _)| *last_used);
        let excess = (open.len() + 1).saturating_sub(self.settings.open_shards.max(1));
        for (_, _, cell) in open.into_iter().take(excess) {
            close(&cell);
        }
    }

    fn open_cells(&self) -> Vec<(Scope, Instant, Arc<Cell>)> {
        let cells = self.cells.lock();
        cells
            .iter()
            .filter_map(|(scope, cell)| {
                let last_used = cell.shard.try_lock()?.as_ref()?.last_used();
                Some((*scope, last_used, Arc::clone(cell)))
            })
            .collect()
    }

    fn close_idle(&self) {
        let idle = Duration::from_secs(self.settings.idle_close_seconds);
        for (scope, last_used, cell) in self.open_cells() {
            if last_used.elapsed() >= idle && close(&cell) {
                events::closed(&scope);
                continue;
            }
            let shard = cell.shard.try_lock().and_then(|place| place.clone());
            if let Some(shard) = shard
                && let Err(error) = shard.tidy(Duration::from_secs(self.settings.idle_writer_seconds))
            {
                events::write_failed(&scope, &error.to_string());
            }
        }
        // A cell that nobody holds and that has no shard is only a name.
        self.cells.lock().retain(|_, cell| {
            Arc::strong_count(cell) > 1
                || cell.standing.load(Ordering::Acquire) != FINE
                || cell.shard.try_lock().is_none_or(|place| place.is_some())
        });
    }

    fn close_all(&self) {
        for (_, _, cell) in self.open_cells() {
            if let Some(shard) = cell.shard.lock().take() {
                shard.retire();
            }
        }
    }

    fn discard(&self, scope: &Scope, behind: bool) -> Result<(), IndexError> {
        let cell = self.cell(scope);
        let mut place = cell.shard.lock();
        if let Some(shard) = place.take() {
            shard.retire();
        }
        cell.standing.store(if behind { BEHIND } else { FINE }, Ordering::Release);
        remove_folder(&self.folder(scope))
    }

    /// Answers a question; a shard whose files turn out to be broken is removed.
    fn answer(&self, shard: &Shard, request: &Search<'_>) -> Result<Candidates, IndexError> {
        let answered = catch_unwind(AssertUnwindSafe(|| search::search(shard, request)))
            .unwrap_or_else(|_| Err(IndexError::Damaged("reading them failed".to_owned())));
        if let Err(IndexError::Damaged(problem)) = &answered {
            events::damaged(&shard.scope, problem);
            self.discard(&shard.scope, true)?;
        }
        answered
    }
}

/// Closes a cell's shard unless something is pending in it.
fn close(cell: &Cell) -> bool {
    let Some(mut place) = cell.shard.try_lock() else { return false };
    let closed = place.as_ref().is_some_and(|shard| shard.retire_if_quiet());
    if closed {
        *place = None;
    }
    closed
}

fn remove_folder(folder: &PathBuf) -> Result<(), IndexError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[async_trait]
impl Index for LocalIndex {
    async fn apply(&self, scope: &Scope, batch: Batch) -> Result<(), IndexError> {
        let (inner, scope) = (Arc::clone(&self.inner), *scope);
        blocking(move || {
            loop {
                let Some(shard) = inner.open_to_write(scope, true)? else { return Ok(()) };
                // `None`: it was closed between opening and writing, and is opened again.
                if shard.apply(&batch)?.is_some() {
                    return Ok(());
                }
            }
        })
        .await
    }

    async fn commit(&self, scope: &Scope) -> Result<u64, IndexError> {
        let (inner, scope) = (Arc::clone(&self.inner), *scope);
        blocking(move || {
            loop {
                let Some(shard) = inner.open_to_write(scope, false)? else { return Ok(0) };
                if let Some(sequence) = shard.commit()? {
                    return Ok(sequence);
                }
            }
        })
        .await
    }

    async fn search(&self, scope: &Scope, search: Search<'_>) -> Result<Candidates, IndexError> {
        let Some(shard) = self.shard(scope, false).await? else {
            return Ok(Candidates { frequencies: vec![0; search.stems.len()], ..Candidates::default() });
        };
        if shard.snapshot().chunks <= INLINE {
            return self.inner.answer(&shard, &search);
        }
        let inner = Arc::clone(&self.inner);
        let (stems, vector, filter) =
            (search.stems.to_vec(), search.vector.map(<[f32]>::to_vec), search.filter.cloned());
        let (depth, terms) = (search.depth, search.terms);
        blocking(move || {
            let (vector, filter) = (vector.as_deref(), filter.as_ref());
            let search = Search { stems: &stems, vector, filter, depth, terms };
            inner.answer(&shard, &search)
        })
        .await
    }

    async fn state(&self, scope: &Scope, with_keys: bool) -> Result<IndexState, IndexError> {
        let shard = self.shard(scope, false).await?;
        self.inner.state_asked(scope);
        let Some(shard) = shard else { return Ok(IndexState::default()) };
        let snapshot = shard.snapshot();
        let keys = if with_keys { snapshot.keys() } else { Vec::new() };
        Ok(IndexState { sequence: snapshot.sequence, chunks: snapshot.chunks, keys, bytes: snapshot.bytes })
    }

    async fn discard(&self, scope: &Scope) -> Result<(), IndexError> {
        let (inner, scope) = (Arc::clone(&self.inner), *scope);
        blocking(move || inner.discard(&scope, false)).await
    }
}

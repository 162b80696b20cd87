//! One shard: a folder, its writer, and the snapshot that questions are answered from.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};
use quarry_core::Scope;
use tantivy::{Index, IndexReader, IndexSettings as TantivySettings, ReloadPolicy, store::Compressor};

use super::{
    directory::GroupDirectory,
    forward::Forward,
    graph::Graph,
    lexical::{self, Fields},
    snapshot::{Parts, Snapshot},
    writer::{Payload, Place, Writer},
};
use crate::{
    events,
    index::{Batch, IndexError},
    settings::IndexSettings,
};

/// Fewer dead slots than this are not worth a rewrite.
const COMPACT_FROM: u64 = 1_024;

/// An open shard.
pub struct Shard {
    /// Whose it is.
    pub scope: Scope,
    /// tantivy's fields.
    pub fields: Fields,
    /// The settings it was opened with.
    pub settings: Arc<IndexSettings>,
    folder: PathBuf,
    index: Index,
    reader: IndexReader,
    writer: Mutex<Writer>,
    snapshot: RwLock<Arc<Snapshot>>,
    graph: RwLock<Option<Arc<Graph>>>,
    building: AtomicBool,
    /// It was closed, or a write failed: no more writes. Set under the writer's lock.
    retired: AtomicBool,
    /// Tells the thread that builds a graph to stop.
    cancelled: AtomicBool,
    last_used: Mutex<Instant>,
}

/// Whether there are files of a shard.
pub fn exists(folder: &Path) -> bool {
    lexical_folder(folder).join("meta.json").exists()
}

fn lexical_folder(folder: &Path) -> PathBuf {
    folder.join("lexical")
}

impl Shard {
    /// Opens the shard in a folder, or makes an empty one.
    ///
    /// # Errors
    /// Damaged, when the files cannot be used as they are.
    pub fn open(scope: Scope, folder: PathBuf, settings: Arc<IndexSettings>) -> Result<Self, IndexError> {
        let started = Instant::now();
        fs::create_dir_all(lexical_folder(&folder))?;
        let (schema, fields) = lexical::schema();
        let directory =
            GroupDirectory::open(&lexical_folder(&folder)).map_err(|error| lexical::failed(error.into()))?;
        let index = if exists(&folder) {
            Index::open(directory)
        } else {
            Index::create(directory, schema.clone(), nothing_stored())
        }
        .map_err(lexical::failed)?;
        if index.schema() != schema {
            return Err(IndexError::Damaged("another version of the program wrote them".to_owned()));
        }
        lexical::register(&index);
        let committed = payload(&index)?;
        let forward = Forward::open(&folder, committed.lengths).map_err(damaged)?;
        verify(&index, &forward, settings.verify_megabytes << 20)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(0)
            .try_into()
            .map_err(lexical::failed)?;
        remove_others(&folder, committed.lengths.files);
        let graph = Graph::open(&folder, &forward).map(Arc::new);
        let writer = Writer::new(committed, &forward);
        let parts = Parts {
            sequence: committed.sequence,
            searcher: reader.searcher(),
            forward,
            screen_from: settings.screen_from,
            before: None,
        };
        let mut snapshot = Snapshot::new(parts, &writer.keys)?;
        snapshot.bytes = folder_bytes(&folder);
        events::opened(&scope, snapshot.chunks, started.elapsed());
        Ok(Self {
            scope,
            fields,
            settings,
            folder,
            index,
            reader,
            writer: Mutex::new(writer),
            snapshot: RwLock::new(Arc::new(snapshot)),
            graph: RwLock::new(graph),
            building: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            last_used: Mutex::new(Instant::now()),
        })
    }

    /// What questions are answered from.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read())
    }

    /// The graph, when there is one.
    pub fn graph(&self) -> Option<Arc<Graph>> {
        self.graph.read().clone()
    }

    /// Notes that somebody uses the shard.
    pub fn touch(&self) {
        *self.last_used.lock() = Instant::now();
    }

    /// When somebody last did.
    pub fn last_used(&self) -> Instant {
        *self.last_used.lock()
    }

    fn place(&self) -> Place<'_> {
        let memory = self.settings.writer_megabytes.saturating_mul(1 << 20);
        Place { folder: &self.folder, index: &self.index, fields: &self.fields, memory }
    }

    /// Takes a batch in; `None` when the shard was closed meanwhile.
    pub fn apply(&self, batch: &Batch) -> Result<Option<()>, IndexError> {
        let mut writer = self.writer.lock();
        if self.is_retired() {
            return Ok(None);
        }
        let done = writer.apply(self.place(), batch);
        self.retire_on_failure(&mut writer, &done);
        done.map(Some)
    }

    /// Makes what was applied durable and searchable; `None` when the shard was closed meanwhile.
    pub fn commit(self: &Arc<Self>) -> Result<Option<u64>, IndexError> {
        let mut writer = self.writer.lock();
        if self.is_retired() {
            return Ok(None);
        }
        if !writer.pending() {
            return Ok(Some(writer.committed.sequence));
        }
        let done = self.commit_pending(&mut writer);
        self.retire_on_failure(&mut writer, &done);
        done?;
        let sequence = writer.committed.sequence;
        drop(writer);
        self.build_graph();
        Ok(Some(sequence))
    }

    fn commit_pending(&self, writer: &mut Writer) -> Result<(), IndexError> {
        writer.commit(self.place())?;
        let snapshot = self.refresh(writer)?;
        let slots = snapshot.lengths().slots;
        let dead = slots.saturating_sub(snapshot.chunks);
        if dead >= COMPACT_FROM && dead * 2 > slots {
            writer.compact(self.place(), &snapshot.forward, &snapshot.alive)?;
            self.refresh(writer)?;
            *self.graph.write() = None;
            remove_others(&self.folder, writer.committed.lengths.files);
            events::compacted(&self.scope, slots, writer.committed.lengths.slots);
        }
        Ok(())
    }

    /// Makes the last commit searchable.
    fn refresh(&self, writer: &Writer) -> Result<Arc<Snapshot>, IndexError> {
        self.reader.reload().map_err(lexical::failed)?;
        let before = self.snapshot();
        let parts = Parts {
            sequence: writer.committed.sequence,
            searcher: self.reader.searcher(),
            forward: Forward::open(&self.folder, writer.committed.lengths).map_err(damaged)?,
            screen_from: self.settings.screen_from,
            before: Some(&before),
        };
        let mut snapshot = Snapshot::new(parts, &writer.keys)?;
        snapshot.bytes = folder_bytes(&self.folder);
        let snapshot = Arc::new(snapshot);
        *self.snapshot.write() = Arc::clone(&snapshot);
        Ok(snapshot)
    }

    // After a failed write nobody knows what tantivy's writer holds. The shard is opened anew from its last commit,
    // and whoever applies asks for its state and replays.
    fn retire_on_failure<T>(&self, writer: &mut Writer, done: &Result<T, IndexError>) {
        if let Err(error) = done
            && !matches!(error, IndexError::Dimension { .. })
        {
            self.retired.store(true, Ordering::Release);
            writer.close();
            events::write_failed(&self.scope, &error.to_string());
        }
    }

    /// Whether it takes no more writes.
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Closes the shard. What is pending is lost.
    pub fn retire(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        let mut writer = self.writer.lock();
        self.retired.store(true, Ordering::Release);
        writer.close();
    }

    /// Closes the shard unless it is being written or something is pending; whether it is closed.
    pub fn retire_if_quiet(&self) -> bool {
        let Some(mut writer) = self.writer.try_lock() else { return false };
        if writer.pending() && !self.is_retired() {
            return false;
        }
        self.cancelled.store(true, Ordering::Relaxed);
        self.retired.store(true, Ordering::Release);
        writer.close();
        true
    }

    /// Gives an idle writer's memory back and looks for merges that finished after the last commit.
    pub fn tidy(&self, idle: Duration) -> Result<(), IndexError> {
        // A writer at work is not idle; the next call comes soon.
        let Some(mut writer) = self.writer.try_lock() else { return Ok(()) };
        if self.is_retired() || writer.pending() {
            return Ok(());
        }
        if writer.is_open() && writer.last_used().elapsed() >= idle {
            writer.close();
        }
        let present = self.index.searchable_segment_ids().map_err(lexical::failed)?;
        let snapshot = self.snapshot();
        let known = snapshot.searcher.segment_readers();
        let same =
            present.len() == known.len() && known.iter().all(|reader| present.contains(&reader.segment_id()));
        if same { Ok(()) } else { self.refresh(&writer).map(drop) }
    }

    /// Starts building the graph when the shard is large and its graph old.
    pub fn build_graph(self: &Arc<Self>) {
        let snapshot = self.snapshot();
        let covered = self
            .graph()
            .filter(|graph| graph.files() == snapshot.lengths().files)
            .map_or(0, |graph| u64::from(graph.slots()));
        let newer = snapshot.lengths().slots.saturating_sub(covered);
        let large = snapshot.vectors >= self.settings.hnsw_from.max(1) && snapshot.lengths().dimension > 0;
        // A fifth of the vectors outside the graph cost a question less than building costs everybody.
        if !large || newer * 5 < snapshot.lengths().slots || self.building.swap(true, Ordering::AcqRel) {
            return;
        }
        let shard = Arc::clone(self);
        let started = std::thread::Builder::new().name("quarry-graph".to_owned()).spawn(move || {
            shard.build_graph_now(&snapshot);
            shard.building.store(false, Ordering::Release);
        });
        if let Err(error) = started {
            self.building.store(false, Ordering::Release);
            events::graph_failed(&self.scope, &error.to_string());
        }
    }

    fn build_graph_now(&self, snapshot: &Snapshot) {
        let started = Instant::now();
        match Graph::build(&self.folder, snapshot, &self.cancelled) {
            Ok(Some(graph)) => {
                events::graph_built(&self.scope, u64::from(graph.slots()), started.elapsed());
                *self.graph.write() = Some(Arc::new(graph));
            }
            Ok(None) => {}
            Err(problem) => events::graph_failed(&self.scope, &problem),
        }
    }
}

/// Nothing is stored, so there is nothing to compress, least of all on a thread of its own for each commit.
fn nothing_stored() -> TantivySettings {
    TantivySettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..TantivySettings::default()
    }
}

fn payload(index: &Index) -> Result<Payload, IndexError> {
    let metas = index.load_metas().map_err(lexical::failed)?;
    match metas.payload {
        Some(text) => serde_json::from_str(&text).map_err(|error| IndexError::Damaged(error.to_string())),
        None if metas.segments.is_empty() => Ok(Payload::default()),
        None => Err(IndexError::Damaged("the last commit does not say what it stands for".to_owned())),
    }
}

fn damaged(error: std::io::Error) -> IndexError {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::UnexpectedEof => {
            IndexError::Damaged(error.to_string())
        }
        _ => IndexError::Io(error),
    }
}

fn verify(index: &Index, forward: &Forward, limit: u64) -> Result<(), IndexError> {
    let beside: u64 = forward.lengths().bytes().iter().map(|(_, bytes)| bytes).sum();
    if beside > limit {
        return Ok(());
    }
    if !forward.verify() {
        return Err(IndexError::Damaged(
            "a check sum of the files beside the lexical index is wrong".to_owned(),
        ));
    }
    let broken = index.validate_checksum().map_err(lexical::failed)?;
    match broken.iter().next() {
        Some(path) => Err(IndexError::Damaged(format!("the check sum of {} is wrong", path.display()))),
        None => Ok(()),
    }
}

/// Removes forward files with another number: what a compaction left behind, or did not finish.
fn remove_others(folder: &Path, files: u64) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let number =
            path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        let ours = matches!(ending, "slots" | "vectors" | "terms");
        if ending == "part" || (ours && number.is_some_and(|number| number != files)) {
            // It is removed at the next opening otherwise.
            let _ = fs::remove_file(path);
        }
    }
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

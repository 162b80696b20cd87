//! An HNSW graph over a large shard's vectors: an accelerator that is built in the background, saved beside the
//! shard and thrown away when it does not fit. It never decides what exists.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use usearch::ffi::{IndexOptions, MetricKind, ScalarKind};

use super::{bits::Bits, forward::Forward, snapshot::Snapshot};

const ENDING: &str = "graph";

/// The graph over the first slots of one set of forward files.
pub struct Graph {
    index: usearch::Index,
    files: u64,
    slots: u32,
}

fn options(dimensions: usize) -> IndexOptions {
    IndexOptions {
        dimensions,
        metric: MetricKind::Cos,
        quantization: ScalarKind::I8,
        connectivity: 16,
        expansion_add: 128,
        // The best two hundred are asked for and compared exactly: less than this loses recall at 100.
        expansion_search: 256,
        multi: false,
    }
}

impl Graph {
    /// Which files' slots.
    pub const fn files(&self) -> u64 {
        self.files
    }

    /// Slots below this one are in the graph.
    pub const fn slots(&self) -> u32 {
        self.slots
    }

    /// The nearest slots; `None` when the graph cannot answer now, for example under more threads than it knows.
    pub fn search(&self, query: &[i8], count: usize, allowed: &Bits) -> Option<Vec<u32>> {
        let matches = self
            .index
            .filtered_search(query, count, |slot| {
                u32::try_from(slot).is_ok_and(|slot| allowed.contains(slot))
            })
            .ok()?;
        Some(matches.keys.into_iter().filter_map(|slot| u32::try_from(slot).ok()).collect())
    }

    /// Opens the newest graph that fits the files; others are removed.
    pub fn open(folder: &Path, forward: &Forward) -> Option<Self> {
        let lengths = forward.lengths();
        let mut best: Option<(u32, PathBuf)> = None;
        for (path, files, slots) in saved(folder) {
            let fits = files == lengths.files && u64::from(slots) <= lengths.slots;
            if fits && best.as_ref().is_none_or(|(most, _)| *most < slots) {
                if let Some((_, worse)) = best.replace((slots, path)) {
                    let _ = fs::remove_file(worse);
                }
            } else {
                let _ = fs::remove_file(path);
            }
        }
        let (slots, path) = best?;
        match view(&path, lengths.dimension) {
            Ok(index) => Some(Self { index, files: lengths.files, slots }),
            Err(_) => {
                let _ = fs::remove_file(path);
                None
            }
        }
    }

    /// Builds the graph of all the snapshot's slots, starting from the saved one where there is one, and saves it.
    ///
    /// # Errors
    /// What went wrong, as a sentence; `Ok(None)` when it was cancelled.
    pub fn build(folder: &Path, snapshot: &Snapshot, cancelled: &AtomicBool) -> Result<Option<Self>, String> {
        let lengths = snapshot.lengths();
        let slots = u32::try_from(lengths.slots).map_err(|error| error.to_string())?;
        let index = usearch::new_index(&options(lengths.dimension)).map_err(|error| error.to_string())?;
        let start = saved(folder)
            .into_iter()
            .filter(|(_, files, done)| *files == lengths.files && *done <= slots)
            .max_by_key(|(_, _, done)| *done)
            .filter(|(path, _, _)| path.to_str().is_some_and(|path| index.load(path).is_ok()))
            .map_or(0, |(_, _, done)| done);
        index.reserve(slots as usize).map_err(|error| error.to_string())?;
        let mut numbers: Vec<i8> = Vec::with_capacity(lengths.dimension);
        for slot in start..slots {
            if slot % 256 == 0 && cancelled.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if let Some((_, bytes)) = snapshot.forward.vector(slot).filter(|_| snapshot.alive.contains(slot))
            {
                numbers.clear();
                numbers.extend(bytes.iter().map(|&byte| byte as i8));
                index.add(u64::from(slot), &numbers).map_err(|error| error.to_string())?;
            }
        }
        if cancelled.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let unfinished = folder.join(format!("{}-{slots}.part", lengths.files));
        let text = unfinished.to_str().ok_or("the data folder's path is not UTF-8")?;
        index.save(text).map_err(|error| error.to_string())?;
        drop(index);
        let path = finish(&unfinished, folder, lengths.files, slots).map_err(|error| error.to_string())?;
        let index = view(&path, lengths.dimension)?;
        Ok(Some(Self { index, files: lengths.files, slots }))
    }
}

/// Makes a saved graph durable and gives it its name, which says how long it has to be.
fn finish(unfinished: &Path, folder: &Path, files: u64, slots: u32) -> std::io::Result<PathBuf> {
    let file = fs::File::open(unfinished)?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    let path = folder.join(format!("{files}-{slots}-{bytes}.{ENDING}"));
    fs::rename(unfinished, &path)?;
    Ok(path)
}

fn view(path: &Path, dimension: usize) -> Result<usearch::Index, String> {
    let text = path.to_str().ok_or("the data folder's path is not UTF-8")?;
    let index = usearch::new_index(&options(dimension)).map_err(|error| error.to_string())?;
    index.view(text).map_err(|error| error.to_string())?;
    if index.dimensions() == dimension {
        Ok(index)
    } else {
        Err("the graph has another dimension".to_owned())
    }
}

/// Saved graphs: path, files' number, slots.
fn saved(folder: &Path) -> Vec<(PathBuf, u64, u32)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            if path.extension()? != ENDING {
                return None;
            }
            let mut parts = path.file_stem()?.to_str()?.split('-').map(str::parse::<u64>);
            let (files, slots) = (parts.next()?.ok()?, u32::try_from(parts.next()?.ok()?).ok()?);
            let whole = fs::metadata(&path).ok()?.len() == parts.next()?.ok()?;
            // A shortened file must not be mapped: slots of none fit nothing, so it is removed.
            Some((path, if whole { files } else { u64::MAX }, slots))
        })
        .collect()
}

//! A folder of the machine that serves, below one of the roots that its operator allows.
//!
//! Links are never followed: what one leads to within the folder is listed under its own name, and what is outside is
//! not the source's. Hidden files, folders of programs' own (`node_modules` and the like) and data folders of Quarry are
//! left out.

use std::{
    fs::File,
    io::Read as _,
    path::{Component, Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt as _};
use quarry_core::Timestamp;
use tokio::sync::mpsc;
use walkdir::{DirEntry, WalkDir};

use super::{
    contract::{Content, Entry, Fetched, Fingerprint, Listed, Source, SourceError, Unread},
    glob::Globs,
    readable::worth_reading,
};

/// Folders that never hold documents.
const NEVER: [&str; 3] = ["node_modules", "__pycache__", "target"];
/// Pages of a listing that may wait to be looked at.
const AHEAD: usize = 2;
/// A file that was changed so shortly ago may be changed again without showing another time: clocks of file systems are
/// coarse, of FAT two seconds.
const FRESH: Duration = Duration::from_secs(2);

/// The source.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) roots: Vec<PathBuf>,
    pub(super) globs: Globs,
    pub(super) most_bytes: u64,
}

impl Folder {
    /// The folder without links in its path. Fails when it is not there or not below a root.
    pub(super) fn place(&self) -> Result<PathBuf, SourceError> {
        let shown = self.path.display();
        let place = std::fs::canonicalize(&self.path).map_err(|error| {
            SourceError(format!("the folder `{shown}` cannot be read: {}; is its disk there?", plain(&error)))
        })?;
        if !place.is_dir() {
            return Err(SourceError(format!("`{shown}` is not a folder")));
        }
        let roots = self.roots.iter().filter_map(|root| std::fs::canonicalize(root).ok());
        if roots.into_iter().any(|root| place.starts_with(root)) {
            return Ok(place);
        }
        Err(SourceError(format!(
            "`{shown}` is not below a folder that may be read; the operator allows them in `sources.folder_roots`"
        )))
    }

    fn read(&self, key: &str) -> Result<Fetched, SourceError> {
        let place = self.place()?;
        let usual = |part: Component<'_>| matches!(part, Component::Normal(_));
        if key.is_empty() || !Path::new(key).components().all(usual) {
            return Ok(Fetched::Gone);
        }
        let path = place.join(key);
        let Some(file) = open(&path)? else { return Ok(Fetched::Gone) };
        let found = file.metadata().map_err(|error| unreadable(&error))?;
        if !found.is_file() || !is_at(&path, &found)? {
            return Ok(Fetched::Gone);
        }
        if found.len() > self.most_bytes {
            return Err(SourceError(format!(
                "it has {} bytes; at most {} are taken (`ingest.max_document_bytes`)",
                found.len(),
                self.most_bytes
            )));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
        // One byte more shows a file that grows while it is read.
        (&file)
            .take(self.most_bytes.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(&error))?;
        let after = file.metadata().map_err(|error| unreadable(&error))?;
        if after.modified().ok() != found.modified().ok() || after.len() != bytes.len() as u64 {
            return Err(SourceError(
                "it was being written while it was read; the next run reads it".to_owned(),
            ));
        }
        let fingerprint = fingerprint(&after);
        if let Err(reason) = worth_reading(&bytes, key) {
            return Ok(Fetched::Skipped { reason, fingerprint });
        }
        let name = key.rsplit('/').next().unwrap_or(key).to_owned();
        Ok(Fetched::Content(Content { bytes: bytes.into(), name, media_type: None, fingerprint }))
    }
}

#[async_trait]
impl Source for Folder {
    fn list(&self) -> BoxStream<'static, Result<Listed, SourceError>> {
        let (pages, listed) = mpsc::channel(AHEAD);
        let folder = self.clone();
        let walk = tokio::task::spawn_blocking(move || {
            // Nobody listens any more when the run has ended.
            let _ = Walk { folder, pages, page: Listed::default() }.run();
        });
        stream::unfold((listed, Some(walk)), |(mut listed, mut walk)| async move {
            if let Some(page) = listed.recv().await {
                return Some((page, (listed, walk)));
            }
            // A listing that broke off must not look like one that ended.
            let failed = walk.take()?.await.err()?;
            let error = SourceError(format!("the folder could not be listed: {failed}"));
            Some((Err(error), (listed, None)))
        })
        .boxed()
    }

    async fn fetch(&self, key: &str, _: &Fingerprint) -> Result<Fetched, SourceError> {
        let (folder, key) = (self.clone(), key.to_owned());
        let read = tokio::task::spawn_blocking(move || folder.read(&key)).await;
        read.unwrap_or_else(|error| Err(SourceError(format!("the file could not be read: {error}"))))
    }

    fn parallel(&self) -> usize {
        // A file may be as large as a document may be, and one disk does not read two files faster than one.
        1
    }
}

/// The folder is walked on a thread of its own; pages are handed over as they fill.
struct Walk {
    folder: Folder,
    pages: mpsc::Sender<Result<Listed, SourceError>>,
    page: Listed,
}

/// Nobody listens any more.
struct Left;

impl Walk {
    fn run(mut self) -> Result<(), Left> {
        let place = match self.folder.place() {
            Ok(place) => place,
            Err(error) => return self.pages.blocking_send(Err(error)).map_err(|_| Left),
        };
        let walk = WalkDir::new(&place).follow_links(false).sort_by_file_name().into_iter();
        let globs = self.folder.globs.clone();
        let inside = |entry: &DirEntry| entry.depth() == 0 || wanted(&globs, &place, entry);
        for entry in walk.filter_entry(inside) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => self.file(&place, &entry),
                Ok(_) => {}
                Err(error) => self.problem(&place, &error)?,
            }
            if self.page.entries.len() >= Listed::MOST || self.page.unread.len() >= Listed::MOST {
                self.hand_over()?;
            }
        }
        self.hand_over()
    }

    fn file(&mut self, place: &Path, entry: &DirEntry) {
        let Some(key) = key(place, entry.path()) else {
            let part = lossy(place, entry.path());
            self.page.unread.push(Unread { part, reason: "its name is not UTF-8".to_owned() });
            return;
        };
        if key.len() > Entry::LONGEST_KEY || key.chars().any(char::is_control) {
            let reason = "its path is too long, or has control characters in it".to_owned();
            self.page.unread.push(Unread { part: key, reason });
            return;
        }
        if !self.folder.globs.admit(&key) {
            return;
        }
        let seen = entry.metadata().ok().and_then(|found| Some((modified(&found)?, found.len())));
        self.page.entries.push(Entry { key, fingerprint: seen });
    }

    fn problem(&mut self, place: &Path, error: &walkdir::Error) -> Result<(), Left> {
        let reason = error.io_error().map_or_else(|| error.to_string(), plain);
        let part = error.path().map(|path| lossy(place, path)).unwrap_or_default();
        if part.is_empty() {
            let error = SourceError(format!("the folder could not be listed: {reason}"));
            // Nothing comes after it, whether somebody listens or not.
            let _ = self.pages.blocking_send(Err(error));
            return Err(Left);
        }
        self.page.unread.push(Unread { part, reason: format!("it cannot be listed: {reason}") });
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), Left> {
        self.pages.blocking_send(Ok(std::mem::take(&mut self.page))).map_err(|_| Left)
    }
}

fn wanted(globs: &Globs, place: &Path, entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    if name.starts_with('.') {
        return false;
    }
    let left_out = || {
        NEVER.contains(&name.as_ref())
            || is_data_folder(entry.path())
            || key(place, entry.path()).is_some_and(|folder| globs.skip(&folder))
    };
    !entry.file_type().is_dir() || !left_out()
}

/// Our own data folder may lie within what is kept in sync.
fn is_data_folder(path: &Path) -> bool {
    path.join("quarry.db").is_file() && path.join("blobs").is_dir()
}

fn key(place: &Path, path: &Path) -> Option<String> {
    Some(path.strip_prefix(place).ok()?.to_str()?.replace('\\', "/"))
}

fn lossy(place: &Path, path: &Path) -> String {
    path.strip_prefix(place).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Opens a file, but no link and nothing that would keep the caller waiting, such as a pipe.
fn open(path: &Path) -> Result<Option<File>, SourceError> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Whether an open file is the one at the path and no folder of the path is a link: somebody may have put one there
/// while the file was being opened.
fn is_at(path: &Path, found: &std::fs::Metadata) -> Result<bool, SourceError> {
    let there = std::fs::canonicalize(path).map_err(|error| unreadable(&error))?;
    let same = std::fs::symlink_metadata(path).map_err(|error| unreadable(&error))?;
    #[cfg(unix)]
    let one = {
        use std::os::unix::fs::MetadataExt as _;
        (found.dev(), found.ino()) == (same.dev(), same.ino())
    };
    #[cfg(not(unix))]
    let one = found.len() == same.len() && found.modified().ok() == same.modified().ok();
    Ok(there == path && one)
}

fn fingerprint(found: &std::fs::Metadata) -> Fingerprint {
    let settled = found
        .modified()
        .ok()
        .and_then(|moment| SystemTime::now().duration_since(moment).ok())
        .is_some_and(|age| age >= FRESH);
    Fingerprint {
        modified_at: modified(found).filter(|_| settled),
        size: Some(found.len()),
        ..Fingerprint::default()
    }
}

fn modified(found: &std::fs::Metadata) -> Option<Timestamp> {
    let moment = found.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(moment.as_micros()).ok().map(Timestamp::from_micros)
}

fn unreadable(error: &std::io::Error) -> SourceError {
    SourceError(format!("it cannot be read: {}", plain(error)))
}

/// An operating system's words without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

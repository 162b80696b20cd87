//! Bringing a model's files in: into a folder beside the final one, checked, and moved in one step.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncWriteExt},
};

use super::{Entry, ModelFile, verify};
use crate::{error::ModelError, events, http};

/// The hub that is asked when no other is named.
pub const HUB: &str = "https://huggingface.co";

/// Silence after which a download is given up.
const IDLE: Duration = Duration::from_secs(60);

/// Redirects followed: hubs send large files from another address.
const REDIRECTS: usize = 5;

/// Where files come from.
#[derive(Clone, Debug)]
pub enum PullSource {
    /// A hub or a mirror of it, by its base address.
    Hub(String),
    /// A folder that holds the files by their names.
    Folder(PathBuf),
}

impl Default for PullSource {
    fn default() -> Self {
        Self::Hub(HUB.to_owned())
    }
}

/// How far a pull is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file that is being fetched.
    pub file: &'static str,
    /// Bytes of the whole model so far.
    pub done: u64,
    /// Bytes of the whole model.
    pub total: u64,
}

/// Unfinished files; gone when this is dropped, also when the pull itself is.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Nothing can be done about a failure here; the next pull uses another name.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An open source of one file.
enum Reader {
    Response(reqwest::Response),
    File(File, Vec<u8>),
}

impl Reader {
    /// The next bytes; nothing at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        match self {
            Self::Response(response) => {
                let piece = response.chunk().await.map_err(|error| http::explain(&error))?;
                Ok(piece.map(|piece| piece.to_vec()))
            }
            Self::File(file, buffer) => {
                let read = file.read(buffer).await.map_err(|error| error.to_string())?;
                Ok((read > 0).then(|| buffer.get(..read).unwrap_or_default().to_vec()))
            }
        }
    }
}

/// One pull on its way.
struct Pull<'a> {
    entry: &'static Entry,
    source: &'a PullSource,
    client: Option<reqwest::Client>,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    done: u64,
}

/// Installs a model. Does nothing when it is there and sound; replaces it when it is damaged.
///
/// # Errors
/// `model_built_in`, `model_fetch_failed`, `model_hash_mismatch` or `models_folder`. After an error nothing new is left
/// in the models folder.
pub async fn pull(
    entry: &'static Entry,
    source: &PullSource,
    models_dir: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ModelError> {
    if entry.files.is_empty() {
        return Err(ModelError::BuiltIn { id: entry.id.to_owned() });
    }
    let sound = models_dir.to_owned();
    if tokio::task::spawn_blocking(move || verify(entry, &sound)).await.is_ok_and(|found| found.is_ok()) {
        return Ok(());
    }
    let started = Instant::now();
    let unfinished = Unfinished(models_dir.join(unfinished_name(entry.id)));
    let folder = |error: std::io::Error| ModelError::folder(models_dir, error);
    tokio::fs::create_dir_all(&unfinished.0).await.map_err(folder)?;
    let client = match source {
        PullSource::Hub(_) => Some(http::client(IDLE, REDIRECTS).map_err(|problem| {
            let file = entry.files.first().map_or("", |file| file.name);
            fetch_failed(entry, file, source, problem)
        })?),
        PullSource::Folder(_) => None,
    };
    let mut pull = Pull { entry, source, client, progress, done: 0 };
    for file in entry.files {
        pull.fetch(file, &unfinished.0).await?;
    }
    put_in_place(&unfinished.0, &models_dir.join(entry.id)).await.map_err(folder)?;
    events::model_installed(entry.id, entry.bytes(), started.elapsed());
    Ok(())
}

/// A name that no other pull uses, also not one of another process.
fn unfinished_name(id: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(".{id}.unfinished-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Moves the finished folder to its place. A damaged one that stands there is moved into the finished folder's old
/// place, where it is deleted.
async fn put_in_place(finished: &Path, place: &Path) -> std::io::Result<()> {
    let mut damaged = finished.as_os_str().to_owned();
    damaged.push(".damaged");
    let damaged = Unfinished(damaged.into());
    match tokio::fs::rename(place, &damaged.0).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    tokio::fs::rename(finished, place).await
}

fn fetch_failed(entry: &Entry, file: &str, source: &PullSource, problem: impl ToString) -> ModelError {
    let source_name = match source {
        PullSource::Hub(address) => address.clone(),
        PullSource::Folder(folder) => format!("the folder `{}`", folder.display()),
    };
    ModelError::Fetch {
        id: entry.id.to_owned(),
        file: file.to_owned(),
        source_name,
        problem: problem.to_string(),
    }
}

impl Pull<'_> {
    async fn fetch(&mut self, file: &'static ModelFile, folder: &Path) -> Result<(), ModelError> {
        let (entry, source) = (self.entry, self.source);
        let failed = |problem: String| fetch_failed(entry, file.name, source, problem);
        let path = folder.join(file.name);
        let unwritable = |error: std::io::Error| ModelError::folder(&path, error);
        let mut reader = self.open(file).await.map_err(failed)?;
        let mut target = File::create(&path).await.map_err(unwritable)?;
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        while let Some(piece) = reader.next().await.map_err(failed)? {
            size += piece.len() as u64;
            if size > file.bytes {
                return Err(failed(format!("it is longer than {} bytes", file.bytes)));
            }
            hash.update(&piece);
            target.write_all(&piece).await.map_err(unwritable)?;
            self.done += piece.len() as u64;
            (self.progress)(Progress { file: file.name, done: self.done, total: entry.bytes() });
        }
        target.sync_all().await.map_err(unwritable)?;
        let found = hex::encode(hash.finalize());
        if found == file.sha256 {
            return Ok(());
        }
        Err(ModelError::HashMismatch {
            id: entry.id.to_owned(),
            file: file.name.to_owned(),
            expected: file.sha256.to_owned(),
            found,
        })
    }

    async fn open(&self, file: &ModelFile) -> Result<Reader, String> {
        match (self.source, &self.client) {
            (PullSource::Hub(base), Some(client)) => {
                let Entry { repository, revision, .. } = self.entry;
                let base = base.trim_end_matches('/');
                let address = format!("{base}/{repository}/resolve/{revision}/{}", file.name);
                let response = client.get(address).send().await.map_err(|error| http::explain(&error))?;
                let status = response.status();
                if status.is_success() {
                    Ok(Reader::Response(response))
                } else {
                    Err(format!("HTTP {status}"))
                }
            }
            (PullSource::Hub(_), None) => Err("no HTTP client".to_owned()),
            (PullSource::Folder(folder), _) => {
                let opened = File::open(folder.join(file.name)).await.map_err(|error| error.to_string())?;
                Ok(Reader::File(opened, vec![0; 256 * 1024]))
            }
        }
    }
}

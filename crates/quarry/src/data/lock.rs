//! One process at a time uses a data folder. A server leaves a note of its address, so that commands can go through
//! it instead.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::DataFolder;
use crate::failure::{Exit, Failure, Outcome};

/// The right to use a data folder, until it is dropped or the process ends in whatever way.
pub(crate) struct Lock {
    folder: DataFolder,
    _file: File,
}

/// What a running server says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServerNote {
    /// Its address.
    pub(crate) url: String,
    /// Its process.
    pub(crate) pid: u32,
}

/// Who has the folder.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    /// A server, at this address.
    Server(ServerNote),
    /// Another command, by its process and name.
    Command(u32, String),
}

/// How long a server gets from taking the lock to writing its note.
const STARTING: Duration = Duration::from_secs(5);

impl Lock {
    /// Takes the lock, or says who has it. `command` is what others are told.
    pub(crate) fn take(folder: &DataFolder, command: &str) -> Outcome<Result<Self, Held>> {
        let path = folder.lock();
        let unusable = |error: std::io::Error| Failure::file("used", &path, &error);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(unusable)?;
                file.rewind().map_err(unusable)?;
                file.write_all(format!("{} {command}\n", std::process::id()).as_bytes()).map_err(unusable)?;
                // Whoever wrote it is gone, since we have the lock.
                drop(std::fs::remove_file(folder.server()));
                Ok(Ok(Self { folder: folder.clone(), _file: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(Err(holder(folder, &mut file))),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Tells other commands where the server answers.
    pub(crate) fn announce(&self, url: String) -> Outcome<()> {
        let note = ServerNote { url, pid: std::process::id() };
        let path = self.folder.server();
        let text = serde_json::to_vec(&note).unwrap_or_default();
        std::fs::write(&path, text).map_err(|error| Failure::file("written", &path, &error))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nobody can use a stale note: it is believed only while the lock is held.
        drop(std::fs::remove_file(self.folder.server()));
    }
}

impl Held {
    /// The sentence that refuses a second user.
    pub(crate) fn refuse(&self, folder: &DataFolder) -> Failure {
        let place = folder.path().display();
        let text = match self {
            Self::Server(note) => {
                format!("a server (process {}) at {} is using `{place}`", note.pid, note.url)
            }
            Self::Command(0, _) => format!("another quarry command is using `{place}`"),
            Self::Command(pid, name) => {
                format!("another quarry command (`{name}`, process {pid}) is using `{place}`")
            }
        };
        Failure::new(Exit::Conflict, "data_locked", text)
    }
}

fn holder(folder: &DataFolder, file: &mut File) -> Held {
    let started = Instant::now();
    loop {
        let (pid, name) = written(file);
        let note = std::fs::read(folder.server()).ok();
        let note = note.and_then(|bytes| serde_json::from_slice::<ServerNote>(&bytes).ok());
        match note {
            Some(note) if note.pid == pid => return Held::Server(note),
            _ if name != "serve" || started.elapsed() > STARTING => return Held::Command(pid, name),
            // A server that has just started writes its note in a moment.
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn written(file: &mut File) -> (u32, String) {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let (pid, name) = text.trim().split_once(' ').unwrap_or(("0", "quarry"));
    if read.is_ok() { (pid.parse().unwrap_or(0), name.to_owned()) } else { (0, "quarry".to_owned()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{DataFolder, Held, Lock};

    #[test]
    fn two_never_have_one_folder() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(place.path());
        let first = Lock::take(&folder, "ingest").unwrap().ok().unwrap();
        let held = Lock::take(&folder, "search").unwrap().err().unwrap();
        assert!(matches!(&held, Held::Command(pid, name) if *pid == std::process::id() && name == "ingest"));
        assert!(held.refuse(&folder).message.contains("(`ingest`, process"));
        first.announce("http://127.0.0.1:7700".to_owned()).unwrap();
        let held = Lock::take(&folder, "search").unwrap().err().unwrap();
        assert!(matches!(held, Held::Server(note) if note.url == "http://127.0.0.1:7700"));
        drop(first);
        assert!(Lock::take(&folder, "search").unwrap().is_ok());
    }
}

//! tantivy's folder, with each commit's files synced together.
//!
//! tantivy syncs every file of a segment on its own, and the list of its files again before each of them: about
//! twenty waits for the disk in one commit. What counts is that all are durable before `meta.json` names them, and
//! tantivy calls [`Directory::sync_directory`] right before that.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite,
    WatchCallback, WatchHandle, WritePtr,
    error::{DeleteError, LockError, OpenReadError, OpenWriteError},
};

/// tantivy's list of its files: it only says what may be deleted, so it can wait for the others.
const LIST: &str = ".managed.json";

/// A mapped folder that waits for the disk once a commit.
#[derive(Clone)]
pub struct GroupDirectory {
    inner: MmapDirectory,
    folder: PathBuf,
    unsynced: Arc<Mutex<Unsynced>>,
}

#[derive(Default)]
struct Unsynced {
    files: Vec<File>,
    list: Option<File>,
}

impl GroupDirectory {
    /// Opens a folder that is there.
    pub fn open(folder: &Path) -> Result<Self, tantivy::directory::error::OpenDirectoryError> {
        Ok(Self { inner: MmapDirectory::open(folder)?, folder: folder.to_owned(), unsynced: Arc::default() })
    }
}

impl fmt::Debug for GroupDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupDirectory({})", self.folder.display())
    }
}

/// A file that is synced later.
struct Deferred {
    file: File,
    unsynced: Arc<Mutex<Unsynced>>,
}

impl Write for Deferred {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl TerminatingWrite for Deferred {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        let file = self.file.try_clone()?;
        self.unsynced.lock().files.push(file);
        Ok(())
    }
}

impl Directory for GroupDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.inner.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.inner.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.inner.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let made = OpenOptions::new().write(true).create_new(true).open(self.folder.join(path));
        let file = made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_owned()),
            _ => OpenWriteError::wrap_io_error(error, path.to_owned()),
        })?;
        Ok(BufWriter::new(Box::new(Deferred { file, unsynced: Arc::clone(&self.unsynced) })))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.inner.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        if path != Path::new(LIST) {
            return self.inner.atomic_write(path, data);
        }
        let mut unsynced = self.unsynced.lock();
        let unfinished = self.folder.join(".managed.part");
        let mut file = File::create(&unfinished)?;
        file.write_all(data)?;
        fs::rename(unfinished, self.folder.join(LIST))?;
        unsynced.list = Some(file);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        // The lock is held meanwhile: whoever comes second must not believe that its files are durable.
        let mut unsynced = self.unsynced.lock();
        while let Some(file) = unsynced.files.last() {
            file.sync_data()?;
            unsynced.files.pop();
        }
        if let Some(list) = unsynced.list.take() {
            list.sync_data()?;
        }
        self.inner.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.inner.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.inner.watch(callback)
    }
}

//! Original bytes, found by the SHA-256 of their content.
//!
//! Few bytes are kept with their version's row, in the transaction that adds it: a file of its own costs two
//! synchronisations of the disk, which on the machine this was measured on took 350 us of CPU and 7 ms, more than all
//! else that adding a small document does. Many bytes are a file of the blob folder, written before the row that needs
//! it and removed after the last such row. Between writing and the row's commit a blob is *expected*: a removal of
//! another document with the same bytes must leave it.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, local::LocalFileSystem, path::Path as Key};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    error::{StoreError, is_full},
    sql::{Database, args},
};

/// Bytes that are kept with their row at most.
pub(crate) const INLINE: usize = 32 * 1_024;

/// A caller that has put bytes and has not added their document after this time never will.
const PATIENCE: Duration = Duration::from_secs(600);
/// How many blobs may be expected before the forgotten ones are looked for.
const CROWD: usize = 1_024;

/// A blob whose rows are not committed yet.
pub(crate) struct Expectation {
    /// Rows to come.
    rows: usize,
    /// The bytes, when they go into a row.
    bytes: Option<Bytes>,
    since: Instant,
}

/// Expected blobs by hash.
pub(crate) type Expected = HashMap<String, Expectation>;

/// Original bytes.
pub struct Blobs {
    files: LocalFileSystem,
    db: Database,
    expected: Mutex<Expected>,
}

impl Blobs {
    pub(crate) fn open(folder: &Path, db: Database) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|cause| {
            if is_full(&cause) {
                StoreError::DiskFull
            } else {
                StoreError::Blob(format!("{}: {cause}", folder.display()))
            }
        })?;
        // A file counts once it and its folder are synchronised; it is renamed into place only then.
        let files = LocalFileSystem::new_with_prefix(folder).map_err(failed)?.with_fsync(true);
        Ok(Self { files, db, expected: Mutex::default() })
    }

    /// Takes bytes for a document that is about to be added and answers their hash in hexadecimal. They are on disk
    /// when [`crate::Documents::add`] has answered; without it they are forgotten after ten minutes or, if many,
    /// left as a file that nobody finds.
    ///
    /// # Errors
    /// The folder cannot be written, or the disk is full.
    pub async fn put(&self, bytes: Bytes) -> Result<String, StoreError> {
        let hash = hex::encode(Sha256::digest(&bytes));
        let inline = bytes.len() <= INLINE;
        {
            let mut expected = self.expected.lock().await;
            if expected.len() >= CROWD {
                expected.retain(|_, expectation| expectation.since.elapsed() < PATIENCE);
            }
            let expectation = expected.entry(hash.clone()).or_insert_with(|| Expectation {
                rows: 0,
                bytes: None,
                since: Instant::now(),
            });
            expectation.rows += 1;
            expectation.since = Instant::now();
            expectation.bytes = inline.then(|| bytes.clone());
        }
        if inline {
            return Ok(hash);
        }
        let written = self.write(&hash, bytes).await;
        if written.is_err() {
            self.settle([hash.as_str()]).await;
        }
        written.map(|()| hash)
    }

    async fn write(&self, hash: &str, bytes: Bytes) -> Result<(), StoreError> {
        let key = key(hash)?;
        match self.files.head(&key).await {
            Ok(_) => Ok(()),
            Err(object_store::Error::NotFound { .. }) => {
                self.files.put(&key, bytes.into()).await.map(drop).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The bytes with a hash.
    ///
    /// # Errors
    /// There are none, or the folder cannot be read.
    pub async fn get(&self, hash: &str) -> Result<Bytes, StoreError> {
        let key = key(hash)?;
        match self.inline(hash).await? {
            Some(bytes) => Ok(bytes),
            None => match self.files.get(&key).await {
                Err(object_store::Error::NotFound { .. }) => Err(StoreError::BlobNotFound(hash.to_owned())),
                other => other.map_err(failed)?.bytes().await.map_err(failed),
            },
        }
    }

    /// Bytes that are kept with a row, or will be.
    pub(crate) async fn inline(&self, hash: &str) -> Result<Option<Bytes>, StoreError> {
        if let Some(bytes) =
            self.expected.lock().await.get(hash).and_then(|expectation| expectation.bytes.clone())
        {
            return Ok(Some(bytes));
        }
        let digest = hex::decode(hash).map_err(|_| StoreError::BlobNotFound(hash.to_owned()))?;
        let row = self
            .db
            .read()
            .await?
            .first(
                "SELECT original FROM versions WHERE content_hash = $1 AND original IS NOT NULL LIMIT 1",
                args![digest],
            )
            .await?;
        row.map(|row| row.bytes(0).map(Bytes::from)).transpose()
    }

    /// Removes the file with a hash; nothing happens when there is none. Bytes that are kept with rows go with them.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub async fn remove(&self, hash: &str) -> Result<(), StoreError> {
        match self.files.delete(&key(hash)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Held while somebody decides whether a file is needed: none is written meanwhile.
    pub(crate) async fn expected(&self) -> MutexGuard<'_, Expected> {
        self.expected.lock().await
    }

    /// Rows that were to come have come, or never will.
    pub(crate) async fn settle<'h>(&self, hashes: impl IntoIterator<Item = &'h str>) {
        let mut expected = self.expected.lock().await;
        for hash in hashes {
            if let Some(expectation) = expected.get_mut(hash) {
                expectation.rows = expectation.rows.saturating_sub(1);
                if expectation.rows == 0 {
                    expected.remove(hash);
                }
            }
        }
    }
}

/// Folders of 256: no folder grows to where listing it is slow.
fn key(hash: &str) -> Result<Key, StoreError> {
    match (hash.get(..2), hash.get(2..)) {
        (Some(folder), Some(name))
            if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Ok(Key::from(format!("{folder}/{name}")))
        }
        _ => Err(StoreError::BlobNotFound(hash.to_owned())),
    }
}

fn failed(error: object_store::Error) -> StoreError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if inner.downcast_ref::<std::io::Error>().is_some_and(is_full) {
            return StoreError::DiskFull;
        }
        cause = inner.source();
    }
    StoreError::Blob(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use quarry_core::Timestamp;

    use super::{Blobs, INLINE, failed};
    use crate::{
        error::StoreError,
        sql::{Database, migrate::migrate},
        store::StoreConfig,
    };

    async fn open(folder: &tempfile::TempDir) -> Blobs {
        let config = StoreConfig {
            url: format!("sqlite://{}", folder.path().join("quarry.db").display()),
            max_connections: 2,
            acquire_timeout: Duration::from_secs(5),
            blobs: folder.path().join("blobs"),
        };
        let db = Database::connect(&config).await.unwrap();
        migrate(&db, Timestamp::from_micros(0), None).await.unwrap();
        Blobs::open(&config.blobs, db).unwrap()
    }

    #[tokio::test]
    async fn many_bytes_are_one_file_under_their_hash() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder).await;
        let bytes = bytes::Bytes::from(vec![7; INLINE + 1]);
        let hash = blobs.put(bytes.clone()).await.unwrap();
        assert_eq!(blobs.put(bytes.clone()).await.unwrap(), hash);
        let file = folder.path().join("blobs").join(&hash[..2]).join(&hash[2..]);
        assert_eq!(std::fs::read(file).unwrap(), bytes);
        assert_eq!(blobs.get(&hash).await.unwrap(), bytes);
        blobs.remove(&hash).await.unwrap();
        blobs.remove(&hash).await.unwrap();
        assert!(matches!(blobs.get(&hash).await, Err(StoreError::BlobNotFound(_))));
    }

    #[tokio::test]
    async fn few_bytes_wait_for_their_row_and_are_readable_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder).await;
        let hash = blobs.put("hello".into()).await.unwrap();
        assert_eq!(hash, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!(blobs.put("hello".into()).await.unwrap(), hash);
        blobs.settle([hash.as_str()]).await;
        assert_eq!(blobs.get(&hash).await.unwrap(), "hello");
        blobs.settle([hash.as_str()]).await;
        assert!(matches!(blobs.get(&hash).await, Err(StoreError::BlobNotFound(_))));
    }

    #[tokio::test]
    async fn a_hash_that_is_none_finds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = open(&folder).await;
        let hostile = format!("../{}", "a".repeat(61));
        for hash in ["", "../../etc/passwd", hostile.as_str()] {
            assert!(matches!(blobs.get(hash).await, Err(StoreError::BlobNotFound(_))), "{hash}");
        }
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = object_store::Error::Generic { store: "disk", source: Box::new(full) };
        assert!(matches!(failed(error), StoreError::DiskFull));
    }
}

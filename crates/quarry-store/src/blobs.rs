//! Original bytes, each kept once under the SHA-256 of its content.
//!
//! A blob is written before the row that needs it and removed after the last such row. Between writing and the row's
//! commit it is *expected*: a removal of another document with the same bytes must leave it.

use std::{collections::HashMap, path::Path};

use bytes::Bytes;
use object_store::{ObjectStoreExt as _, local::LocalFileSystem, path::Path as Key};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use crate::error::{StoreError, is_full};

/// Blobs written whose rows are not committed yet, with how many rows are to come.
pub(crate) type Expected = HashMap<String, usize>;

/// The blob folder.
pub struct Blobs {
    files: LocalFileSystem,
    expected: Mutex<Expected>,
}

impl Blobs {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|cause| {
            if is_full(&cause) {
                StoreError::DiskFull
            } else {
                StoreError::Blob(format!("{}: {cause}", folder.display()))
            }
        })?;
        // A file counts once it and its folder are synchronised; it is renamed into place only then.
        let files = LocalFileSystem::new_with_prefix(folder).map_err(failed)?.with_fsync(true);
        Ok(Self { files, expected: Mutex::default() })
    }

    /// Keeps bytes and answers their hash in hexadecimal. The blob is expected by one document from now on, until
    /// that was added or [`Blobs::remove`] was called.
    ///
    /// # Errors
    /// The folder cannot be written, or the disk is full.
    pub async fn put(&self, bytes: Bytes) -> Result<String, StoreError> {
        let hash = hex::encode(Sha256::digest(&bytes));
        *self.expected.lock().await.entry(hash.clone()).or_default() += 1;
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
        let found = match self.files.get(&key(hash)?).await {
            Err(object_store::Error::NotFound { .. }) => return Err(StoreError::BlobNotFound(hash.to_owned())),
            other => other.map_err(failed)?,
        };
        found.bytes().await.map_err(failed)
    }

    /// Removes the bytes with a hash; nothing happens when there are none.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub async fn remove(&self, hash: &str) -> Result<(), StoreError> {
        self.expected.lock().await.remove(hash);
        self.delete(hash).await
    }

    pub(crate) async fn delete(&self, hash: &str) -> Result<(), StoreError> {
        match self.files.delete(&key(hash)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Held while somebody decides whether a blob is needed: none is written meanwhile.
    pub(crate) async fn expected(&self) -> MutexGuard<'_, Expected> {
        self.expected.lock().await
    }

    /// Rows that were to come have come, or never will.
    pub(crate) async fn settle<'h>(&self, hashes: impl IntoIterator<Item = &'h str>) {
        let mut expected = self.expected.lock().await;
        for hash in hashes {
            if let Some(count) = expected.get_mut(hash) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    expected.remove(hash);
                }
            }
        }
    }
}

/// Folders of 256: no folder grows to where listing it is slow.
fn key(hash: &str) -> Result<Key, StoreError> {
    match (hash.get(..2), hash.get(2..)) {
        (Some(folder), Some(name)) if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
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
    use super::{Blobs, failed};
    use crate::error::StoreError;

    #[tokio::test]
    async fn bytes_are_kept_once_under_their_hash() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let hash = blobs.put("hello".into()).await.unwrap();
        assert_eq!(hash, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_eq!(blobs.put("hello".into()).await.unwrap(), hash);
        assert_eq!(blobs.get(&hash).await.unwrap(), "hello");
        assert_eq!(blobs.expected().await.get(&hash), Some(&2));
        blobs.remove(&hash).await.unwrap();
        blobs.remove(&hash).await.unwrap();
        assert!(matches!(blobs.get(&hash).await, Err(StoreError::BlobNotFound(_))));
    }

    #[tokio::test]
    async fn a_hash_that_is_none_finds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
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

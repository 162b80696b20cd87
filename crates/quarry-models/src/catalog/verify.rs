//! Whether installed files are the pinned ones, byte for byte.

use std::{fs::File, io::Read, path::Path};

use sha2::{Digest, Sha256};

use super::Entry;
use crate::error::ModelError;

/// Reads every file of an installed model and compares its hash.
///
/// # Errors
/// `model_not_installed` when a file is missing, `model_hash_mismatch` when one differs.
pub fn verify(entry: &Entry, models_dir: &Path) -> Result<(), ModelError> {
    let folder = models_dir.join(entry.id);
    for file in entry.files {
        let path = folder.join(file.name);
        let found = hash(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => ModelError::NotInstalled { id: entry.id.to_owned() },
            _ => ModelError::folder(&path, error),
        })?;
        if found != file.sha256 {
            return Err(ModelError::HashMismatch {
                id: entry.id.to_owned(),
                file: file.name.to_owned(),
                expected: file.sha256.to_owned(),
                found,
            });
        }
    }
    Ok(())
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex::encode(hash.finalize()));
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
}

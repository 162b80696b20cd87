//! The admin key: made at the first start of the server, kept for the command line on the same machine.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
};

use quarry_engine::govern::SecretKey;

use super::DataFolder;
use crate::failure::{Exit, Failure, Outcome};

/// The key that opens everything.
pub(crate) struct AdminKey(SecretKey);

impl AdminKey {
    /// Reads the key of a folder; `None` when there is none yet.
    pub(crate) fn find(folder: &DataFolder) -> Outcome<Option<Self>> {
        let path = folder.key();
        match std::fs::read_to_string(&path) {
            Ok(text) if text.trim().is_empty() => {
                let text =
                    format!("`{}` is empty; delete it, and the next start makes a new key", path.display());
                Err(Failure::new(Exit::Invalid, "invalid_key_file", text))
            }
            Ok(text) => match SecretKey::read(text.trim()) {
                Some(key) => Ok(Some(Self(key))),
                None => {
                    let text = format!(
                        "`{}` holds no key; move it away, and the next start makes a new one",
                        path.display()
                    );
                    Err(Failure::new(Exit::Invalid, "invalid_key_file", text))
                }
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file("read", &path, &error)),
        }
    }

    /// The folder's key and whether it was made now. It is on disk, readable by its owner only, before it is returned.
    pub(crate) fn get_or_make(folder: &DataFolder) -> Outcome<(Self, bool)> {
        if let Some(key) = Self::find(folder)? {
            return Ok((key, false));
        }
        let key = Self(
            SecretKey::make()
                .map_err(|error| Failure::new(Exit::Failed, "no_randomness", error.to_string()))?,
        );
        let path = folder.key();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&path).and_then(|mut file| {
            file.write_all(format!("{}\n", key.expose()).as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| Failure::file("written", &path, &error))?;
        Ok((key, true))
    }

    /// The key itself, to be shown once or sent.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// For the engine, which keeps its hash.
    pub(crate) const fn secret(&self) -> &SecretKey {
        &self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{AdminKey, DataFolder};

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::new(place.path());
        let (first, made) = AdminKey::get_or_make(&folder).unwrap();
        assert!(made && first.expose().starts_with("qk_") && first.expose().len() == 67);
        let (second, made) = AdminKey::get_or_make(&folder).unwrap();
        assert!(!made && first.expose() == second.expose());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.key()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

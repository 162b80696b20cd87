//! Where things are in the data folder.

use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure, Outcome};

/// A data folder by its path; nothing is read or made until it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("quarry.db")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.0.join("models")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.0.join("admin.key")
    }

    /// What was typed in `quarry chat`.
    pub(crate) fn chat_history(&self) -> PathBuf {
        self.0.join("chat_history")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(crate) fn server(&self) -> PathBuf {
        self.0.join("server.json")
    }

    /// Makes the folder when it is missing; only its owner may look inside.
    pub(crate) fn create(&self) -> Outcome<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0).map_err(|error| Failure::file("made", &self.0, &error))
    }

    /// Fails when nothing was ever stored in it: a command that reads would only make an empty one.
    pub(crate) fn require(&self) -> Outcome<()> {
        match std::fs::metadata(&self.0) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => {
                let text = format!("`{}` is a file; a data folder is a folder", self.0.display());
                Err(Failure::new(Exit::Invalid, "data_folder_unusable", text))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let text = format!("there is no data folder `{}`", self.0.display());
                Err(Failure::new(Exit::NotFound, "data_folder_not_found", text))
            }
            Err(error) => Err(Failure::file("read", &self.0, &error)),
        }
    }
}

//! What can go wrong with models, as sentences a person can act on.

use std::{path::PathBuf, time::Duration};

use quarry_core::{ErrorKind, Fault};

/// Why a model could not be opened, installed or used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// No embedder has this id.
    #[error("there is no embedder `{id}`; known are {known}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// What there is.
        known: String,
    },
    /// Its files are not in the models folder.
    #[error("the model `{id}` is not installed; run `quarry models pull {id}`")]
    NotInstalled {
        /// The model.
        id: String,
    },
    /// The model is part of the executable.
    #[error("the model `{id}` is built in: it can be neither pulled nor removed")]
    BuiltIn {
        /// The model.
        id: String,
    },
    /// A file is not the one that was pinned.
    #[error(
        "`{file}` of the model `{id}` is not the expected file (SHA-256 {found}, expected {expected}); nothing was installed"
    )]
    HashMismatch {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// The pinned hash.
        expected: String,
        /// What came.
        found: String,
    },
    /// The files could not be fetched.
    #[error("`{file}` of the model `{id}` could not be fetched from {source_name}: {problem}")]
    Fetch {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// Where from.
        source_name: String,
        /// Why.
        problem: String,
    },
    /// A file or folder could not be read or written.
    #[error("`{}` could not be used: {problem}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// Installed files that cannot be understood.
    #[error("the model `{id}` cannot be loaded: {problem}; `quarry models pull {id}` installs it again")]
    Broken {
        /// The model.
        id: String,
        /// Why.
        problem: String,
    },
    /// The embedder did not answer, or said that it cannot now.
    #[error("the embedder `{id}` is not available: {problem}")]
    Unavailable {
        /// The embedder.
        id: String,
        /// Why.
        problem: String,
        /// When to try again, where it said so.
        retry_after: Option<Duration>,
    },
    /// The embedder's server refused the request, and would again.
    #[error("the embedder `{id}` refused the request (HTTP {status}): {problem}")]
    Rejected {
        /// The embedder.
        id: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        problem: String,
    },
    /// The vectors are not what was agreed.
    #[error("the embedder `{id}` gave something else than agreed: {problem}")]
    Mismatch {
        /// The embedder.
        id: String,
        /// What was wrong.
        problem: String,
    },
    /// The settings cannot work.
    #[error("`models.embed.{key}`: {problem}")]
    Settings {
        /// The key in the section.
        key: String,
        /// Why.
        problem: String,
    },
}

impl ModelError {
    pub(crate) fn folder(path: impl Into<PathBuf>, problem: impl ToString) -> Self {
        Self::Folder { path: path.into(), problem: problem.to_string() }
    }

    pub(crate) fn broken(id: &str, problem: impl ToString) -> Self {
        Self::Broken { id: id.to_owned(), problem: problem.to_string() }
    }

    pub(crate) fn unavailable(id: &str, problem: impl ToString) -> Self {
        Self::Unavailable { id: id.to_owned(), problem: problem.to_string(), retry_after: None }
    }

    pub(crate) fn mismatch(id: &str, problem: impl ToString) -> Self {
        Self::Mismatch { id: id.to_owned(), problem: problem.to_string() }
    }
}

impl Fault for ModelError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. }
            | Self::HashMismatch { .. }
            | Self::BuiltIn { .. }
            | Self::Settings { .. } => ErrorKind::Invalid,
            // The text itself was refused; a missing right or a wrong address is for the operator to mend.
            Self::Rejected { status: 400 | 413 | 422, .. } => ErrorKind::Invalid,
            Self::Fetch { .. } | Self::Folder { .. } | Self::Unavailable { .. } | Self::Rejected { .. } => {
                ErrorKind::Unavailable
            }
            Self::NotInstalled { .. } | Self::Mismatch { .. } => ErrorKind::Conflict,
            Self::Broken { .. } => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_embedder",
            Self::NotInstalled { .. } => "model_not_installed",
            Self::BuiltIn { .. } => "model_built_in",
            Self::HashMismatch { .. } => "model_hash_mismatch",
            Self::Fetch { .. } => "model_fetch_failed",
            Self::Folder { .. } => "models_folder",
            Self::Broken { .. } => "model_broken",
            Self::Unavailable { .. } => "embedder_unavailable",
            Self::Rejected { .. } => "embedder_rejected",
            Self::Mismatch { .. } => "embedder_mismatch",
            Self::Settings { .. } => "model_settings",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

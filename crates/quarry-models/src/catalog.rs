//! The models that can be installed, with every file pinned by its SHA-256.
//!
//! A model is the folder `<models>/<id>`. Listing and opening look at names and sizes; [`verify`] reads the bytes.

mod pull;
mod verify;

use std::path::Path;

use crate::{embed::EmbedderInfo, error::ModelError, events, local::static_table};

pub use pull::{HUB, Progress, PullSource, pull};
pub use verify::verify;

/// A file of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Its name, in the folder and on the hub.
    pub name: &'static str,
    /// SHA-256 in hexadecimal.
    pub sha256: &'static str,
    /// Its size.
    pub bytes: u64,
}

/// A model of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its id, which is also its folder.
    pub id: &'static str,
    /// One sentence for lists.
    pub description: &'static str,
    /// `<owner>/<name>` on the hub; empty for the model in the executable.
    pub repository: &'static str,
    /// The hub's revision. A branch is enough: the hashes decide what is taken.
    pub revision: &'static str,
    /// Its files; none for the model in the executable.
    pub files: &'static [ModelFile],
    /// Numbers in a vector.
    pub dimension: usize,
    /// Tokens of a text that it reads; `None` for all.
    pub max_tokens: Option<usize>,
    /// Languages it was trained for, ISO 639-3.
    pub languages: &'static [&'static str],
    /// Its licence, as an SPDX expression.
    pub licence: &'static str,
    /// Share of the dense leg in fusion.
    pub dense_weight: f32,
    /// Name of the ranker's weights for it.
    pub ranker: &'static str,
}

/// Whether a model can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Part of the executable.
    BuiltIn,
    /// All files are there in their size.
    Installed,
    /// Can be pulled.
    Available,
}

/// Every known model.
pub static ENTRIES: &[Entry] = &[
    Entry {
        id: static_table::ID,
        description: "Static table of English subword vectors; microseconds a text, best beside BM25.",
        repository: "",
        revision: "",
        files: &[],
        dimension: 256,
        max_tokens: None,
        languages: &["eng"],
        licence: "Apache-2.0",
        dense_weight: 0.3,
        ranker: "static",
    },
    Entry {
        id: "all-minilm-l6-v2",
        description: "Transformer of 23 million parameters for English; better on prose, milliseconds a text.",
        repository: "sentence-transformers/all-MiniLM-L6-v2",
        revision: "main",
        files: &[
            ModelFile {
                name: "config.json",
                sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                bytes: 612,
            },
            ModelFile {
                name: "tokenizer.json",
                sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                bytes: 466_247,
            },
            ModelFile {
                name: "model.safetensors",
                sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                bytes: 90_868_376,
            },
        ],
        dimension: 384,
        max_tokens: Some(256),
        languages: &["eng"],
        licence: "Apache-2.0",
        dense_weight: 0.5,
        ranker: "transformer",
    },
];

impl Entry {
    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What an embedder with these files says about itself.
    #[must_use]
    pub fn info(&self) -> EmbedderInfo {
        EmbedderInfo {
            id: self.id.to_owned(),
            dimension: self.dimension,
            max_tokens: self.max_tokens,
            languages: Some(self.languages.iter().map(|&language| language.to_owned()).collect()),
            dense_weight: self.dense_weight,
            ranker: self.ranker.to_owned(),
        }
    }
}

/// A model by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id == id)
}

/// A model by its id, or an error that names the known ones.
///
/// # Errors
/// `unknown_embedder`.
pub fn get(id: &str) -> Result<&'static Entry, ModelError> {
    find(id).ok_or_else(|| {
        let known = ENTRIES.iter().map(|entry| entry.id).collect::<Vec<_>>().join(", ");
        ModelError::Unknown { id: id.to_owned(), known }
    })
}

/// Every known model and whether it can be used.
#[must_use]
pub fn list(models_dir: &Path) -> Vec<(&'static Entry, State)> {
    let state = |entry: &Entry| match (entry.files.is_empty(), is_installed(entry, models_dir)) {
        (true, _) => State::BuiltIn,
        (false, true) => State::Installed,
        (false, false) => State::Available,
    };
    ENTRIES.iter().map(|entry| (entry, state(entry))).collect()
}

/// Whether all files of a model are there in their size. True for the model in the executable.
#[must_use]
pub fn is_installed(entry: &Entry, models_dir: &Path) -> bool {
    let folder = models_dir.join(entry.id);
    entry.files.iter().all(|file| {
        std::fs::metadata(folder.join(file.name))
            .is_ok_and(|found| found.is_file() && found.len() == file.bytes)
    })
}

/// Deletes a model's folder. Returns whether there was one.
///
/// # Errors
/// `model_built_in`, or `models_folder` when files cannot be deleted.
pub fn remove(entry: &Entry, models_dir: &Path) -> Result<bool, ModelError> {
    if entry.files.is_empty() {
        return Err(ModelError::BuiltIn { id: entry.id.to_owned() });
    }
    let folder = models_dir.join(entry.id);
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => {
            events::model_removed(entry.id);
            Ok(true)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ModelError::folder(folder, error)),
    }
}

#[cfg(test)]
mod tests;

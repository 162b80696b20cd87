//! What may be said of a source, and what is made of it.

use std::{path::PathBuf, sync::Arc};

use quarry_core::{CollectionName, Metadata, metadata};
use quarry_store::{SourceKind, SourceRow};
use serde::{Deserialize, Serialize};

use super::{
    contract::{Entry, Source, SourceError},
    folder::Folder,
    glob::Globs,
    web::Web,
};
use crate::{engine::Inner, error::EngineError};

/// `[sources]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourcesSettings {
    /// Folders whose files, and those of the folders below, may be read by sources of the kind `folder`; none means that
    /// there are no such sources.
    pub folder_roots: Vec<PathBuf>,
    /// The part of a source's documents, 0 to 1, that one run removes at most; ten may always be removed. More needs
    /// `--force`: a disk that is not there must not empty a collection.
    pub max_removed_share: f64,
    /// Whether this process looks at sources that are due.
    pub scheduler: bool,
}

impl Default for SourcesSettings {
    fn default() -> Self {
        Self { folder_roots: Vec::new(), max_removed_share: 0.5, scheduler: true }
    }
}

/// Which place a source is. Which fields are used depends on its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourcePlace {
    /// Of a folder: where it is, on the machine that serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Of a folder: patterns of the files that belong to it; none means all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Of a folder: patterns of what is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Of the web: the addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Metadata of every document; `source_name` is added.
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
}

/// The field of a document's metadata that names its source.
pub(super) const SOURCE_NAME: &str = "source_name";
const MOST_PATTERNS: usize = 100;
const LONGEST_PATTERN: usize = 500;
const MOST_URLS: usize = 1_000;
const LONGEST_PATH: usize = 4_096;
/// Least and most seconds between two runs of a source.
const EVERY: std::ops::RangeInclusive<u64> = 10..=31_536_000;

pub(super) fn wrong(pointer: &'static str, problem: impl Into<String>) -> EngineError {
    EngineError::invalid("invalid_source", pointer, problem)
}

/// A source's name: the same letters as a collection's, since both stand in the sources of documents and in addresses.
pub(super) fn check_name(name: &str) -> Result<(), EngineError> {
    name.parse::<CollectionName>().map(drop).map_err(|_| {
        wrong(
            "/name",
            format!(
                "`{name}` is not a source's name: use 1 to 64 lower-case letters, digits, `-` or `_`, starting with a \
                 letter or digit"
            ),
        )
    })
}

pub(super) fn check_every(kind: SourceKind, every: Option<u64>) -> Result<(), EngineError> {
    match (kind, every) {
        (_, None) => Ok(()),
        (SourceKind::Push, Some(_)) => {
            Err(wrong("/every_seconds", "a push source is filled by its sender; it cannot be looked at"))
        }
        (_, Some(seconds)) if EVERY.contains(&seconds) => Ok(()),
        (_, Some(seconds)) => Err(wrong(
            "/every_seconds",
            format!("{seconds} seconds are not between {} and {}", EVERY.start(), EVERY.end()),
        )),
    }
}

impl SourcePlace {
    /// What is stored of a source.
    pub(super) fn of(row: &SourceRow) -> Result<Self, EngineError> {
        serde_json::from_value(row.settings.clone())
            .map_err(|error| EngineError::Task(format!("the settings of a source cannot be read: {error}")))
    }

    pub(super) fn stored(&self) -> Result<serde_json::Value, EngineError> {
        serde_json::to_value(self).map_err(|error| EngineError::Task(error.to_string()))
    }

    /// Fails on what can never work.
    pub(super) fn check(&self, kind: SourceKind, inner: &Inner) -> Result<(), EngineError> {
        self.check_fields(kind)?;
        if self.metadata.contains_key(SOURCE_NAME) {
            return Err(wrong("/metadata", format!("`{SOURCE_NAME}` is set by Quarry itself")));
        }
        metadata::check(&self.metadata)
            .map_err(|problem| EngineError::invalid("invalid_metadata", "/metadata", problem))?;
        if self.metadata.len() >= metadata::MAX_FIELDS {
            let problem = format!("at most {} fields are taken", metadata::MAX_FIELDS - 1);
            return Err(EngineError::invalid("invalid_metadata", "/metadata", problem));
        }
        match kind {
            SourceKind::Folder => self.check_folder(inner),
            SourceKind::Web => self.check_urls(),
            SourceKind::Push => Ok(()),
        }
    }

    /// What is said must be of the kind.
    fn check_fields(&self, kind: SourceKind) -> Result<(), EngineError> {
        let fields = [
            ("/path", self.path.is_some(), SourceKind::Folder),
            ("/include", !self.include.is_empty(), SourceKind::Folder),
            ("/exclude", !self.exclude.is_empty(), SourceKind::Folder),
            ("/urls", !self.urls.is_empty(), SourceKind::Web),
        ];
        match fields.into_iter().find(|(_, said, of)| *said && *of != kind) {
            Some((pointer, _, of)) => Err(wrong(
                pointer,
                format!(
                    "`{}` is said of sources of the kind `{}`, not `{}`",
                    pointer.trim_start_matches('/'),
                    of.as_str(),
                    kind.as_str()
                ),
            )),
            None => Ok(()),
        }
    }

    fn check_folder(&self, inner: &Inner) -> Result<(), EngineError> {
        let path = self.path.as_deref().unwrap_or_default();
        if path.is_empty() || path.len() > LONGEST_PATH {
            return Err(wrong("/path", "a folder source needs the `path` of its folder"));
        }
        if !PathBuf::from(path).is_absolute() {
            return Err(wrong("/path", "write the whole path: it is read on the machine that serves"));
        }
        for (pointer, patterns) in [("/include", &self.include), ("/exclude", &self.exclude)] {
            let long = patterns.iter().any(|one| one.is_empty() || one.len() > LONGEST_PATTERN);
            if long || patterns.len() > MOST_PATTERNS {
                let problem = format!(
                    "at most {MOST_PATTERNS} patterns of 1 to {LONGEST_PATTERN} bytes are taken, such as `docs/**/*.md`"
                );
                return Err(wrong(pointer, problem));
            }
        }
        if inner.settings.sources.folder_roots.is_empty() {
            return Err(wrong(
                "/path",
                "no folder may be read here: the operator allows them in the configuration, as `sources.folder_roots`",
            ));
        }
        self.folder(inner).place().map(drop).map_err(|error| wrong("/path", error.to_string()))
    }

    fn check_urls(&self) -> Result<(), EngineError> {
        if self.urls.is_empty() || self.urls.len() > MOST_URLS {
            let problem = format!("a web source needs `urls`, 1 to {MOST_URLS} addresses");
            return Err(wrong("/urls", problem));
        }
        let mut known = std::collections::HashSet::new();
        for (place, url) in self.urls.iter().enumerate() {
            let read = url::Url::parse(url).ok().filter(|read| {
                matches!(read.scheme(), "http" | "https")
                    && read.host_str().is_some_and(|host| !host.is_empty())
            });
            if read.is_none() || url.len() > Entry::LONGEST_KEY || url.chars().any(char::is_control) {
                let problem = format!("address {place} is not one: write it as `https://host/path`");
                return Err(wrong("/urls", problem));
            }
            if !known.insert(url.as_str()) {
                return Err(wrong("/urls", format!("address {place} stands there twice")));
            }
        }
        Ok(())
    }

    fn folder(&self, inner: &Inner) -> Folder {
        Folder {
            path: PathBuf::from(self.path.as_deref().unwrap_or_default()),
            roots: inner.settings.sources.folder_roots.clone(),
            globs: Globs::new(&self.include, &self.exclude),
            most_bytes: inner.settings.ingest.max_document_bytes,
        }
    }

    /// The place itself.
    pub(super) fn open(&self, kind: SourceKind, inner: &Inner) -> Result<Arc<dyn Source>, SourceError> {
        match kind {
            SourceKind::Folder => Ok(Arc::new(self.folder(inner))),
            SourceKind::Web => Ok(Arc::new(Web {
                urls: self.urls.clone(),
                outbound: inner.outbound.clone(),
                most_bytes: inner.settings.ingest.max_document_bytes,
            })),
            SourceKind::Push => Err(SourceError(
                "a push source is filled by its sender; there is nothing to look at".to_owned(),
            )),
        }
    }
}

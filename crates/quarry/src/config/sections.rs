//! The configuration as the program uses it: one struct a section, owned by the crate it configures.

use quarry_engine::{
    EngineSettings,
    settings::{AnswerSettings, IngestSettings, RetrieveSettings},
};
use quarry_index::IndexSettings;
use quarry_models::EmbedderSettings;
use quarry_server::ServerSettings;
use serde::Deserialize;

/// Everything that can be configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: ServerSettings,
    pub(crate) store: StoreSettings,
    pub(crate) index: IndexSettings,
    pub(crate) models: ModelsSettings,
    pub(crate) ingest: IngestSettings,
    pub(crate) retrieve: RetrieveSettings,
    pub(crate) answer: AnswerSettings,
    pub(crate) log: LogSettings,
    pub(crate) runtime: RuntimeSettings,
}

impl Config {
    /// The engine's three sections.
    pub(crate) fn engine(&self) -> EngineSettings {
        EngineSettings {
            ingest: self.ingest.clone(),
            retrieve: self.retrieve.clone(),
            answer: self.answer.clone(),
            ..EngineSettings::default()
        }
    }
}

/// `[models]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelsSettings {
    pub(crate) embed: EmbedderSettings,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreSettings {
    /// The database; SQLite in the data folder when not set.
    pub(crate) url: Option<quarry_core::Secret>,
    pub(crate) max_connections: u32,
    pub(crate) acquire_timeout_seconds: u64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: None, max_connections: 8, acquire_timeout_seconds: 10 }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One object a line.
    Json,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogSettings {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
    pub(crate) filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Auto, level: "info".to_owned(), filter: String::new() }
    }
}

/// `[runtime]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RuntimeSettings {
    pub(crate) worker_threads: usize,
}

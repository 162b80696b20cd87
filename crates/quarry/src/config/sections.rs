//! The configuration as the program uses it: one struct a section, owned by the crate it configures.

use std::collections::BTreeMap;

use quarry_engine::{
    CageSettings, EngineSettings,
    agent::mcp::{McpServerSettings, ProgramEnvironment},
    outbound::OutboundSettings,
    settings::{AgentSettings, AnswerSettings, IngestSettings, RetrieveSettings, SourcesSettings},
};
use quarry_index::IndexSettings;
use quarry_models::{ChatModelSettings, ChatSettings, EmbedderSettings};
use quarry_server::{LimitsSettings, ServerSettings, auth::AuthSettings};
use quarry_store::limits::RedisSettings;
use serde::Deserialize;

/// Everything that can be configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: ServerSettings,
    pub(crate) auth: AuthSettings,
    pub(crate) limits: LimitsSettings,
    pub(crate) redis: RedisSettings,
    pub(crate) store: StoreSettings,
    pub(crate) index: IndexSettings,
    pub(crate) models: ModelsSettings,
    pub(crate) ingest: IngestSettings,
    pub(crate) parse: CageSettings,
    pub(crate) retrieve: RetrieveSettings,
    pub(crate) answer: AnswerSettings,
    pub(crate) agents: AgentsSettings,
    pub(crate) outbound: OutboundSettings,
    pub(crate) sources: SourcesSettings,
    pub(crate) log: LogSettings,
    pub(crate) runtime: RuntimeSettings,
}

impl Config {
    /// The engine's sections.
    pub(crate) fn engine(&self) -> EngineSettings {
        EngineSettings {
            ingest: self.ingest.clone(),
            retrieve: self.retrieve.clone(),
            answer: self.answer.clone(),
            agents: self.agents.engine.clone(),
            sources: self.sources.clone(),
        }
    }
}

/// `[models]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelsSettings {
    pub(crate) embed: EmbedderSettings,
    pub(crate) chat: BTreeMap<String, ChatModelSettings>,
    /// The chat model that is asked where none is named.
    pub(crate) chat_default: Option<String>,
}

impl ModelsSettings {
    /// The models that talk, as their crate takes them.
    pub(crate) fn talking(&self) -> ChatSettings {
        ChatSettings { default: self.chat_default.clone(), models: self.chat.clone() }
    }
}

/// `[agents]`: what the engine takes, and what the tools are made of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "toml::Table")]
pub(crate) struct AgentsSettings {
    pub(crate) engine: AgentSettings,
    /// Whether there is a tool that reads pages of the web.
    pub(crate) fetch_url: bool,
    /// MCP servers whose tools agents may use.
    pub(crate) mcp: Vec<McpServerSettings>,
    /// What their programs see of our environment; set by the layers, which read it.
    pub(crate) programs: ProgramEnvironment,
}

impl TryFrom<toml::Table> for AgentsSettings {
    type Error = String;

    /// The section has keys of two crates, each of which refuses those of the other.
    fn try_from(mut table: toml::Table) -> Result<Self, String> {
        let say = |error: toml::de::Error| error.message().to_owned();
        let fetch_url = table.remove("fetch_url").map(toml::Value::try_into).transpose().map_err(say)?;
        let mcp = table.remove("mcp").map(toml::Value::try_into).transpose().map_err(say)?;
        Ok(Self {
            engine: table.try_into().map_err(say)?,
            fetch_url: fetch_url.unwrap_or_default(),
            mcp: mcp.unwrap_or_default(),
            programs: ProgramEnvironment::default(),
        })
    }
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

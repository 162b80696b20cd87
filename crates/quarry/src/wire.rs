//! From a configuration and a data folder to a running engine. The order of everything is written here.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quarry_core::{Clock, SystemClock};
use quarry_engine::{
    Cage, Engine, Parts,
    agent::{
        mcp::McpServers,
        tools::{Toolbox, fetch_url::FetchUrl},
    },
    engine::Embedders,
    outbound::{Outbound, OutboundSettings},
};
use quarry_index::LocalIndex;
use quarry_models::{Embedder, EmbedderSettings, ModelError};
use quarry_server::RateLimits;
use quarry_store::{Store, StoreConfig, limits::Limiter};

use crate::{
    config::Config,
    data::DataFolder,
    failure::{Exit, Failure, Outcome},
};

/// An engine, the index that wants to be tidied now and then, and the tools, whose programs end with it.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) index: Arc<LocalIndex>,
    pub(crate) tools: Arc<Toolbox>,
}

/// Opens the store, then the index, then starts the engine. The caller has the folder's lock.
pub(crate) async fn start(config: &Config, folder: &DataFolder) -> Outcome<Running> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::open(&store_config(config, folder), Arc::clone(&clock)).await?;
    if config.store.url.is_none() {
        // Whoever has the folder's lock is its only user: what a killed process had taken waits for nobody.
        store.jobs().give_back_all().await?;
        store.runs().interrupt_running(clock.now()).await?;
        store.sources().interrupt_running().await?;
    }
    let index = Arc::new(LocalIndex::new(folder.index(), config.index.clone()));
    let embedders = Opened::new(config.models.embed.clone(), folder.models());
    let tools = Arc::new(toolbox(config)?);
    let parts = Parts {
        store,
        index: Arc::<LocalIndex>::clone(&index),
        embedders: Arc::new(embedders),
        parser: Cage::new(program()?, config.parse.clone(), config.ingest.max_document_bytes),
        chat: quarry_models::open_chat(&config.models.talking())?,
        tools: Arc::<Toolbox>::clone(&tools),
        outbound: Outbound::new(config.outbound.clone())?,
        settings: config.engine(),
        clock,
    };
    Ok(Running { engine: Engine::start(parts).await?, index, tools })
}

/// Who may ask how often, and where that is counted.
pub(crate) async fn limits(config: &Config) -> Outcome<RateLimits> {
    let most = config.limits.max_subjects;
    // Nobody waits for a Redis that nothing is counted in.
    let limiter = if config.limits.enabled {
        Limiter::open(&config.redis, most).await?
    } else {
        Limiter::in_memory(most)
    };
    Ok(RateLimits::new(config.limits.clone(), limiter))
}

/// Everything that agents can be given. Nothing is started or called by it.
fn toolbox(config: &Config) -> Outcome<Toolbox> {
    let mut tools = Toolbox::new();
    if config.agents.fetch_url {
        tools.add(Arc::new(FetchUrl::new(Outbound::new(config.outbound.clone())?)));
    }
    let servers = Outbound::new(reaching_servers(config))?;
    let servers = McpServers::new(config.agents.mcp.clone(), &config.agents.programs, &servers)?;
    Ok(tools.with_servers(servers))
}

/// What the client of the MCP servers may reach: besides what everyone may, the places the operator named as servers. A
/// client of their own, since what is opened is open to every request of a client, and `fetch_url` follows a model.
fn reaching_servers(config: &Config) -> OutboundSettings {
    let mut settings = config.outbound.clone();
    let addresses = config.agents.mcp.iter().filter_map(|server| server.url.as_deref());
    settings.allow_private.extend(addresses.filter_map(|address| {
        let url = reqwest::Url::parse(address).ok()?;
        Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
    }));
    settings
}

/// This program, which is its own parser.
fn program() -> Outcome<PathBuf> {
    std::env::current_exe().map_err(|error| {
        Failure::new(Exit::Failed, "no_program", format!("the program cannot find itself: {error}"))
            .hint("start it by its whole path")
    })
}

fn store_config(config: &Config, folder: &DataFolder) -> StoreConfig {
    let usual = || format!("sqlite://{}", folder.database().display());
    StoreConfig {
        url: config.store.url.as_ref().map_or_else(usual, |url| url.expose().to_owned()),
        max_connections: config.store.max_connections,
        acquire_timeout: Duration::from_secs(config.store.acquire_timeout_seconds),
        blobs: folder.blobs(),
    }
}

/// Embedders, opened when they are first asked for and kept.
struct Opened {
    settings: EmbedderSettings,
    models: PathBuf,
    open: Mutex<HashMap<String, Arc<dyn Embedder>>>,
}

impl Opened {
    fn new(settings: EmbedderSettings, models: PathBuf) -> Self {
        Self { settings, models, open: Mutex::default() }
    }
}

impl Embedders for Opened {
    fn default_id(&self) -> &str {
        &self.settings.default
    }

    fn open(&self, id: &str) -> Result<Arc<dyn Embedder>, ModelError> {
        // The lock is held while a model is loaded: two callers must not load it twice.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(id) {
            return Ok(Arc::clone(known));
        }
        let embedder = quarry_models::open_by_id(id, &self.settings, &self.models)?;
        open.insert(id.to_owned(), Arc::clone(&embedder));
        Ok(embedder)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use quarry_engine::engine::Embedders;
    use quarry_models::EmbedderSettings;

    use super::{Opened, reaching_servers};
    use crate::config::Config;

    #[test]
    fn the_places_of_mcp_servers_are_opened_for_their_client() {
        let mut config = Config::default();
        let server = r#"name = "a"
url = "http://mcp.internal:8080/mcp"
tools = ["*"]"#;
        config.agents.mcp.push(toml::from_str(server).unwrap());
        assert_eq!(reaching_servers(&config).allow_private, ["mcp.internal:8080"]);
        assert!(config.outbound.allow_private.is_empty());
    }

    #[test]
    fn an_embedder_is_opened_once() {
        let folder = tempfile::tempdir().unwrap();
        let opened = Opened::new(EmbedderSettings::default(), folder.path().to_owned());
        let first = opened.open(opened.default_id()).unwrap();
        assert!(Arc::ptr_eq(&first, &opened.open("static-en-256").unwrap()));
        assert!(opened.open("word2vec").is_err());
    }
}

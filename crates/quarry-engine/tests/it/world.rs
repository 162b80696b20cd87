//! A data folder with engines that come and go over it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use quarry_core::{Access, Actor, Clock, CollectionName, Document, Metadata, SystemClock, TenantId};
use quarry_engine::{
    Added, Cage, CageSettings, Engine, EngineSettings, Parts, SearchRequest, Upload,
    agent::{ToolSource, toolset::Fixed},
    engine::Embedders,
    outbound::{Outbound, OutboundSettings},
};
use quarry_index::local::LocalIndex;
use quarry_models::{ChatModels, Embedder, EmbedderSettings, ModelError};
use quarry_store::{Store, StoreConfig};
use tempfile::TempDir;

/// Hands out the static table under its own name and, with one direction flipped, under another.
struct Two {
    table: Arc<dyn Embedder>,
    other: Arc<dyn Embedder>,
    moody: Arc<dyn Embedder>,
}

/// The static table with every number negated: other vectors, same quality.
struct Negated {
    table: Arc<dyn Embedder>,
    info: quarry_models::EmbedderInfo,
}

#[async_trait::async_trait]
impl Embedder for Negated {
    fn info(&self) -> &quarry_models::EmbedderInfo {
        &self.info
    }

    async fn embed(&self, request: quarry_models::EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        let vectors = self.table.embed(request).await?;
        Ok(vectors.into_iter().map(|vector| vector.into_iter().map(|number| -number).collect()).collect())
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.table.count_tokens(text)
    }
}

/// The static table, when it is in the mood. What each call meets is written down before; afterwards all goes well.
#[derive(Default)]
pub struct Moods(parking_lot::Mutex<std::collections::VecDeque<Mood>>);

/// What a call meets.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    /// It is refused for this many milliseconds.
    Busy(u64),
    /// It takes this many milliseconds.
    Slow(u64),
}

impl Moods {
    pub fn will_be(&self, moods: impl IntoIterator<Item = Mood>) {
        self.0.lock().extend(moods);
    }
}

struct Moody {
    table: Arc<dyn Embedder>,
    info: quarry_models::EmbedderInfo,
    moods: Arc<Moods>,
}

#[async_trait::async_trait]
impl Embedder for Moody {
    fn info(&self) -> &quarry_models::EmbedderInfo {
        &self.info
    }

    async fn embed(&self, request: quarry_models::EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        if let Some(text) = request.texts.iter().find(|text| text.contains("unspeakable")) {
            let problem = format!("{} bytes of something unspeakable", text.len());
            return Err(ModelError::Rejected { id: "moody".to_owned(), status: 400, problem });
        }
        let mood = self.moods.0.lock().pop_front();
        match mood {
            Some(Mood::Busy(millis)) => Err(ModelError::Unavailable {
                id: "moody".to_owned(),
                problem: "too many requests".to_owned(),
                retry_after: Some(Duration::from_millis(millis)),
            }),
            Some(Mood::Slow(millis)) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                self.table.embed(request).await
            }
            None => self.table.embed(request).await,
        }
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.table.count_tokens(text)
    }
}

impl Embedders for Two {
    fn default_id(&self) -> &str {
        "static-en-256"
    }

    fn open(&self, id: &str) -> Result<Arc<dyn Embedder>, ModelError> {
        match id {
            "static-en-256" => Ok(Arc::clone(&self.table)),
            "negated" => Ok(Arc::clone(&self.other)),
            "moody" => Ok(Arc::clone(&self.moody)),
            other => Err(ModelError::Unknown {
                id: other.to_owned(),
                known: "static-en-256, negated, moody".to_owned(),
            }),
        }
    }
}

pub struct World {
    folder: TempDir,
    pub moods: Arc<Moods>,
    /// What the client for addresses that users supply may reach.
    pub outbound: OutboundSettings,
    pub clock: Arc<dyn Clock>,
}

impl World {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            moods: Arc::default(),
            outbound: OutboundSettings::default(),
            clock: Arc::new(SystemClock),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub async fn engine(&self) -> Engine {
        self.engine_with(EngineSettings::default()).await
    }

    pub async fn engine_of(&self, chat: ChatModels, tools: Arc<dyn ToolSource>) -> Engine {
        self.engine_from(EngineSettings::default(), chat, tools).await
    }

    pub async fn engine_with(&self, settings: EngineSettings) -> Engine {
        self.engine_from(settings, ChatModels::default(), Arc::new(Fixed::default())).await
    }

    pub async fn engine_from(
        &self,
        settings: EngineSettings,
        chat: ChatModels,
        tools: Arc<dyn ToolSource>,
    ) -> Engine {
        let clock = Arc::clone(&self.clock);
        let config = StoreConfig {
            url: format!("sqlite://{}", self.path("quarry.db").display()),
            max_connections: 4,
            acquire_timeout: Duration::from_secs(10),
            blobs: self.path("blobs"),
        };
        let table = quarry_models::open(&EmbedderSettings::default(), &self.path("models")).unwrap();
        let info = quarry_models::EmbedderInfo { id: "negated".to_owned(), ..table.info().clone() };
        let other = Arc::new(Negated { table: Arc::clone(&table), info });
        let info = quarry_models::EmbedderInfo { id: "moody".to_owned(), ..table.info().clone() };
        let moody = Arc::new(Moody { table: Arc::clone(&table), info, moods: Arc::clone(&self.moods) });
        let store = Store::open(&config, clock.clone()).await.unwrap();
        // As the executable does: the leases of a crashed engine would run out only in minutes.
        store.jobs().give_back_all().await.unwrap();
        store.sources().interrupt_running().await.unwrap();
        Engine::start(Parts {
            store,
            index: Arc::new(LocalIndex::new(self.path("index"), quarry_index::IndexSettings::default())),
            embedders: Arc::new(Two { table, other, moody }),
            parser: Cage::open(CageSettings::default(), settings.ingest.max_document_bytes),
            chat,
            tools,
            outbound: Outbound::new(self.outbound.clone()).unwrap(),
            settings,
            clock,
        })
        .await
        .unwrap()
    }
}

pub fn access() -> Access {
    Access::owner(TenantId::ROOT, Actor::Local)
}

pub fn collection() -> CollectionName {
    CollectionName::fallback()
}

pub fn upload(source: &str, text: &str) -> Upload {
    Upload {
        source: source.to_owned(),
        title: None,
        name: format!("{source}.txt"),
        media_type: None,
        metadata: Metadata::new(),
        password: None,
        priority: None,
        readers: None,
        bytes: bytes::Bytes::from(text.to_owned()),
    }
}

/// Adds and waits until everything is searchable or failed.
pub async fn put(engine: &Engine, uploads: Vec<Upload>) -> Vec<Document> {
    let added = engine.documents().add(&access(), &collection(), uploads).await.unwrap();
    settle(engine, &added).await
}

pub async fn settle(engine: &Engine, added: &[Added]) -> Vec<Document> {
    let ids: Vec<_> = added.iter().map(|added| added.document.id).collect();
    engine.documents().settled(&access(), &ids, Duration::from_secs(30)).await.unwrap()
}

/// The sources found, best first.
pub async fn found(engine: &Engine, query: &str) -> Vec<String> {
    let mut request = SearchRequest::new(collection(), query);
    request.k = 50;
    let response = engine.search(&access(), request).await.unwrap();
    response.hits.into_iter().map(|hit| hit.source).collect()
}

pub async fn stop(engine: Engine) {
    engine.stop(Duration::from_secs(10)).await;
}

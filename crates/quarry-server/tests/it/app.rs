//! A server of one's own, and those who ask it.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Once, OnceLock},
    time::Duration,
};

use metrics_exporter_prometheus::PrometheusHandle;
use quarry_core::{Clock, SystemClock};
use quarry_engine::{
    Cage, CageSettings, Engine, EngineSettings, Parts,
    agent::{ToolSource, toolset::Fixed},
    engine::Embedders,
    govern::SecretKey,
    outbound::{Outbound, OutboundSettings},
};
use quarry_index::testing::MemoryIndex;
use quarry_models::{ChatModels, Embedder, EmbedderSettings, ModelError, StaticTable};
use quarry_server::{
    App, LimitsSettings, RateLimits, ServerSettings,
    auth::{AuthSettings, Tokens},
};
use quarry_store::{
    Store, StoreConfig,
    limits::{Limiter, RedisSettings},
};
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{listening::Listener, schema};

pub const KEY: &str = "qk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// What a server is made with.
pub struct Setup {
    pub server: ServerSettings,
    pub engine: EngineSettings,
    pub chat: ChatModels,
    pub tools: Arc<dyn ToolSource>,
    /// What the client for addresses that users supply may reach.
    pub outbound: OutboundSettings,
    /// The issuers whose tokens are taken.
    pub tokens: Tokens,
    pub limits: LimitsSettings,
    /// Where the limits are counted; in memory without a URL.
    pub redis: RedisSettings,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            server: ServerSettings::default(),
            engine: EngineSettings::default(),
            chat: ChatModels::default(),
            tools: Arc::new(Fixed::default()),
            outbound: OutboundSettings::default(),
            tokens: Tokens::new(&AuthSettings::default()).unwrap(),
            limits: LimitsSettings::default(),
            redis: RedisSettings::default(),
        }
    }
}

/// A server with an empty data folder.
pub struct TestApp {
    pub address: SocketAddr,
    pub admin: Persona,
    pub anonymous: Persona,
    pub engine: Engine,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    data: TempDir,
}

struct OneEmbedder(EmbedderSettings, TempDir);

impl Embedders for OneEmbedder {
    fn default_id(&self) -> &str {
        &self.0.default
    }

    fn open(&self, id: &str) -> Result<Arc<dyn Embedder>, ModelError> {
        static TABLE: OnceLock<Arc<StaticTable>> = OnceLock::new();
        if id == self.default_id() {
            let table = TABLE.get_or_init(|| Arc::new(StaticTable::new().unwrap()));
            return Ok(Arc::clone(table) as Arc<dyn Embedder>);
        }
        quarry_models::open_by_id(id, &self.0, self.1.path())
    }
}

fn recorder() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| quarry_server::install_recorder().unwrap()).clone()
}

fn store_config(data: &Path) -> StoreConfig {
    StoreConfig {
        url: format!("sqlite://{}", data.join("quarry.db").display()),
        max_connections: 4,
        acquire_timeout: Duration::from_secs(10),
        blobs: data.join("blobs"),
    }
}

type Made = (EngineSettings, ChatModels, Arc<dyn ToolSource>, OutboundSettings);

async fn engine(data: &Path, setup: Made) -> Engine {
    let (settings, chat, tools, outbound) = setup;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let config = store_config(data);
    let parts = Parts {
        store: Store::open(&config, Arc::clone(&clock)).await.unwrap(),
        index: Arc::new(MemoryIndex::new()),
        embedders: Arc::new(OneEmbedder(EmbedderSettings::default(), tempfile::tempdir().unwrap())),
        parser: Cage::open(CageSettings::default(), settings.ingest.max_document_bytes),
        chat,
        tools,
        outbound: Outbound::new(outbound).unwrap(),
        settings,
        clock,
    };
    Engine::start(parts).await.unwrap()
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(ServerSettings::default(), EngineSettings::default()).await
    }

    pub async fn with(server: ServerSettings, engine: EngineSettings) -> Self {
        Self::set_up(Setup { server, engine, ..Setup::default() }).await
    }

    pub async fn set_up(setup: Setup) -> Self {
        let Setup {
            server: settings,
            engine: mut engine_settings,
            chat,
            tools,
            outbound,
            tokens,
            limits,
            redis,
        } = setup;
        engine_settings.ingest.commit_interval_ms = 5;
        let data = tempfile::tempdir().unwrap();
        let engine = engine(data.path(), (engine_settings, chat, tools, outbound)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let key = SecretKey::read(KEY).expect("a key");
        engine.identity().admit_folder_key(&key).await.unwrap();
        let limiter = Limiter::open(&redis, limits.max_subjects).await.unwrap();
        let limits = RateLimits::new(limits, limiter);
        let app = App { engine: engine.clone(), settings, tokens, limits, metrics: recorder() };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let shutdown = async move { drop(stopped.await) };
            quarry_server::serve(listener, app, shutdown).await.unwrap();
        });
        let persona = |key: Option<&str>| Persona {
            key: key.map(str::to_owned),
            base: format!("http://{address}"),
            client: client(),
        };
        let (admin, anonymous) = (persona(Some(KEY)), persona(None));
        Self { address, admin, anonymous, engine, stop: Some(stop), serving, data }
    }

    /// Runs statements in the database beside the server.
    pub async fn arrange(&self, statements: &[&str]) {
        quarry_store::testing::arrange(&store_config(self.data.path()), statements).await.unwrap();
    }

    /// Somebody with a key of their own, as `{"role": "reader"}` or narrower.
    pub async fn persona(&self, name: &str, mut key: Value) -> Persona {
        key["name"] = name.into();
        let made = self.admin.post("/v1/keys", key).await.expect(201).json();
        self.anonymous.with_key(made["key"].as_str().unwrap())
    }

    /// Tells the server to stop; it may still be draining.
    pub fn close(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until it has stopped.
    pub async fn stopped(mut self) {
        self.close();
        self.serving.await.unwrap();
        self.engine.stop(Duration::from_secs(10)).await;
    }
}

fn client() -> reqwest::Client {
    static TLS: Once = Once::new();
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::new()
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Persona {
    base: String,
    client: reqwest::Client,
    key: Option<String>,
}

/// A request on its way.
pub struct Ask<'a> {
    persona: &'a Persona,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Persona {
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    pub fn ask(&self, method: &str, path: impl Into<String>) -> Ask<'_> {
        let method = method.parse().unwrap();
        Ask { persona: self, method, path: path.into(), headers: HeaderMap::new(), body: Vec::new() }
    }

    pub async fn get(&self, path: impl Into<String>) -> Reply {
        self.ask("GET", path).send().await
    }

    pub async fn post(&self, path: impl Into<String>, body: Value) -> Reply {
        self.ask("POST", path).json(&body).send().await
    }

    pub async fn delete(&self, path: impl Into<String>) -> Reply {
        self.ask("DELETE", path).send().await
    }
}

impl Ask<'_> {
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", serde_json::to_vec(body).unwrap())
    }

    pub fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    async fn sent(&mut self) -> reqwest::Response {
        let url = format!("{}{}", self.persona.base, self.path);
        let (headers, body) = (std::mem::take(&mut self.headers), std::mem::take(&mut self.body));
        let mut request = self.persona.client.request(self.method.clone(), url).headers(headers).body(body);
        if let Some(key) = &self.persona.key {
            request = request.bearer_auth(key);
        }
        request.send().await.unwrap()
    }

    /// Sends it, and listens to the stream that comes back.
    pub async fn listen(mut self) -> Listener {
        Listener::new(self.sent().await)
    }

    /// Sends it, and looks at the status only: the stream behind it may have no end.
    pub async fn status(mut self) -> u16 {
        self.sent().await.status().as_u16()
    }

    /// Sends it, and holds what comes back against the OpenAPI document.
    pub async fn send(mut self) -> Reply {
        let response = self.sent().await;
        let (status, headers) = (response.status(), response.headers().clone());
        let reply = Reply { status, headers, body: response.bytes().await.unwrap().to_vec() };
        schema::check(self.method.as_str(), &self.path, &reply);
        reply
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// That it is a problem with this status and code.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), "application/problem+json");
        let problem = reply.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["request_id"], reply.header("x-request-id"));
        problem
    }
}

/// A document that is searchable when this returns.
pub async fn added(app: &TestApp, body: Value) -> Value {
    let reply = app.admin.post("/v1/documents?wait=60", body).await.expect(200);
    let document = reply.json()["documents"][0].clone();
    assert_eq!(document["status"], "ready", "{document}");
    document
}

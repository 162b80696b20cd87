//! A store of its own for each story, and short words for what stories do.

use std::{sync::Arc, time::Duration};

use quarry_core::clock::ManualClock;
use quarry_core::{
    Actor, By, ChunkKind, Clock, Collection, CollectionId, Document, Metadata, Span, TenantId, Timestamp,
};
use quarry_store::{
    Added, Job, JobFailure, Lane, NewChunk, NewCollection, NewDocument, Publication, Published, Store,
    StoreConfig,
};
use sqlx::{Connection as _, Executor as _, PgConnection};

pub const ROOT: TenantId = TenantId::ROOT;
pub static ME: By = By::new(Actor::Local);
pub const LEASE: Duration = Duration::from_secs(60);
pub const DOWN: JobFailure<'static> =
    JobFailure { code: "embedder_unavailable", reason: "The embedder is down.", stage: None };
pub const MODEL: (&str, u32) = ("static-en-256", 4);

/// Tells each story on both databases.
macro_rules! stories {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let world = $crate::world::World::on_sqlite().await;
                super::$name(&world).await;
                world.end().await;
            }
        )+}
        mod on_postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(world) = $crate::world::World::on_postgres().await else { return };
                super::$name(&world).await;
                world.end().await;
            }
        )+}
    };
}
pub(crate) use stories;

pub struct World {
    pub store: Store,
    pub config: StoreConfig,
    pub clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
    admin: Option<(String, String)>,
}

/// A URL for a fresh database, with what is needed to drop it.
pub async fn fresh_postgres() -> Option<(String, (String, String))> {
    let Ok(admin) = std::env::var("QUARRY_TEST_POSTGRES") else {
        eprintln!("left out: QUARRY_TEST_POSTGRES is not set");
        return None;
    };
    let name = format!("quarry_{}", uuid::Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(&admin).await.expect("QUARRY_TEST_POSTGRES answers");
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let server = admin.rsplit_once('/').expect("the URL names a database").0;
    Some((format!("{server}/{name}"), (admin.clone(), name)))
}

pub fn config(url: String, folder: &tempfile::TempDir) -> StoreConfig {
    StoreConfig {
        url,
        max_connections: 8,
        acquire_timeout: Duration::from_secs(20),
        blobs: folder.path().join("blobs"),
    }
}

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)))
}

impl World {
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("data/quarry.db").display());
        Self::open(url, folder, None).await
    }

    pub async fn on_postgres() -> Option<Self> {
        let (url, admin) = fresh_postgres().await?;
        Some(Self::open(url, tempfile::tempdir().unwrap(), Some(admin)).await)
    }

    async fn open(url: String, folder: tempfile::TempDir, admin: Option<(String, String)>) -> Self {
        let config = config(url, &folder);
        let clock = clock();
        let store = Store::open(&config, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { store, config, clock, _folder: folder, admin }
    }

    pub async fn reopen(&self) -> Store {
        Store::open(&self.config, Arc::clone(&self.clock) as Arc<dyn Clock>).await.unwrap()
    }

    pub async fn end(self) {
        self.store.close().await;
        if let Some((admin, name)) = self.admin {
            let mut connection = PgConnection::connect(&admin).await.unwrap();
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
        }
    }

    pub async fn collection(&self, tenant: TenantId, name: &str) -> Collection {
        let new = NewCollection {
            name: name.parse().unwrap(),
            description: String::new(),
            embedder: MODEL.0.into(),
            dimension: MODEL.1,
            chunking: None,
        };
        self.store.collections().add(tenant, new, &ME).await.unwrap()
    }

    pub async fn new_document(&self, collection: CollectionId, source: &str, body: &str) -> NewDocument {
        new_document(&self.store, collection, source, body).await
    }

    pub async fn add(&self, collection: &Collection, source: &str, body: &str) -> Added {
        let new = self.new_document(collection.id, source, body).await;
        self.store.documents().add(collection.tenant, vec![new], &ME).await.unwrap().remove(0)
    }

    pub async fn claim(&self) -> Vec<Job> {
        self.store.jobs().claim("worker", Lane::Small, 100, LEASE).await.unwrap()
    }

    pub async fn publish(&self, tenant: TenantId, document: &Document, chunks: usize) -> Published {
        let publication = publication(tenant, document, chunks);
        self.store.chunks().publish(&[publication]).await.unwrap()
    }

    /// Adds a document and publishes it with some chunks.
    pub async fn put(&self, collection: &Collection, source: &str, body: &str, chunks: usize) -> Document {
        let added = self.add(collection, source, body).await;
        let published = self.publish(collection.tenant, &added.document, chunks).await;
        published.documents.into_iter().next().unwrap().unwrap().document
    }
}

/// A document for the store that was given its bytes.
pub async fn new_document(store: &Store, collection: CollectionId, source: &str, body: &str) -> NewDocument {
    NewDocument {
        collection,
        source: source.into(),
        title: None,
        name: source.into(),
        media_type: None,
        metadata: Metadata::new(),
        content_hash: store.blobs().put(body.to_owned().into()).await.unwrap(),
        bytes: body.len() as u64,
        password: None,
        priority: None,
        max_attempts: None,
    }
}

pub fn publication(tenant: TenantId, document: &Document, chunks: usize) -> Publication {
    Publication {
        tenant,
        collection: document.collection,
        document: document.id,
        version: document.version,
        job: None,
        title: format!("Title of {}", document.source),
        media_type: "text/plain".into(),
        language: Some("eng".into()),
        pages: None,
        text: format!("Text of {} {}", document.source, document.version),
        model: (MODEL.0.into(), MODEL.1),
        chunk_set: 0,
        chunks: (0..chunks).map(|place| chunk(place as u32)).collect(),
    }
}

pub fn chunk(place: u32) -> NewChunk {
    NewChunk {
        text: format!("chunk \u{fc} {place}"),
        headings: vec!["Top".into(), format!("Part {place}")],
        page: Some(place + 1),
        span: Span { start: place * 10, end: place * 10 + 9 },
        window: (place % 2 == 1).then(|| Span { start: place * 10 - 5, end: place * 10 + 20 }),
        kind: ChunkKind::Prose,
        content_hash: [place as u8; 16],
        terms: vec![1, 2, 3],
        vector: Some(vec![place as u8; 8]),
    }
}

//! The store itself: opens the database and hands out one handle per family of tables.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use quarry_core::{Clock, Timestamp};

use crate::{
    agents::Agents,
    audit::Audit,
    blobs::Blobs,
    chunks::Chunks,
    collections::Collections,
    documents::{Documents, Waiting},
    error::StoreError,
    facts::Facts,
    generations::Generations,
    history::History,
    idempotency::Idempotency,
    jobs::Jobs,
    keys::Keys,
    people::People,
    runs::Runs,
    sessions::Sessions,
    sources::Sources,
    sql::{Database, migrate::migrate},
    tenants::Tenants,
    usage::Usages,
    webhooks::Webhooks,
};

/// Does a transaction again when another writer was in its way.
macro_rules! retry {
    ($work:expr) => {{
        let mut attempt = 0;
        loop {
            match $work {
                Err($crate::error::StoreError::Contended) if attempt < 5 => attempt += 1,
                outcome => break outcome,
            }
        }
    }};
}
pub(crate) use retry;

/// Where the store is.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite://PATH` or `postgres://USER@HOST/NAME`.
    pub url: String,
    /// Connections at most.
    pub max_connections: u32,
    /// How long to wait for a free one.
    pub acquire_timeout: Duration,
    /// Folder of the original bytes.
    pub blobs: PathBuf,
}

/// Models by their number in the database, and back.
#[derive(Default)]
pub(crate) struct Models {
    pub(crate) names: HashMap<i64, Arc<str>>,
    pub(crate) numbers: HashMap<(String, u32), i64>,
}

pub(crate) struct Inner {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) blobs: Blobs,
    pub(crate) models: Mutex<Models>,
    pub(crate) waiting: Waiting,
}

/// Everything remembered that is not an index. Cloning shares it.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl Store {
    /// Opens a database, making or migrating it as needed.
    ///
    /// # Errors
    /// The database cannot be reached, is damaged, or is newer than this program; the blob folder cannot be made.
    pub async fn open(config: &StoreConfig, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let db = Database::connect(config).await?;
        if let Err(error) = migrate(&db, clock.now(), None).await {
            db.close().await;
            return Err(error);
        }
        let blobs = Blobs::open(&config.blobs, db.clone())?;
        let inner = Inner { db, clock, blobs, models: Mutex::default(), waiting: Waiting::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db().read().await?.first("SELECT 1", Vec::new()).await.map(drop)
    }

    /// Waits for work in progress and closes the connections.
    pub async fn close(&self) {
        self.db().close().await;
    }

    /// Tenants.
    #[must_use]
    pub const fn tenants(&self) -> Tenants<'_> {
        Tenants { store: self }
    }

    /// What tenants use, by day.
    #[must_use]
    pub const fn usage(&self) -> Usages<'_> {
        Usages { store: self }
    }

    /// Keys.
    #[must_use]
    pub const fn keys(&self) -> Keys<'_> {
        Keys { store: self }
    }

    /// What somebody is.
    #[must_use]
    pub const fn people(&self) -> People<'_> {
        People { store: self }
    }

    /// Whether this process alone changes the database, so that what it remembers of it stays true.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.db().is_sqlite()
    }

    /// Collections.
    #[must_use]
    pub const fn collections(&self) -> Collections<'_> {
        Collections { store: self }
    }

    /// Documents and their versions.
    #[must_use]
    pub const fn documents(&self) -> Documents<'_> {
        Documents { store: self }
    }

    /// Chunks.
    #[must_use]
    pub const fn chunks(&self) -> Chunks<'_> {
        Chunks { store: self }
    }

    /// Background work.
    #[must_use]
    pub const fn jobs(&self) -> Jobs<'_> {
        Jobs { store: self }
    }

    /// How collections are cut and embedded, now, before and soon.
    #[must_use]
    pub const fn generations(&self) -> Generations<'_> {
        Generations { store: self }
    }

    /// Questions that were asked.
    #[must_use]
    pub const fn history(&self) -> History<'_> {
        History { store: self }
    }

    /// Agents and their versions.
    #[must_use]
    pub const fn agents(&self) -> Agents<'_> {
        Agents { store: self }
    }

    /// Conversations and their messages.
    #[must_use]
    pub const fn sessions(&self) -> Sessions<'_> {
        Sessions { store: self }
    }

    /// What is remembered about users.
    #[must_use]
    pub const fn facts(&self) -> Facts<'_> {
        Facts { store: self }
    }

    /// Runs of agents.
    #[must_use]
    pub const fn runs(&self) -> Runs<'_> {
        Runs { store: self }
    }

    /// Sources whose documents are kept in sync.
    #[must_use]
    pub const fn sources(&self) -> Sources<'_> {
        Sources { store: self }
    }

    /// Addresses that are told what becomes of documents.
    #[must_use]
    pub const fn webhooks(&self) -> Webhooks<'_> {
        Webhooks { store: self }
    }

    /// Who changed what.
    #[must_use]
    pub const fn audit(&self) -> Audit<'_> {
        Audit { store: self }
    }

    /// Answers kept for requests that are repeated.
    #[must_use]
    pub const fn idempotency(&self) -> Idempotency<'_> {
        Idempotency { store: self }
    }

    /// Original bytes.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    pub(crate) fn db(&self) -> &Database {
        &self.inner.db
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

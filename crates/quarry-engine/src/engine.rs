//! The engine: parts put together, tasks started and stopped.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use quarry_core::{Access, Action, Clock, Collection, CollectionId, CollectionName, TenantId};
use quarry_index::Index;
use quarry_models::{ChatModels, Embedder, StaticTable};
use quarry_store::{Lane, Store};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, task::AbortHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    agent::{
        self, Agents, AskRequest, Facts, Keeper, Live, RunHandle, RunRequest, Runs, Schemas, Sessions,
        ToolSource,
    },
    answer::{self, Answer, AnswerRequest},
    audit::{self, Audit, Refusals},
    cage::Cage,
    collections::Collections,
    documents::Documents,
    error::EngineError,
    generations::Generations,
    govern::{self, Identity, Keys, KnownKeys, Spending, Tenants, must},
    history::{History, Recorder},
    idempotency::Idempotency,
    ingest::{InHand, Paces, build, indexer::Indexer, reaper, wake::Wake, worker},
    jobs::Jobs,
    maintain::Maintenance,
    outbound::Outbound,
    retrieve::{self, SearchRequest, SearchResponse},
    settings::EngineSettings,
    sources::{self, Desk, Sources},
    webhooks::{self, Webhooks},
};

/// What an engine is made of.
pub struct Parts {
    /// The database and the blobs.
    pub store: Store,
    /// Where chunks are found.
    pub index: Arc<dyn Index>,
    /// Opens an embedder by its id; the first call for an id may be slow, later ones are not.
    pub embedders: Arc<dyn Embedders>,
    /// Where documents are parsed.
    pub parser: Cage,
    /// The models that talk; none for the extractive answerer alone.
    pub chat: ChatModels,
    /// What agents can do.
    pub tools: Arc<dyn ToolSource>,
    /// The client for addresses that users supply: pages that are kept in sync, webhooks.
    pub outbound: Outbound,
    /// What it can be told.
    pub settings: EngineSettings,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Where embedders come from: `wire.rs` of the executable implements it, with the decorators in their order.
pub trait Embedders: Send + Sync {
    /// The id a new collection gets.
    fn default_id(&self) -> &str;

    /// An embedder by id.
    ///
    /// # Errors
    /// `unknown_embedder`, `model_not_installed`.
    fn open(&self, id: &str) -> Result<Arc<dyn quarry_models::Embedder>, quarry_models::ModelError>;
}

/// Whether one thing the engine needs is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Health {
    /// `database`, `index`, `embedder` or `queue`.
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// A sentence for the operator.
    pub detail: String,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// What every verb shares.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) index: Arc<dyn Index>,
    pub(crate) embedders: Arc<dyn Embedders>,
    pub(crate) parser: Cage,
    pub(crate) chat: ChatModels,
    pub(crate) tools: Arc<dyn ToolSource>,
    pub(crate) outbound: Outbound,
    /// What the scheduler of sources knows.
    pub(crate) desk: Desk,
    pub(crate) schemas: Schemas,
    pub(crate) live: Live,
    pub(crate) keeper: Keeper,
    /// Held while a decision about a waiting run is taken.
    pub(crate) deciding: tokio::sync::Mutex<()>,
    pub(crate) settings: EngineSettings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) indexer: Indexer,
    pub(crate) recorder: Recorder,
    pub(crate) refusals: Refusals,
    pub(crate) languages: retrieve::Languages,
    /// Compares sentences with questions, whatever embedder the collection has: microseconds a sentence.
    pub(crate) table: StaticTable,
    /// Wakes the workers when there is something to do.
    pub(crate) work: Wake,
    /// The jobs that this process works on.
    pub(crate) in_hand: InHand,
    /// How fast each embedder is asked.
    pub(crate) paces: Paces,
    /// Counts up whenever a document may have moved on; whoever waits for one listens.
    pub(crate) moved: watch::Sender<u64>,
    /// What is known of keys.
    pub(crate) keys: KnownKeys,
    /// What tenants use today.
    pub(crate) spending: Spending,
    pub(crate) closing: CancellationToken,
    pub(crate) tasks: TaskTracker,
    aborts: Mutex<Vec<AbortHandle>>,
    known: RwLock<HashMap<(TenantId, CollectionName), Known>>,
}

/// A collection as it was a moment ago.
#[derive(Clone)]
struct Known {
    collection: Arc<Collection>,
    until: std::time::Instant,
}

/// How long a collection's row is trusted: another process may have renamed or rebuilt it.
const TRUST: Duration = Duration::from_secs(1);

impl Inner {
    /// A collection by name, from memory when it was read within the last second.
    pub(crate) async fn collection(
        &self,
        tenant: TenantId,
        name: &CollectionName,
    ) -> Result<Arc<Collection>, EngineError> {
        let key = (tenant, name.clone());
        let now = std::time::Instant::now();
        if let Some(known) = self.known.read().get(&key).filter(|known| known.until > now) {
            return Ok(Arc::clone(&known.collection));
        }
        let collection = Arc::new(self.store.collections().get(tenant, name).await?);
        let known = Known { collection: Arc::clone(&collection), until: now + TRUST };
        self.known.write().insert(key, known);
        Ok(collection)
    }

    /// Forgets what is known of a collection, after a change.
    pub(crate) fn forget(&self, collection: CollectionId) {
        self.known.write().retain(|_, known| known.collection.id != collection);
    }

    /// The embedder of a collection's vectors, and no other.
    pub(crate) fn embedder_of(&self, collection: &Collection) -> Result<Arc<dyn Embedder>, EngineError> {
        let embedder = self.embedders.open(&collection.embedder).map_err(|error| EngineError::Embedder {
            expected: collection.embedder.clone(),
            problem: error.to_string(),
        })?;
        let dimension = embedder.info().dimension;
        if dimension != collection.dimension as usize {
            return Err(EngineError::Embedder {
                expected: collection.embedder.clone(),
                problem: format!(
                    "the model at hand gives {dimension} numbers a vector, the collection's have {}",
                    collection.dimension
                ),
            });
        }
        Ok(embedder)
    }

    /// Starts a task that shutdown waits for.
    pub(crate) fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut aborts = self.aborts.lock();
        aborts.retain(|task| !task.is_finished());
        aborts.push(self.tasks.spawn(task).abort_handle());
    }

    /// Says that documents may have moved on.
    pub(crate) fn announce(&self) {
        self.moved.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Engine {
    /// Puts the parts together, brings indexes up to date in the background and starts the workers.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn start(parts: Parts) -> Result<Self, EngineError> {
        let Parts { store, index, embedders, parser, chat, tools, outbound, settings, clock } = parts;
        let inner = Arc::new(Inner {
            indexer: Indexer::new(Duration::from_millis(settings.ingest.commit_interval_ms)),
            recorder: Recorder::new(),
            refusals: Refusals::default(),
            languages: retrieve::Languages::default(),
            table: StaticTable::new()?,
            store,
            index,
            embedders,
            parser,
            chat,
            tools,
            outbound,
            desk: Desk::default(),
            schemas: Schemas::default(),
            live: Live::default(),
            keeper: Keeper::new(),
            deciding: tokio::sync::Mutex::const_new(()),
            settings,
            clock,
            work: Wake::default(),
            in_hand: InHand::default(),
            paces: Paces::default(),
            moved: watch::Sender::new(0),
            keys: KnownKeys::default(),
            spending: Spending::default(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            aborts: Mutex::default(),
            known: RwLock::new(HashMap::new()),
        });
        for collection in inner.store.collections().every().await? {
            inner.indexer.touch(collection.scope());
        }
        inner.start(crate::ingest::indexer::run(Arc::clone(&inner)));
        inner.start(crate::history::run(Arc::clone(&inner)));
        inner.start(audit::run(Arc::clone(&inner)));
        inner.start(agent::keep_runs(Arc::clone(&inner)));
        inner.start(reaper::run(Arc::clone(&inner)));
        inner.start(govern::keep_uses(Arc::clone(&inner)));
        if inner.settings.sources.scheduler {
            inner.start(sources::run(Arc::clone(&inner)));
            inner.start(webhooks::run(Arc::clone(&inner)));
        }
        for number in 0..worker::count(&inner.settings.ingest) {
            for lane in [Lane::Small, Lane::Large] {
                inner.start(worker::run(Arc::clone(&inner), lane, number));
            }
        }
        build::go_on(&inner).await?;
        Ok(Self { inner })
    }

    /// Stops taking jobs, finishes or returns those at hand, commits the indexes, flushes the history.
    pub async fn stop(&self, deadline: Duration) {
        self.inner.closing.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(deadline, self.inner.tasks.wait()).await.is_err() {
            crate::events::stopped_late(deadline);
        }
        // Runs that were interrupted said their last word after the keeper had gone.
        if let Err(error) = self.inner.keeper.flush(&self.inner).await {
            crate::events::runs_failed(&error);
        }
        self.inner.store.close().await;
    }

    /// Lets everything fall, as a crash would: nothing is committed, flushed or given back. For tests of recovery.
    #[doc(hidden)]
    pub async fn abandon(self) {
        for task in self.inner.aborts.lock().drain(..) {
            task.abort();
        }
        self.inner.live.abort_all();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        let index = Arc::downgrade(&self.inner.index);
        drop(self);
        // A commit that was under way holds the index a moment longer.
        while index.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The engine of a task that has only what is shared.
    pub(crate) fn of(inner: &Arc<Inner>) -> Self {
        Self { inner: Arc::clone(inner) }
    }

    pub(crate) const fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The verbs on collections.
    #[must_use]
    pub const fn collections(&self) -> Collections<'_> {
        Collections(self)
    }

    /// The verbs on documents.
    #[must_use]
    pub const fn documents(&self) -> Documents<'_> {
        Documents(self)
    }

    /// The verbs on jobs.
    #[must_use]
    pub const fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }

    /// The verbs on sources.
    #[must_use]
    pub const fn sources(&self) -> Sources<'_> {
        Sources(self)
    }

    /// Whether the caller may see the server itself: its metrics.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn may_read_server(&self, access: &Access) -> Result<(), EngineError> {
        must(access, Action::ReadServer)
    }

    /// How credentials become accesses.
    #[must_use]
    pub const fn identity(&self) -> Identity<'_> {
        Identity(self)
    }

    /// The verbs on tenants.
    #[must_use]
    pub const fn tenants(&self) -> Tenants<'_> {
        Tenants(self)
    }

    /// The verbs on keys.
    #[must_use]
    pub const fn keys(&self) -> Keys<'_> {
        Keys(self)
    }

    /// The verbs on webhooks.
    #[must_use]
    pub const fn webhooks(&self) -> Webhooks<'_> {
        Webhooks(self)
    }

    /// The verbs on generations.
    #[must_use]
    pub const fn generations(&self) -> Generations<'_> {
        Generations(self)
    }

    /// The verbs on the history.
    #[must_use]
    pub const fn history(&self) -> History<'_> {
        History(self)
    }

    /// The verbs on the audit log.
    #[must_use]
    pub const fn audit(&self) -> Audit<'_> {
        Audit(self)
    }

    /// The verbs on kept answers.
    #[must_use]
    pub const fn idempotency(&self) -> Idempotency<'_> {
        Idempotency(self)
    }

    /// What the engine was told.
    #[must_use]
    pub fn settings(&self) -> &EngineSettings {
        &self.inner.settings
    }

    /// The verbs on the index.
    #[must_use]
    pub const fn index(&self) -> Maintenance<'_> {
        Maintenance(self)
    }

    /// Finds passages.
    ///
    /// # Errors
    /// `collection_not_found`, `invalid_query`, `invalid_filter`, `embedder_mismatch`.
    pub async fn search(
        &self,
        access: &Access,
        request: SearchRequest,
    ) -> Result<SearchResponse, EngineError> {
        must(access, Action::Search)?;
        retrieve::search(&self.inner, access, request).await
    }

    /// Answers a question.
    ///
    /// # Errors
    /// The same.
    pub async fn answer(&self, access: &Access, request: AnswerRequest) -> Result<Answer, EngineError> {
        must(access, Action::Run)?;
        answer::answer(&self.inner, access, request).await
    }

    /// Runs an agent.
    ///
    /// # Errors
    /// `agent_not_found`, `session_not_found`, `invalid_run`, `collection_outside_agent`, `unknown_chat_model`,
    /// `too_many_runs`.
    pub async fn run(&self, access: &Access, request: RunRequest) -> Result<RunHandle, EngineError> {
        agent::enter(self, access, request).await
    }

    /// Answers a question from one retrieval, with a model where one is configured, as the events of a run.
    ///
    /// # Errors
    /// Those of a search, `unknown_chat_model`, `too_many_runs`.
    pub async fn ask_stream(&self, access: &Access, request: AskRequest) -> Result<RunHandle, EngineError> {
        agent::ask(self, access, request).await
    }

    /// The chat models there are.
    #[must_use]
    pub fn chat(&self) -> &ChatModels {
        &self.inner.chat
    }

    /// The verbs on agents.
    #[must_use]
    pub const fn agents(&self) -> Agents<'_> {
        Agents(self)
    }

    /// The verbs on sessions.
    #[must_use]
    pub const fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// The verbs on what is remembered of a user.
    #[must_use]
    pub const fn facts(&self) -> Facts<'_> {
        Facts(self)
    }

    /// The verbs on runs.
    #[must_use]
    pub const fn runs(&self) -> Runs<'_> {
        Runs(self)
    }

    /// The state of each thing the engine needs.
    pub async fn health(&self) -> Vec<Health> {
        crate::health::check(&self.inner).await
    }
}

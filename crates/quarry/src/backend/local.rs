//! The verbs on a data folder, by an engine in this process.

mod acting;
mod auditing;
mod governing;
mod syncing;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use quarry_core::{
    Access, Actor, Collection, CollectionName, Document, DocumentId, DocumentStatus, JobId, Page,
    PageRequest, QueryId, TenantId,
};
use quarry_engine::{
    Answer, AnswerRequest, Engine, Repair, SearchRequest, SearchResponse, Upload, Verification,
    agent::{ToolSource, tools::Toolbox},
    documents::ChunkView,
    generations::{Change, GenerationView},
    history::HistoryView,
    jobs::{DeadLetters, JobStatus, JobView},
};

use super::{AddedView, CollectionView, Progress};
use crate::{
    config::Config,
    data::{DataFolder, Lock},
    failure::Outcome,
    wire,
};

/// How long work at hand gets when the command ends.
const ENDING: Duration = Duration::from_secs(60);

/// How long the index gets to catch up before documents are shown as they are.
const CATCHING_UP: Duration = Duration::from_secs(2);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(5);

/// An engine on a data folder, with the folder's lock.
pub(crate) struct Local {
    engine: Engine,
    access: Access,
    tools: Arc<Toolbox>,
    _lock: Lock,
    /// Keeps a folder that is only for this command; it is deleted with it.
    _temporary: Option<tempfile::TempDir>,
}

impl Local {
    /// Starts an engine on a folder.
    pub(crate) async fn open(
        config: &Config,
        folder: &DataFolder,
        lock: Lock,
        temporary: Option<tempfile::TempDir>,
    ) -> Outcome<Self> {
        // A command does what it was asked to; what is due is the server's to do.
        let mut config = config.clone();
        config.sources.scheduler = false;
        let wire::Running { engine, tools, .. } = wire::start(&config, folder).await?;
        let access = Access::owner(TenantId::ROOT, Actor::Local);
        Ok(Self { engine, access, tools, _lock: lock, _temporary: temporary })
    }

    /// The engine itself, for what only a local command does.
    pub(crate) const fn engine(&self) -> (&Engine, &Access) {
        (&self.engine, &self.access)
    }

    /// Gives the index, which was opened a moment ago, the time to see how far it is: until then every document looks
    /// as if it were still being indexed.
    async fn caught_up(&self, name: &CollectionName) -> Outcome<()> {
        let until = Instant::now() + CATCHING_UP;
        loop {
            let counts = self.engine.collections().counts(&self.access, name).await?;
            let behind = counts.documents.get(DocumentStatus::Indexing.as_str()).copied().unwrap_or(0);
            if behind == 0 || Instant::now() >= until {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    pub(crate) async fn close(self) {
        self.engine.stop(ENDING).await;
        self.tools.stop().await;
    }

    pub(super) async fn search(&self, request: SearchRequest) -> Outcome<SearchResponse> {
        Ok(self.engine.search(&self.access, request).await?)
    }

    pub(super) async fn answer(&self, request: AnswerRequest) -> Outcome<Answer> {
        Ok(self.engine.answer(&self.access, request).await?)
    }

    pub(super) async fn add(
        &self,
        collection: &CollectionName,
        uploads: &[Upload],
    ) -> Outcome<Vec<AddedView>> {
        let added = self.engine.documents().add(&self.access, collection, uploads.to_vec()).await?;
        Ok(added.into_iter().map(AddedView::from).collect())
    }

    pub(super) async fn settled(&self, ids: &[DocumentId], deadline: Duration) -> Outcome<Vec<Document>> {
        Ok(self.engine.documents().settled(&self.access, ids, deadline).await?)
    }

    pub(super) async fn collections(&self, page: &PageRequest) -> Outcome<Page<Collection>> {
        Ok(self.engine.collections().list(&self.access, page).await?)
    }

    pub(super) async fn collection(&self, name: &CollectionName) -> Outcome<CollectionView> {
        self.caught_up(name).await?;
        let collection = self.engine.collections().get(&self.access, name).await?;
        Ok(CollectionView { collection, counts: self.engine.collections().counts(&self.access, name).await? })
    }

    pub(super) async fn add_collection(
        &self,
        name: &CollectionName,
        description: String,
        change: &Change,
    ) -> Outcome<Collection> {
        Ok(self.engine.collections().add(&self.access, name, description, change.clone()).await?)
    }

    pub(super) async fn remove_collection(&self, name: &CollectionName) -> Outcome<()> {
        Ok(self.engine.collections().remove(&self.access, name).await?)
    }

    pub(super) async fn documents(
        &self,
        collection: &CollectionName,
        status: Option<DocumentStatus>,
        page: &PageRequest,
    ) -> Outcome<Page<Document>> {
        self.caught_up(collection).await?;
        Ok(self.engine.documents().list(&self.access, collection, status, page).await?)
    }

    pub(super) async fn document(&self, id: DocumentId) -> Outcome<Document> {
        let document = self.engine.documents().get(&self.access, id).await?;
        if document.status != DocumentStatus::Indexing {
            return Ok(document);
        }
        let seen = self.engine.documents().settled(&self.access, &[id], CATCHING_UP).await?;
        Ok(seen.into_iter().next().unwrap_or(document))
    }

    pub(super) async fn move_document(&self, id: DocumentId, source: &str) -> Outcome<Document> {
        Ok(self.engine.documents().rename(&self.access, id, source).await?)
    }

    pub(super) async fn remove_document(&self, id: DocumentId) -> Outcome<()> {
        Ok(self.engine.documents().remove(&self.access, id).await?)
    }

    pub(super) async fn text(&self, id: DocumentId) -> Outcome<String> {
        Ok(self.engine.documents().text(&self.access, id).await?)
    }

    pub(super) async fn chunks(&self, id: DocumentId, page: &PageRequest) -> Outcome<Page<ChunkView>> {
        Ok(self.engine.documents().chunks(&self.access, id, page).await?)
    }

    pub(super) async fn original(&self, id: DocumentId) -> Outcome<Bytes> {
        Ok(self.engine.documents().original(&self.access, id).await?.1)
    }

    pub(super) async fn jobs(&self, status: Option<JobStatus>, page: &PageRequest) -> Outcome<Page<JobView>> {
        Ok(self.engine.jobs().list(&self.access, status, page).await?)
    }

    pub(super) async fn job(&self, id: JobId) -> Outcome<JobView> {
        Ok(self.engine.jobs().get(&self.access, id).await?)
    }

    pub(super) async fn retry(&self, id: JobId) -> Outcome<JobView> {
        Ok(self.engine.jobs().retry(&self.access, id).await?)
    }

    pub(super) async fn cancel_job(&self, id: JobId) -> Outcome<JobView> {
        Ok(self.engine.jobs().cancel(&self.access, id).await?)
    }

    pub(super) async fn dead(&self, which: &DeadLetters, page: &PageRequest) -> Outcome<Page<JobView>> {
        Ok(self.engine.jobs().dead(&self.access, which, page).await?)
    }

    pub(super) async fn retry_dead(&self, which: &DeadLetters) -> Outcome<u64> {
        Ok(self.engine.jobs().retry_dead(&self.access, which).await?)
    }

    pub(super) async fn drop_one(&self, id: JobId) -> Outcome<()> {
        Ok(self.engine.jobs().drop_one(&self.access, id).await?)
    }

    pub(super) async fn drop_dead(&self, which: &DeadLetters) -> Outcome<u64> {
        Ok(self.engine.jobs().drop_dead(&self.access, which).await?)
    }

    pub(super) async fn history(
        &self,
        collection: Option<&CollectionName>,
        page: &PageRequest,
    ) -> Outcome<Page<HistoryView>> {
        Ok(self.engine.history().list(&self.access, collection, page).await?)
    }

    pub(super) async fn query(&self, id: QueryId) -> Outcome<HistoryView> {
        Ok(self.engine.history().get(&self.access, id).await?)
    }

    pub(super) async fn erase_query(&self, id: QueryId) -> Outcome<()> {
        Ok(self.engine.history().erase(&self.access, id).await?)
    }

    pub(super) async fn verify(&self, collection: &CollectionName) -> Outcome<Verification> {
        Ok(self.engine.index().verify(&self.access, collection).await?)
    }

    pub(super) async fn repair(&self, collection: &CollectionName) -> Outcome<Repair> {
        Ok(self.engine.index().repair(&self.access, collection).await?)
    }

    pub(super) async fn rebuild(
        &self,
        collection: &CollectionName,
        change: &Change,
        progress: Progress<'_>,
    ) -> Outcome<Collection> {
        Ok(self.engine.index().rebuild(&self.access, collection, change.clone(), progress).await?)
    }

    pub(super) async fn generations(&self, collection: &CollectionName) -> Outcome<Vec<GenerationView>> {
        Ok(self.engine.generations().list(&self.access, collection).await?)
    }

    pub(super) async fn begin_generation(
        &self,
        collection: &CollectionName,
        change: &Change,
    ) -> Outcome<GenerationView> {
        Ok(self.engine.generations().begin(&self.access, collection, change.clone()).await?)
    }

    pub(super) async fn generation(
        &self,
        collection: &CollectionName,
        number: u32,
    ) -> Outcome<GenerationView> {
        Ok(self.engine.generations().get(&self.access, collection, number).await?)
    }

    pub(super) async fn activate_generation(
        &self,
        collection: &CollectionName,
        number: u32,
    ) -> Outcome<GenerationView> {
        Ok(self.engine.generations().activate(&self.access, collection, number).await?)
    }

    pub(super) async fn remove_generation(&self, collection: &CollectionName, number: u32) -> Outcome<()> {
        Ok(self.engine.generations().remove(&self.access, collection, number).await?)
    }
}

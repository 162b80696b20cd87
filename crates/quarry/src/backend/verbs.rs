//! One method a verb; each goes to whichever side there is.

use std::time::Duration;

use bytes::Bytes;
use quarry_core::{
    Collection, CollectionName, Document, DocumentId, DocumentStatus, JobId, Page, PageRequest, QueryId,
};
use quarry_engine::{
    Answer, AnswerRequest, Repair, SearchRequest, SearchResponse, Upload, Verification,
    documents::ChunkView,
    generations::{Change, GenerationView},
    history::HistoryView,
    jobs::{DeadLetters, JobStatus, JobView},
};

use super::{AddedView, CollectionView, Local, Remote};
use crate::failure::Outcome;

/// Is told how much is done and how much there is.
pub(crate) type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// Where the verbs are carried out.
pub(crate) enum Backend {
    /// In this process, on a data folder whose lock it has.
    Local(Box<Local>),
    /// In a server.
    Remote(Remote),
}

/// Makes each verb a method of [`Backend`] that goes to whichever side there is.
macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)+) => {
        impl Backend {
            $($(#[$doc])*
            pub(crate) async fn $name(&self, $($argument: $kind),*) -> Outcome<$result> {
                match self {
                    Self::Local(local) => local.$name($($argument),*).await,
                    Self::Remote(remote) => remote.$name($($argument),*).await,
                }
            })+
        }
    };
}

pub(super) use verbs;

verbs! {
    /// Finds passages.
    search(request: SearchRequest) -> SearchResponse;
    /// Answers a question.
    answer(request: AnswerRequest) -> Answer;
    /// Adds documents; they are durable when this returns.
    add(collection: &CollectionName, uploads: &[Upload]) -> Vec<AddedView>;
    /// Waits until documents are ready or failed, or until the deadline; gives their state then.
    settled(ids: &[DocumentId], deadline: Duration) -> Vec<Document>;
    /// Lists collections.
    collections(page: &PageRequest) -> Page<Collection>;
    /// A collection and how full it is.
    collection(name: &CollectionName) -> CollectionView;
    /// Makes a collection.
    add_collection(name: &CollectionName, description: String, change: &Change) -> Collection;
    /// Erases a collection.
    remove_collection(name: &CollectionName) -> ();
    /// Lists documents.
    documents(collection: &CollectionName, status: Option<DocumentStatus>, page: &PageRequest) -> Page<Document>;
    /// A document.
    document(id: DocumentId) -> Document;
    /// Gives a document another source.
    move_document(id: DocumentId, source: &str) -> Document;
    /// Erases a document.
    remove_document(id: DocumentId) -> ();
    /// A document's parsed text.
    text(id: DocumentId) -> String;
    /// A document's chunks.
    chunks(id: DocumentId, page: &PageRequest) -> Page<ChunkView>;
    /// A document's original bytes.
    original(id: DocumentId) -> Bytes;
    /// Lists jobs.
    jobs(status: Option<JobStatus>, page: &PageRequest) -> Page<JobView>;
    /// A job.
    job(id: JobId) -> JobView;
    /// Queues a dead job again.
    retry(id: JobId) -> JobView;
    /// Ends a job that waits or runs.
    cancel_job(id: JobId) -> JobView;
    /// Lists dead letters.
    dead(which: &DeadLetters, page: &PageRequest) -> Page<JobView>;
    /// Queues dead letters again.
    retry_dead(which: &DeadLetters) -> u64;
    /// Forgets a dead letter.
    drop_one(id: JobId) -> ();
    /// Forgets dead letters.
    drop_dead(which: &DeadLetters) -> u64;
    /// Lists questions.
    history(collection: Option<&CollectionName>, page: &PageRequest) -> Page<HistoryView>;
    /// A question.
    query(id: QueryId) -> HistoryView;
    /// Erases a question.
    erase_query(id: QueryId) -> ();
    /// Compares index and database.
    verify(collection: &CollectionName) -> Verification;
    /// Mends the index.
    repair(collection: &CollectionName) -> Repair;
    /// Builds the index anew.
    rebuild(collection: &CollectionName, change: &Change, progress: Progress<'_>) -> Collection;
    /// Lists the generations of a collection.
    generations(collection: &CollectionName) -> Vec<GenerationView>;
    /// Begins the next generation of a collection.
    begin_generation(collection: &CollectionName, change: &Change) -> GenerationView;
    /// A generation.
    generation(collection: &CollectionName, number: u32) -> GenerationView;
    /// Swaps back to a generation.
    activate_generation(collection: &CollectionName, number: u32) -> GenerationView;
    /// Drops a generation.
    remove_generation(collection: &CollectionName, number: u32) -> ();
}

impl Backend {
    /// Finishes work at hand. A server goes on by itself.
    pub(crate) async fn close(self) {
        if let Self::Local(local) = self {
            local.close().await;
        }
    }

    /// Whether documents travel over a network.
    pub(crate) const fn is_remote(&self) -> bool {
        matches!(self, Self::Remote(_))
    }
}

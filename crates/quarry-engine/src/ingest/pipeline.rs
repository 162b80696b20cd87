//! One group of documents of one collection: bytes, text, chunks, terms, vectors.

use std::{collections::HashMap, sync::Arc, time::Instant};

use futures::StreamExt;
use quarry_core::Collection;
use quarry_models::Embedder;
use quarry_store::{JobStage, NewChunk, Publication};

use super::{
    Held,
    cut::{self, Cut},
    embed::{Embedding, Vectors},
    read::{self, Read},
};
use crate::{engine::Inner, error::EngineError, events};

/// Bytes of originals that one group may hold in memory.
const GROUP_BYTES: u64 = 16 * 1024 * 1024;

/// What became of a document.
pub(super) type Outcome = (Held, Result<Publication, EngineError>);

/// The next jobs that fit in memory together; at least one while there is one.
pub(super) fn group(jobs: &mut std::vec::IntoIter<Held>) -> Vec<Held> {
    let mut bytes = 0;
    let mut group = Vec::new();
    while let Some(next) = jobs.as_slice().first() {
        bytes += next.job.bytes;
        if !group.is_empty() && bytes > GROUP_BYTES {
            break;
        }
        group.extend(jobs.next());
    }
    group
}

/// Reads a group of any collections' documents.
pub(super) async fn run(inner: &Arc<Inner>, held: Vec<Held>, worker: &str) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(held.len());
    let mut by_collection: HashMap<_, Vec<Held>> = HashMap::new();
    for held in held {
        by_collection.entry((held.job.tenant, held.job.collection)).or_default().push(held);
    }
    for ((tenant, id), held) in by_collection {
        let opened = match inner.store.collections().get_by_id(tenant, id).await {
            Ok(collection) => inner.embedder_of(&collection).map(|embedder| (collection, embedder)),
            Err(error) => Err(error.into()),
        };
        match opened {
            Ok((collection, embedder)) => {
                let work = Work { inner, collection: &collection, embedder: &embedder, worker };
                outcomes.extend(work.run(held).await);
            }
            Err(error) => outcomes.extend(held.into_iter().map(|held| (held, Err(error.again())))),
        }
    }
    outcomes
}

/// A group of one collection.
pub(super) struct Work<'a> {
    pub(super) inner: &'a Arc<Inner>,
    pub(super) collection: &'a Collection,
    pub(super) embedder: &'a Arc<dyn Embedder>,
    pub(super) worker: &'a str,
}

impl Work<'_> {
    pub(super) async fn run(&self, held: Vec<Held>) -> Vec<Outcome> {
        let read = self.read(held).await;
        let mut cut = self.cut(read).await;
        let embedding = Embedding {
            inner: self.inner,
            collection: self.collection,
            embedder: self.embedder,
            worker: self.worker,
        };
        let started = Instant::now();
        let vectors = embedding.run(&mut cut).await;
        events::stage("embed", started.elapsed());
        cut.into_iter()
            .map(|(held, outcome)| {
                let outcome = outcome.map(|document| {
                    held.progress.enter(JobStage::Embedded, 0);
                    self.publication(&held, document, &vectors)
                });
                (held, outcome)
            })
            .collect()
    }

    /// Parses as many documents at a time as there are processes for it.
    async fn read(&self, held: Vec<Held>) -> Vec<(Held, Result<Read, EngineError>)> {
        let (inner, worker) = (self.inner, self.worker);
        let one = async |held: Held| {
            let outcome = read::read(inner, &held, worker).await;
            (held, outcome)
        };
        let most = inner.parser.settings().count().max(1);
        futures::stream::iter(held).map(one).buffered(most).collect().await
    }

    /// Cuts all documents. CPU work: it leaves the async runtime. A panic costs one document.
    async fn cut(
        &self,
        read: Vec<(Held, Result<Read, EngineError>)>,
    ) -> Vec<(Held, Result<Cut, EngineError>)> {
        let sizes = cut::sizes(&self.inner.settings.ingest, self.collection, self.embedder.as_ref());
        let limits = self.inner.parser.settings().limits(self.inner.settings.ingest.max_document_bytes);
        let counter = Arc::clone(self.embedder);
        let started = Instant::now();
        let (held, read): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        let jobs: Vec<_> = held.iter().map(|held| held.job.clone()).collect();
        let work = tokio::task::spawn_blocking(move || {
            let one = |(job, read): (&quarry_store::Job, Result<Read, EngineError>)| {
                let parsed = match read? {
                    Read::Parsed(parsed) => *parsed,
                    Read::Plain(document) => document.parse_here(&limits)?,
                };
                Ok(cut::cut(job, parsed, &sizes, &*counter))
            };
            jobs.iter().zip(read).map(one).collect::<Vec<_>>()
        });
        let cut = work.await.unwrap_or_else(|error| {
            events::task_died("cut", &error.to_string());
            held.iter()
                .map(|_| Err(EngineError::Task("cutting it into passages failed".to_owned())))
                .collect()
        });
        events::stage("chunk", started.elapsed());
        for (held, outcome) in held.iter().zip(&cut) {
            if let Ok(document) = outcome {
                held.progress.enter(JobStage::Chunked, document.chunks.len());
            }
        }
        held.into_iter().zip(cut).collect()
    }

    fn publication(&self, held: &Held, document: Cut, vectors: &Vectors) -> Publication {
        let job = &held.job;
        let chunks = document
            .chunks
            .into_iter()
            .map(|chunk| NewChunk {
                text: chunk.draft.text,
                headings: chunk.draft.headings,
                page: chunk.draft.page,
                span: chunk.draft.span,
                window: chunk.draft.window,
                kind: chunk.draft.kind,
                terms: chunk.terms.to_bytes(),
                vector: vectors.get(&chunk.hash).cloned().flatten(),
                content_hash: chunk.hash,
            })
            .collect();
        Publication {
            tenant: job.tenant,
            collection: job.collection,
            document: job.document,
            version: job.version,
            job: Some(job.id),
            title: document.title,
            media_type: document.media_type,
            language: Some(document.language),
            pages: document.pages,
            text: document.text,
            model: (self.collection.embedder.clone(), self.collection.dimension),
            chunks,
            chunk_set: self.collection.chunk_set,
        }
    }
}

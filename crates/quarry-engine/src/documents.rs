//! Documents: added, listed, changed, removed.

mod check;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use quarry_core::{
    Access, Action, ChunkKind, ChunkRef, CollectionName, Document, DocumentId, DocumentStatus, JobId,
    Metadata, Page, PageRequest, Span,
};
use quarry_core::{Collection, ErrorKind, Fault};
use quarry_store::{NewDocument, NewPlace, StoreError};
use serde::{Deserialize, Serialize};

use crate::{
    engine::Engine,
    error::EngineError,
    generations::Change,
    govern::{must, must_see},
    ingest::progress,
};

/// A document to add.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Where it comes from; adding the same source again makes a new version. Made from the content's hash when
    /// empty.
    pub source: String,
    /// Its title; taken from the text when absent.
    pub title: Option<String>,
    /// A file name, whose extension is a hint for detection.
    pub name: String,
    /// What the caller says it is; detection by content decides.
    pub media_type: Option<String>,
    /// What filters can ask about.
    pub metadata: Metadata,
    /// What opens it, where it is encrypted.
    pub password: Option<String>,
    /// How urgent it is: 0 is served first, 9 last; 5 when not said.
    pub priority: Option<u32>,
    /// The original bytes.
    pub bytes: bytes::Bytes,
}

/// What adding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddOutcome {
    /// A new document.
    Created,
    /// A new version of a known source.
    NewVersion,
    /// The same bytes, title and metadata as before: nothing to do.
    Unchanged,
}

/// A document that was added, durably.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Added {
    /// The document as it now is.
    pub document: Document,
    /// The job that makes it searchable; absent when unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// What adding did.
    pub outcome: AddOutcome,
}

/// A chunk as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChunkView {
    /// Its id.
    pub id: ChunkRef,
    /// The text.
    pub text: String,
    /// Headings above it.
    pub headings: Vec<String>,
    /// Page it starts on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Where it stands in the parsed text.
    pub span: Span,
    /// What it mostly is.
    pub kind: ChunkKind,
}

/// The verbs on documents.
#[derive(Clone, Copy)]
pub struct Documents<'a>(pub(crate) &'a Engine);

impl Documents<'_> {
    /// Most documents in one call.
    pub const MAX_BATCH: usize = 1_000;

    /// Stores documents and queues their ingestion, in one transaction: when this returns they are durable. The
    /// collection is made when it is the default one and not there yet.
    ///
    /// # Errors
    /// `collection_not_found`, `empty_document`, `invalid_metadata`, `too_many_documents`, storage errors.
    pub async fn add(
        &self,
        access: &Access,
        collection: &CollectionName,
        uploads: Vec<Upload>,
    ) -> Result<Vec<Added>, EngineError> {
        let inner = self.0.inner();
        check::uploads(&uploads, inner.settings.ingest.max_document_bytes)?;
        let collection = self.target(access, collection).await?;
        let mut fresh = Vec::with_capacity(uploads.len());
        for upload in uploads {
            let content_hash = inner.store.blobs().put(upload.bytes.clone()).await?;
            let source =
                if upload.source.is_empty() { format!("sha256:{content_hash}") } else { upload.source };
            fresh.push(NewDocument {
                collection: collection.id,
                source,
                title: upload.title,
                name: upload.name,
                media_type: upload.media_type,
                metadata: upload.metadata,
                content_hash,
                bytes: upload.bytes.len() as u64,
                password: upload.password,
                priority: upload.priority,
                max_attempts: Some(inner.settings.ingest.max_attempts),
            });
        }
        let added = inner.store.documents().add(access.tenant(), fresh, access.by()).await?;
        inner.work.wake(added.iter().map(|added| added.document.bytes));
        Ok(added.into_iter().map(Added::from).collect())
    }

    /// A document.
    ///
    /// # Errors
    /// `document_not_found`.
    pub async fn get(&self, access: &Access, id: DocumentId) -> Result<Document, EngineError> {
        let document = self.permitted(access, Action::ReadDocuments, id).await?;
        let mut document = self.seen(access, document).await?;
        progress::attach(self.0.inner(), access, std::slice::from_mut(&mut document)).await?;
        Ok(document)
    }

    /// A page of a collection's documents, newest first.
    ///
    /// # Errors
    /// `collection_not_found`, `invalid_cursor`.
    pub async fn list(
        &self,
        access: &Access,
        collection: &CollectionName,
        status: Option<DocumentStatus>,
        page: &PageRequest,
    ) -> Result<Page<Document>, EngineError> {
        let inner = self.0.inner();
        let collection = inner.permitted(access, Action::ReadDocuments, collection).await?;
        let applied = inner.indexer.applied(&collection.scope());
        let stored = status.map(|status| match status {
            // A document that this server's index has not reached is `ready` in the database.
            DocumentStatus::Indexing => DocumentStatus::Ready,
            other => other,
        });
        let listed = inner.store.documents().list(access.tenant(), collection.id, stored, page).await?;
        let mut page = listed.map(|document| as_seen(document, applied));
        if let Some(status) = status {
            page.items.retain(|document| document.status == status);
        }
        progress::attach(inner, access, &mut page.items).await?;
        Ok(page)
    }

    /// Changes title or metadata.
    ///
    /// # Errors
    /// `document_not_found`, `invalid_metadata`.
    pub async fn update(
        &self,
        access: &Access,
        id: DocumentId,
        title: Option<String>,
        metadata: Option<Metadata>,
    ) -> Result<Document, EngineError> {
        if let Some(metadata) = &metadata {
            check::fields(metadata)?;
        }
        let inner = self.0.inner();
        self.permitted(access, Action::WriteDocuments, id).await?;
        let document = inner
            .store
            .documents()
            .update_metadata(access.tenant(), id, title, metadata, access.by())
            .await?;
        let collection = inner.store.collections().get_by_id(access.tenant(), document.collection).await?;
        inner.indexer.touch(collection.scope());
        self.seen(access, document).await
    }

    /// Gives a document another source: what it came from was renamed. Its last part becomes the file's name, and the title
    /// where that was only the file's name.
    ///
    /// # Errors
    /// `document_not_found`, `invalid_document`, `source_taken`.
    pub async fn rename(
        &self,
        access: &Access,
        id: DocumentId,
        source: &str,
    ) -> Result<Document, EngineError> {
        if source.is_empty() || source.len() > check::MAX_SOURCE {
            let problem = format!("a source is 1 to {} bytes long", check::MAX_SOURCE);
            return Err(EngineError::invalid("invalid_document", "/source", problem));
        }
        let inner = self.0.inner();
        let name = source.rsplit('/').find(|part| !part.is_empty()).unwrap_or(source).to_owned();
        let place = NewPlace { source: source.to_owned(), name };
        self.permitted(access, Action::WriteDocuments, id).await?;
        let document = inner.store.documents().rename(access.tenant(), id, &place, access.by()).await?;
        let collection = inner.store.collections().get_by_id(access.tenant(), document.collection).await?;
        inner.indexer.touch(collection.scope());
        self.seen(access, document).await
    }

    /// Erases a document, its versions, chunks and bytes. It cannot be found from the moment this returns.
    ///
    /// # Errors
    /// `document_not_found`.
    pub async fn remove(&self, access: &Access, id: DocumentId) -> Result<(), EngineError> {
        let inner = self.0.inner();
        let document = self.permitted(access, Action::WriteDocuments, id).await?;
        if !document.status.is_final() {
            for job in inner.store.jobs().of_documents(access.tenant(), &[id]).await? {
                inner.in_hand.drop(job.id);
            }
        }
        inner.store.documents().remove(access.tenant(), id, access.by()).await?;
        let collection = inner.store.collections().get_by_id(access.tenant(), document.collection).await?;
        inner.indexer.touch(collection.scope());
        inner.announce();
        Ok(())
    }

    /// The parsed text of the searchable version, to which spans refer.
    ///
    /// # Errors
    /// `document_not_found`, `document_not_ready`.
    pub async fn text(&self, access: &Access, id: DocumentId) -> Result<String, EngineError> {
        let inner = self.0.inner();
        let document = self.permitted(access, Action::ReadDocuments, id).await?;
        let version = inner.store.documents().published_version(access.tenant(), id).await?;
        let text = inner.store.documents().text(access.tenant(), id, version).await?;
        text.ok_or(EngineError::NotReady(document.status.as_str()))
    }

    /// The original bytes of the newest version.
    ///
    /// # Errors
    /// `document_not_found`.
    pub async fn original(
        &self,
        access: &Access,
        id: DocumentId,
    ) -> Result<(Document, bytes::Bytes), EngineError> {
        let inner = self.0.inner();
        let document = self.get(access, id).await?;
        let bytes = inner.store.blobs().get(&document.content_hash).await?;
        Ok((document, bytes))
    }

    /// A page of its chunks, in the text's order.
    ///
    /// # Errors
    /// `document_not_found`, `invalid_cursor`.
    pub async fn chunks(
        &self,
        access: &Access,
        id: DocumentId,
        page: &PageRequest,
    ) -> Result<Page<ChunkView>, EngineError> {
        let store = &self.0.inner().store;
        // A document that is not there would look like one without chunks.
        self.permitted(access, Action::ReadDocuments, id).await?;
        let listed = store.chunks().list(access.tenant(), id, page).await?;
        Ok(listed.map(|row| ChunkView {
            id: row.reference,
            text: row.text,
            headings: row.headings,
            page: row.page,
            span: row.span,
            kind: row.kind,
        }))
    }

    /// Waits until none of the documents is on its way any more, or until the deadline; gives their state then.
    ///
    /// # Errors
    /// Storage errors. A document that was removed meanwhile is left out.
    pub async fn settled(
        &self,
        access: &Access,
        ids: &[DocumentId],
        deadline: Duration,
    ) -> Result<Vec<Document>, EngineError> {
        let until = tokio::time::Instant::now() + deadline;
        let mut moved = self.0.inner().moved.subscribe();
        let mut settled: HashMap<DocumentId, Document> = HashMap::with_capacity(ids.len());
        let mut gone = HashSet::new();
        loop {
            moved.borrow_and_update();
            let mut waiting = false;
            for id in ids {
                if gone.contains(id) || settled.get(id).is_some_and(|document| document.status.is_final()) {
                    continue;
                }
                match self.get(access, *id).await {
                    Ok(document) => {
                        waiting |= !document.status.is_final();
                        settled.insert(*id, document);
                    }
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        gone.insert(*id);
                        settled.remove(id);
                    }
                    Err(error) => return Err(error),
                }
                if waiting {
                    // The others are probably not further; asking for each would cost more than it tells.
                    break;
                }
            }
            if !waiting {
                break;
            }
            let pause = tokio::time::Instant::now() + POLL;
            tokio::select! {
                _ = moved.changed() => {}
                () = tokio::time::sleep_until(pause.min(until)) => {}
            }
            if tokio::time::Instant::now() >= until {
                break;
            }
        }
        for id in ids {
            if !settled.contains_key(id) && !gone.contains(id) {
                settled.insert(*id, self.get(access, *id).await?);
            }
        }
        Ok(ids.iter().filter_map(|id| settled.remove(id)).collect())
    }

    /// The collection to add to; the default one is made when it is first used.
    pub(crate) async fn target(
        &self,
        access: &Access,
        name: &CollectionName,
    ) -> Result<Arc<Collection>, EngineError> {
        let inner = self.0.inner();
        match inner.permitted(access, Action::WriteDocuments, name).await {
            Err(error) if error.kind() == ErrorKind::NotFound && *name == CollectionName::fallback() => {
                // Whoever is confined to some collections finds no other made for them.
                if access.reach().is_some() {
                    return Err(error);
                }
                must(access, Action::WriteDocuments)?;
                let made = self.0.collections().make(access, name, String::new(), Change::default()).await;
                if let Err(error) = made
                    && error.kind() != ErrorKind::Conflict
                {
                    return Err(error);
                }
                inner.permitted(access, Action::WriteDocuments, name).await
            }
            other => other,
        }
    }

    /// A document, when this may be done with it. One that the caller does not see is not there.
    pub(crate) async fn permitted(
        &self,
        access: &Access,
        action: Action,
        id: DocumentId,
    ) -> Result<Document, EngineError> {
        let document = self.0.inner().store.documents().get(access.tenant(), id).await?;
        must_see(access, action, document.collection, || StoreError::DocumentNotFound(id.to_string()))?;
        Ok(document)
    }

    async fn seen(&self, access: &Access, document: Document) -> Result<Document, EngineError> {
        let inner = self.0.inner();
        let collection = inner.store.collections().get_by_id(access.tenant(), document.collection).await?;
        Ok(as_seen(document, inner.indexer.applied(&collection.scope())))
    }
}

/// How often a waiting caller looks without being woken: another process may have done the work.
const POLL: Duration = Duration::from_millis(500);

/// A document is `ready` for a caller only when this server's index has applied the change that published it.
fn as_seen(mut document: Document, applied: u64) -> Document {
    if document.status == DocumentStatus::Ready && document.sequence > applied {
        document.status = DocumentStatus::Indexing;
    }
    document
}

impl From<quarry_store::Added> for Added {
    fn from(added: quarry_store::Added) -> Self {
        let outcome = match added.outcome {
            quarry_store::Outcome::Created => AddOutcome::Created,
            quarry_store::Outcome::NewVersion => AddOutcome::NewVersion,
            quarry_store::Outcome::Unchanged => AddOutcome::Unchanged,
        };
        Self { document: added.document, job_id: added.job, outcome }
    }
}

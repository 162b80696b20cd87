//! The verbs through a server's REST API.

mod acting;
mod auditing;
mod governing;
mod syncing;

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
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
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AddedView, CollectionView, EXTRACTIVE, Progress, http::Http};
use crate::failure::{Exit, Outcome};

/// How often a waiting command looks.
const LOOK: Duration = Duration::from_millis(50);

/// A server that carries out the verbs.
pub(crate) struct Remote(Http);

#[derive(Deserialize)]
struct Stored {
    documents: Vec<AddedView>,
}

impl Remote {
    pub(crate) fn new(url: &str, key: &str) -> Outcome<Self> {
        Http::new(url, key).map(Self)
    }

    pub(super) async fn search(&self, request: SearchRequest) -> Outcome<SearchResponse> {
        self.0.post("/v1/search", &switches("query", &request)).await
    }

    pub(super) async fn answer(&self, request: AnswerRequest) -> Outcome<Answer> {
        let mut body = switches("question", &request.search);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("sentences".to_owned(), request.sentences.into());
            // The quotes themselves, also of a server with a model.
            fields.insert("model".to_owned(), EXTRACTIVE.into());
        }
        self.0.post("/v1/query", &body).await
    }

    pub(super) async fn add(
        &self,
        collection: &CollectionName,
        uploads: &[Upload],
    ) -> Outcome<Vec<AddedView>> {
        let documents: Vec<Value> = uploads.iter().map(document).collect();
        let body = json!({"collection": collection, "documents": documents});
        let stored: Stored = self.0.post("/v1/documents", &body).await?;
        Ok(stored.documents)
    }

    pub(super) async fn settled(&self, ids: &[DocumentId], deadline: Duration) -> Outcome<Vec<Document>> {
        let until = Instant::now() + deadline;
        let mut documents = Vec::with_capacity(ids.len());
        for id in ids {
            let seen = loop {
                match self.document(*id).await {
                    Ok(document) if document.status.is_final() || Instant::now() >= until => {
                        break Some(document);
                    }
                    Ok(_) => tokio::time::sleep(LOOK).await,
                    // It was removed meanwhile.
                    Err(failure) if failure.exit == Exit::NotFound => break None,
                    Err(failure) => return Err(failure),
                }
            };
            documents.extend(seen);
        }
        Ok(documents)
    }

    pub(super) async fn collections(&self, page: &PageRequest) -> Outcome<Page<Collection>> {
        self.0.get("/v1/collections", &paged(page)).await
    }

    pub(super) async fn collection(&self, name: &CollectionName) -> Outcome<CollectionView> {
        self.0.get(&format!("/v1/collections/{name}"), &[]).await
    }

    pub(super) async fn add_collection(
        &self,
        name: &CollectionName,
        description: String,
        change: &Change,
    ) -> Outcome<Collection> {
        let Change { embedder, chunking } = change;
        let body =
            json!({"name": name, "description": description, "embedder": embedder, "chunking": chunking});
        self.0.post("/v1/collections", &body).await
    }

    pub(super) async fn remove_collection(&self, name: &CollectionName) -> Outcome<()> {
        self.0.delete(&format!("/v1/collections/{name}")).await
    }

    pub(super) async fn documents(
        &self,
        collection: &CollectionName,
        status: Option<DocumentStatus>,
        page: &PageRequest,
    ) -> Outcome<Page<Document>> {
        let mut query = paged(page);
        query.push(("collection", collection.to_string()));
        query.extend(status.map(|status| ("status", status.as_str().to_owned())));
        self.0.get("/v1/documents", &query).await
    }

    pub(super) async fn document(&self, id: DocumentId) -> Outcome<Document> {
        self.0.get(&format!("/v1/documents/{id}"), &[]).await
    }

    pub(super) async fn move_document(&self, id: DocumentId, source: &str) -> Outcome<Document> {
        self.0.patch(&format!("/v1/documents/{id}"), &json!({"source": source})).await
    }

    pub(super) async fn remove_document(&self, id: DocumentId) -> Outcome<()> {
        self.0.delete(&format!("/v1/documents/{id}")).await
    }

    pub(super) async fn text(&self, id: DocumentId) -> Outcome<String> {
        let bytes = self.0.bytes(&format!("/v1/documents/{id}/text")).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) async fn chunks(&self, id: DocumentId, page: &PageRequest) -> Outcome<Page<ChunkView>> {
        self.0.get(&format!("/v1/documents/{id}/chunks"), &paged(page)).await
    }

    pub(super) async fn original(&self, id: DocumentId) -> Outcome<Bytes> {
        self.0.bytes(&format!("/v1/documents/{id}/original")).await
    }

    pub(super) async fn jobs(&self, status: Option<JobStatus>, page: &PageRequest) -> Outcome<Page<JobView>> {
        let mut query = paged(page);
        query.extend(status.map(|status| ("status", status.as_str().to_owned())));
        self.0.get("/v1/jobs", &query).await
    }

    pub(super) async fn job(&self, id: JobId) -> Outcome<JobView> {
        self.0.get(&format!("/v1/jobs/{id}"), &[]).await
    }

    pub(super) async fn retry(&self, id: JobId) -> Outcome<JobView> {
        self.0.post(&format!("/v1/jobs/{id}/retry"), &json!({})).await
    }

    pub(super) async fn cancel_job(&self, id: JobId) -> Outcome<JobView> {
        self.0.post(&format!("/v1/jobs/{id}/cancel"), &json!({})).await
    }

    pub(super) async fn dead(&self, which: &DeadLetters, page: &PageRequest) -> Outcome<Page<JobView>> {
        let mut query = paged(page);
        query.extend(which.collection.as_ref().map(|name| ("collection", name.to_string())));
        query.extend(which.code.clone().map(|code| ("code", code)));
        query.extend(which.stage.map(|stage| ("stage", stage.as_str().to_owned())));
        self.0.get("/v1/jobs/dead", &query).await
    }

    pub(super) async fn retry_dead(&self, which: &DeadLetters) -> Outcome<u64> {
        let count: DeadCount = self.0.post("/v1/jobs/dead/retry", &letters(which)).await?;
        Ok(count.jobs)
    }

    pub(super) async fn drop_one(&self, id: JobId) -> Outcome<()> {
        self.0.delete(&format!("/v1/jobs/{id}")).await
    }

    pub(super) async fn drop_dead(&self, which: &DeadLetters) -> Outcome<u64> {
        let count: DeadCount = self.0.post("/v1/jobs/dead/drop", &letters(which)).await?;
        Ok(count.jobs)
    }

    pub(super) async fn history(
        &self,
        collection: Option<&CollectionName>,
        page: &PageRequest,
    ) -> Outcome<Page<HistoryView>> {
        let mut query = paged(page);
        query.extend(collection.map(|name| ("collection", name.to_string())));
        self.0.get("/v1/history", &query).await
    }

    pub(super) async fn query(&self, id: QueryId) -> Outcome<HistoryView> {
        self.0.get(&format!("/v1/history/{id}"), &[]).await
    }

    pub(super) async fn erase_query(&self, id: QueryId) -> Outcome<()> {
        self.0.delete(&format!("/v1/history/{id}")).await
    }

    pub(super) async fn verify(&self, collection: &CollectionName) -> Outcome<Verification> {
        self.0.get(&format!("/v1/collections/{collection}/index"), &[]).await
    }

    pub(super) async fn repair(&self, collection: &CollectionName) -> Outcome<Repair> {
        self.0.post(&format!("/v1/collections/{collection}/index/repair"), &json!({})).await
    }

    pub(super) async fn rebuild(
        &self,
        collection: &CollectionName,
        change: &Change,
        _: Progress<'_>,
    ) -> Outcome<Collection> {
        self.0.post(&format!("/v1/collections/{collection}/index/rebuild"), &changed(change)).await
    }

    pub(super) async fn generations(&self, collection: &CollectionName) -> Outcome<Vec<GenerationView>> {
        let all: All<GenerationView> =
            self.0.get(&format!("/v1/collections/{collection}/generations"), &[]).await?;
        Ok(all.items)
    }

    pub(super) async fn begin_generation(
        &self,
        collection: &CollectionName,
        change: &Change,
    ) -> Outcome<GenerationView> {
        self.0.post(&format!("/v1/collections/{collection}/generations"), &changed(change)).await
    }

    pub(super) async fn generation(
        &self,
        collection: &CollectionName,
        number: u32,
    ) -> Outcome<GenerationView> {
        self.0.get(&format!("/v1/collections/{collection}/generations/{number}"), &[]).await
    }

    pub(super) async fn activate_generation(
        &self,
        collection: &CollectionName,
        number: u32,
    ) -> Outcome<GenerationView> {
        let path = format!("/v1/collections/{collection}/generations/{number}/activate");
        self.0.post(&path, &json!({})).await
    }

    pub(super) async fn remove_generation(&self, collection: &CollectionName, number: u32) -> Outcome<()> {
        self.0.delete(&format!("/v1/collections/{collection}/generations/{number}")).await
    }
}

/// A list that is short enough to come whole.
#[derive(serde::Deserialize)]
struct All<T> {
    items: Vec<T>,
}

fn changed(change: &Change) -> Value {
    json!({"embedder": change.embedder, "chunking": change.chunking})
}

/// What the server says of many jobs.
#[derive(serde::Deserialize)]
struct DeadCount {
    jobs: u64,
}

fn letters(which: &DeadLetters) -> Value {
    json!({"collection": which.collection, "code": which.code, "stage": which.stage})
}

fn paged(page: &PageRequest) -> Vec<(&'static str, String)> {
    let mut query = vec![("limit", page.limit.to_string())];
    query.extend(page.after.as_ref().map(|cursor| ("cursor", cursor.0.clone())));
    query
}

fn switches(name: &str, request: &SearchRequest) -> Value {
    let mut body = json!({
        "collection": request.collection,
        "k": request.k,
        "mode": request.mode,
        "ranker": request.ranker,
        "weights": request.weights,
        "filter": request.filter,
        "widen": request.widen,
        "diversity": request.diversity,
        "explain": request.explain,
        "depth": request.depth,
        "record": request.record,
    });
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), request.query.clone().into());
    }
    body
}

/// A document as the API takes it. Text travels as text, which is a quarter shorter.
fn document(upload: &Upload) -> Value {
    let mut body = json!({
        "source": upload.source,
        "title": upload.title,
        "media_type": upload.media_type,
        "metadata": upload.metadata,
    });
    let (field, content) = match std::str::from_utf8(&upload.bytes) {
        Ok(text) => ("text", text.to_owned()),
        Err(_) => ("content_base64", STANDARD.encode(&upload.bytes)),
    };
    if let Some(fields) = body.as_object_mut() {
        fields.insert(field.to_owned(), content.into());
        if !upload.name.is_empty() {
            fields.insert("name".to_owned(), upload.name.clone().into());
        }
        if let Some(password) = &upload.password {
            fields.insert("password".to_owned(), password.clone().into());
        }
        if let Some(priority) = upload.priority {
            fields.insert("priority".to_owned(), priority.into());
        }
    }
    body
}

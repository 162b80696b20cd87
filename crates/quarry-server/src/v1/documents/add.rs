//! `POST /v1/documents`: JSON or a form, one document or many, waiting or not.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use quarry_core::{Access, Document, DocumentId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::incoming::{self, Incoming};
use crate::{
    auth::Caller,
    extract::Parameters,
    middleware::{Fingerprint, Kept, Repeatable},
    problem::Problem,
    reply,
    state::AppState,
    wire::{AddDocuments, Added, AddedDocument, UploadForm},
};

/// Longest wait for documents to become searchable.
pub(crate) const MAX_WAIT_SECONDS: u64 = 120;

/// How to add.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// Seconds to wait until the documents are searchable or have failed, 0 to 120; 0 when not said.
    #[param(maximum = 120)]
    wait: Option<u64>,
}

/// Adds documents.
///
/// They are durable when this returns, and searchable when their status is `ready`.
#[utoipa::path(post, path = "/v1/documents", tag = "documents",
    params(How, ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body(content(
        (AddDocuments = "application/json"),
        (UploadForm = "multipart/form-data"),
    )),
    responses(
        (status = 202, description = "They are stored and will be indexed", body = Added,
            headers(("Location" = String, description = "Where the document is, when it is one"))),
        (status = 200, description = "The wait was long enough: each is `ready` or `failed`", body = Added),
    ),
)]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(how): Parameters<How>,
    request: Request,
) -> Result<Response, Problem> {
    let wait = how.wait.unwrap_or(0);
    if wait > MAX_WAIT_SECONDS {
        let detail = format!("`wait` is 0 to {MAX_WAIT_SECONDS} seconds, not {wait}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail));
    }
    let headers = request.headers().clone();
    let repeatable = Repeatable { state: &state, access: &access, headers: &headers };
    let incoming = incoming::read(request, &state).await?;
    let fingerprint = if repeatable.has_key() { incoming.fingerprint() } else { Fingerprint::default() };
    let work = store(&state, &access, incoming, Duration::from_secs(wait));
    repeatable.once(fingerprint, locate, work).await
}

async fn store(
    state: &AppState,
    access: &Access,
    incoming: Incoming,
    wait: Duration,
) -> Result<Kept, Problem> {
    let documents = state.app.engine.documents();
    let added = documents.add(access, &incoming.collection, incoming.uploads).await?;
    let mut shown: Vec<AddedDocument> = added.into_iter().map(shown).collect();
    let mut status = StatusCode::ACCEPTED;
    if !wait.is_zero() {
        let ids: Vec<DocumentId> = shown.iter().map(|one| one.id).collect();
        let settled = documents.settled(access, &ids, wait).await?;
        if settled.iter().all(|document| document.status.is_final()) {
            status = StatusCode::OK;
        }
        bring_up_to_date(&mut shown, settled);
    }
    Ok(Kept { status, body: reply::bytes(&Added { documents: shown })?, locate })
}

fn shown(added: quarry_engine::Added) -> AddedDocument {
    let document = added.document;
    AddedDocument {
        id: document.id,
        source: document.source,
        title: document.title,
        status: document.status,
        outcome: added.outcome,
        job_id: added.job_id,
        version: document.version,
        error: document.error,
    }
}

fn bring_up_to_date(shown: &mut [AddedDocument], settled: Vec<Document>) {
    // Both are in the order of the upload; only a document that was removed meanwhile is missing.
    let mut settled = settled.into_iter().peekable();
    for one in shown {
        if let Some(document) = settled.next_if(|document| document.id == one.id) {
            one.status = document.status;
            one.title = document.title;
            one.error = document.error;
        }
    }
}

/// One document has a place; several are a list.
fn locate(body: &serde_json::Value) -> Option<String> {
    let [only] = body.get("documents")?.as_array()?.as_slice() else { return None };
    only.get("id")?.as_str().map(|id| format!("/v1/documents/{id}"))
}

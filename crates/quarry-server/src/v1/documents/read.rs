//! `/v1/documents` and what hangs below one: list, read, change, remove.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_core::{CollectionName, DocumentId, DocumentStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use quarry_engine::NewFields;

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, ChunkPage, Document, DocumentPage, PageParameters, UpdateDocument},
};

/// Which documents to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// In which collection; `default` when not said.
    #[param(value_type = Option<String>)]
    collection: Option<CollectionName>,
    /// Only those in this state.
    #[param(value_type = Option<wire::DocumentStatus>)]
    status: Option<DocumentStatus>,
    /// How many items at most, 1 to 500; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<wire::Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists a collection's documents, newest first.
#[utoipa::path(get, path = "/v1/documents", tag = "documents", params(Which), responses(
    (status = 200, description = "A page of documents", body = DocumentPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(which): Parameters<Which>,
) -> Result<Response, Problem> {
    let page = wire::page::request(which.limit, which.cursor);
    let collection = which.collection.unwrap_or_else(CollectionName::fallback);
    reply::json(&state.app.engine.documents().list(&access, &collection, which.status, &page).await?)
}

/// A document.
#[utoipa::path(get, path = "/v1/documents/{id}", tag = "documents",
    params(
        ("id" = Uuid, Path, description = "The document's id"),
        ("If-None-Match" = Option<String>, Header, description = "A tag the caller has: `304` when it is the present one"),
    ),
    responses(
        (status = 200, description = "The document", body = Document,
            headers(("ETag" = String, description = "Its state"))),
        (status = 304, description = "It is as the caller has it"),
    ),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<DocumentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::resource(&headers, &state.app.engine.documents().get(&access, id).await?)
}

/// Changes a document's title, metadata or source.
#[utoipa::path(patch, path = "/v1/documents/{id}", tag = "documents",
    params(
        ("id" = Uuid, Path, description = "The document's id"),
        ("If-Match" = Option<String>, Header, description = "The tag the change is based on: `412` when it is outdated"),
    ),
    request_body = UpdateDocument,
    responses((status = 200, description = "The document", body = Document,
        headers(("ETag" = String, description = "Its state")))),
)]
pub(crate) async fn update(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<DocumentId>,
    headers: HeaderMap,
    Body(change): Body<UpdateDocument>,
) -> Result<Response, Problem> {
    let documents = state.app.engine.documents();
    if headers.contains_key(header::IF_MATCH) {
        reply::require_match(&headers, &documents.get(&access, id).await?)?;
    }
    let renamed = match &change.source {
        Some(source) => Some(documents.rename(&access, id, source).await?),
        None => None,
    };
    let changed = match renamed {
        Some(renamed) if change.title.is_none() && change.metadata.is_none() && change.readers.is_none() => {
            renamed
        }
        _ => {
            let fields =
                NewFields { title: change.title, metadata: change.metadata, readers: change.readers };
            documents.update(&access, id, fields).await?
        }
    };
    reply::resource(&HeaderMap::new(), &changed)
}

/// Erases a document, its versions, chunks and bytes.
///
/// It cannot be found from the moment this returns.
#[utoipa::path(delete, path = "/v1/documents/{id}", tag = "documents",
    params(("id" = Uuid, Path, description = "The document's id")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn remove(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<DocumentId>,
) -> Result<Response, Problem> {
    state.app.engine.documents().remove(&access, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The text of a document, to which spans refer.
#[utoipa::path(get, path = "/v1/documents/{id}/text", tag = "documents",
    params(("id" = Uuid, Path, description = "The document's id")),
    responses((status = 200, description = "The text", body = String, content_type = "text/plain")),
)]
pub(crate) async fn text(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<DocumentId>,
) -> Result<Response, Problem> {
    let text = state.app.engine.documents().text(&access, id).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The chunks of a document, in the text's order.
#[utoipa::path(get, path = "/v1/documents/{id}/chunks", tag = "documents",
    params(("id" = Uuid, Path, description = "The document's id"), PageParameters),
    responses((status = 200, description = "A page of chunks", body = ChunkPage)),
)]
pub(crate) async fn chunks(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<DocumentId>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.documents().chunks(&access, id, &page).await?)
}

/// The original bytes of a document's newest version, to be saved.
#[utoipa::path(get, path = "/v1/documents/{id}/original", tag = "documents",
    params(("id" = Uuid, Path, description = "The document's id")),
    responses((status = 200, description = "The bytes", body = Vec<u8>, content_type = "application/octet-stream")),
)]
pub(crate) async fn original(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<DocumentId>,
) -> Result<Response, Problem> {
    let (document, bytes) = state.app.engine.documents().original(&access, id).await?;
    let kind = HeaderValue::try_from(document.media_type.as_str())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, attachment(&document.source))];
    Ok((headers, bytes).into_response())
}

/// Says to save under the last part of the source. Never to be shown in place: an uploaded page could act as ours.
fn attachment(source: &str) -> HeaderValue {
    use std::fmt::Write as _;
    let name = source.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or("document");
    let mut text = String::from("attachment; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        assert_eq!(attachment("a/b/bericht 2024.pdf"), "attachment; filename*=UTF-8''bericht%202024.pdf");
        assert_eq!(attachment("ü\"\r\n"), "attachment; filename*=UTF-8''%C3%BC%22%0D%0A");
        assert_eq!(attachment("folder/"), "attachment; filename*=UTF-8''document");
    }
}

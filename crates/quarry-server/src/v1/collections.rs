//! `/v1/collections`

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_core::{Access, CollectionName};
use quarry_engine::generations::Change;

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    middleware::{Fingerprint, Kept, Repeatable, Room},
    problem::Problem,
    reply, sse,
    state::AppState,
    wire::{
        self, CollectionPage, CollectionProgress, CollectionWithCounts, DescribeCollection, NewCollection,
        PageParameters,
    },
};

/// Lists collections by name.
#[utoipa::path(get, path = "/v1/collections", tag = "collections", params(PageParameters), responses(
    (status = 200, description = "A page of collections", body = CollectionPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.collections().list(&access, &page).await?)
}

/// Makes a collection.
#[utoipa::path(post, path = "/v1/collections", tag = "collections",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = NewCollection,
    responses((status = 201, description = "It was made", body = wire::Collection, headers(
        ("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its state")
    ))),
)]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(new): Body<NewCollection>,
) -> Result<Response, Problem> {
    let fingerprint = Fingerprint::default()
        .part(b"collection")
        .part(new.name.as_str().as_bytes())
        .part(new.description.as_bytes())
        .part(new.embedder.as_deref().unwrap_or_default().as_bytes())
        .part(&reply::bytes(&new.chunking)?);
    let work = async {
        let collections = state.app.engine.collections();
        let change = Change { embedder: new.embedder, chunking: new.chunking };
        let collection = collections.add(&access, &new.name, new.description, change).await?;
        Ok(Kept { status: StatusCode::CREATED, body: reply::bytes(&collection)?, locate })
    };
    let repeatable = Repeatable { state: &state, access: &access, headers: &headers };
    let mut response = repeatable.once(fingerprint, locate, work).await?;
    // The tag is that of `GET`, which shows the counts too.
    if let Ok(current) = shown(&state, &access, &new.name).await {
        response.headers_mut().insert(header::ETAG, reply::tag(&reply::bytes(&current)?));
    }
    Ok(response)
}

fn locate(body: &serde_json::Value) -> Option<String> {
    body.get("name")?.as_str().map(|name| format!("/v1/collections/{name}"))
}

/// A collection and how full it is.
#[utoipa::path(get, path = "/v1/collections/{name}", tag = "collections",
    params(
        ("name" = String, Path, description = "The collection's name"),
        ("If-None-Match" = Option<String>, Header, description = "A tag the caller has: `304` when it is the present one"),
    ),
    responses(
        (status = 200, description = "The collection", body = CollectionWithCounts,
            headers(("ETag" = String, description = "Its state"))),
        (status = 304, description = "It is as the caller has it"),
    ),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::resource(&headers, &shown(&state, &access, &name).await?)
}

/// Changes what a collection is said to be for.
#[utoipa::path(patch, path = "/v1/collections/{name}", tag = "collections",
    params(
        ("name" = String, Path, description = "The collection's name"),
        ("If-Match" = Option<String>, Header, description = "The tag the change is based on: `412` when it is outdated"),
    ),
    request_body = DescribeCollection,
    responses((status = 200, description = "The collection", body = CollectionWithCounts,
        headers(("ETag" = String, description = "Its state")))),
)]
pub(crate) async fn describe(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
    headers: HeaderMap,
    Body(change): Body<DescribeCollection>,
) -> Result<Response, Problem> {
    if headers.contains_key(header::IF_MATCH) {
        reply::require_match(&headers, &shown(&state, &access, &name).await?)?;
    }
    state.app.engine.collections().describe(&access, &name, change.description).await?;
    reply::resource(&HeaderMap::new(), &shown(&state, &access, &name).await?)
}

/// Erases a collection with everything in it.
#[utoipa::path(delete, path = "/v1/collections/{name}", tag = "collections",
    params(("name" = String, Path, description = "The collection's name")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn remove(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
) -> Result<Response, Problem> {
    state.app.engine.collections().remove(&access, &name).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// How far a collection is now, and each time that has changed: documents by status, chunks, generations being built.
#[utoipa::path(get, path = "/v1/collections/{name}/events", tag = "collections",
    params(("name" = String, Path, description = "The collection's name")),
    responses((status = 200, description = "Events of the kind `progress`", body = CollectionProgress,
        content_type = "text/event-stream")),
)]
pub(crate) async fn events(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
    room: Room,
) -> Result<Response, Problem> {
    let place = room.exchange(&state)?;
    Ok(sse::values(state.app.engine.watch_collection(&access, &name).await?, "progress", place))
}

async fn shown(
    state: &AppState,
    access: &Access,
    name: &CollectionName,
) -> Result<CollectionWithCounts, Problem> {
    let collections = state.app.engine.collections();
    let collection = collections.get(access, name).await?;
    Ok(CollectionWithCounts { collection, counts: collections.counts(access, name).await? })
}

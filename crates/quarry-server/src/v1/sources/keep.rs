//! `/v1/sources`: list, add, read, change, remove.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_engine::sources::{NewSource, UpdateSource};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    middleware::{Fingerprint, Kept, Repeatable},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, PageParameters, SourcePage, SyncedSource},
};

/// Lists sources by name, each with what its last run did.
#[utoipa::path(get, path = "/v1/sources", tag = "sources", params(PageParameters), responses(
    (status = 200, description = "A page of sources", body = SourcePage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.sources().list(&access, &page).await?)
}

/// Makes a source. One with `every_seconds` is looked at at once. The `secret` of a push source is shown this once.
#[utoipa::path(post, path = "/v1/sources", tag = "sources",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = wire::NewSource,
    responses((status = 201, description = "It was made", body = SyncedSource,
        headers(("Location" = String, description = "Where it is")))),
)]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(new): Body<NewSource>,
) -> Result<Response, Problem> {
    let fingerprint = Fingerprint::default().part(b"source").part(&reply::bytes(&new)?);
    let work = async {
        let source = state.app.engine.sources().add(&access, new).await?;
        Ok(Kept { status: StatusCode::CREATED, body: reply::bytes(&source)?, locate })
    };
    let repeatable = Repeatable { state: &state, access: &access, headers: &headers };
    repeatable.once(fingerprint, locate, work).await
}

fn locate(body: &serde_json::Value) -> Option<String> {
    body.get("id")?.as_str().map(|id| format!("/v1/sources/{id}"))
}

/// A source, with what its last run did.
#[utoipa::path(get, path = "/v1/sources/{id}", tag = "sources",
    params(
        ("id" = String, Path, description = "The source's id or name"),
        ("If-None-Match" = Option<String>, Header, description = "A tag the caller has: `304` when it is the present one"),
    ),
    responses(
        (status = 200, description = "The source", body = SyncedSource,
            headers(("ETag" = String, description = "Its state"))),
        (status = 304, description = "It is as the caller has it"),
    ),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::resource(&headers, &state.app.engine.sources().get(&access, &id).await?)
}

/// Changes a source: where it is, how often it is looked at, whether it is paused. What is absent stays.
#[utoipa::path(patch, path = "/v1/sources/{id}", tag = "sources",
    params(
        ("id" = String, Path, description = "The source's id or name"),
        ("If-Match" = Option<String>, Header, description = "The tag the change is based on: `412` when it is outdated"),
    ),
    request_body = wire::UpdateSource,
    responses((status = 200, description = "The source", body = SyncedSource,
        headers(("ETag" = String, description = "Its state")))),
)]
pub(crate) async fn update(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    Body(change): Body<UpdateSource>,
) -> Result<Response, Problem> {
    let sources = state.app.engine.sources();
    if headers.contains_key(header::IF_MATCH) {
        reply::require_match(&headers, &sources.get(&access, &id).await?)?;
    }
    reply::resource(&HeaderMap::new(), &sources.update(&access, &id, change).await?)
}

/// What happens to the documents of a source that is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Documents {
    /// They stay.
    #[default]
    Keep,
    /// They are removed with it.
    Remove,
}

/// How to remove a source.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// What happens to its documents; they stay when nothing is said.
    #[serde(default)]
    #[param(inline)]
    documents: Documents,
}

/// Removes a source; with its documents, or without them. A run that goes ends.
///
/// Removing many documents may take longer than a request may; sent again, it goes on.
#[utoipa::path(delete, path = "/v1/sources/{id}", tag = "sources",
    params(("id" = String, Path, description = "The source's id or name"), How),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn remove(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    Parameters(how): Parameters<How>,
) -> Result<Response, Problem> {
    state.app.engine.sources().remove(&access, &id, how.documents == Documents::Remove).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

//! `/v1/collections/{name}/index`

use axum::{
    extract::{FromRequest, Request, State},
    http::header,
    response::Response,
};
use quarry_core::CollectionName;

use crate::{
    auth::Caller,
    extract::{Body, InPath},
    problem::Problem,
    reply,
    state::AppState,
    wire::{Collection, RebuildIndex, Repair, Verification},
};

/// Compares the index with the database.
#[utoipa::path(get, path = "/v1/collections/{name}/index", tag = "index",
    params(("name" = String, Path, description = "The collection's name")),
    responses((status = 200, description = "What the comparison found", body = Verification)),
)]
pub(crate) async fn verify(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.index().verify(&access, &name).await?)
}

/// Makes the index equal to the database.
#[utoipa::path(post, path = "/v1/collections/{name}/index/repair", tag = "index",
    params(("name" = String, Path, description = "The collection's name")),
    responses((status = 200, description = "What the repair did", body = Repair)),
)]
pub(crate) async fn repair(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.index().repair(&access, &name).await?)
}

/// Builds the index anew, with another embedder or another way of cutting if one is named.
///
/// Questions are answered from the old index until the new one is complete, which is when this returns.
#[utoipa::path(post, path = "/v1/collections/{name}/index/rebuild", tag = "index",
    params(("name" = String, Path, description = "The collection's name")),
    request_body = Option<RebuildIndex>,
    responses((status = 200, description = "The collection", body = Collection)),
)]
pub(crate) async fn rebuild(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
    request: Request,
) -> Result<Response, Problem> {
    let said = request.headers().contains_key(header::CONTENT_TYPE);
    let change = if said { Body::from_request(request, &state).await?.0 } else { RebuildIndex::default() };
    reply::json(&state.app.engine.index().rebuild(&access, &name, change.into(), &|_, _| {}).await?)
}

//! `/v1/keys`: what programs show to be let in.
//!
//! A request that makes a key cannot be repeated by an `Idempotency-Key`: the answer holds the key, and answers are kept.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use quarry_engine::govern::{NewKeyRequest, Rotation};

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, Key, KeyPage, MadeKey, PageParameters},
};

/// Lists keys, newest first: all of the tenant for admins, their own for others. Revoked ones stay listed.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(PageParameters), responses(
    (status = 200, description = "A page of keys", body = KeyPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.keys().list(&access, &page).await?)
}

/// Makes a key. The key itself is in the answer and nowhere else. Nobody makes a key that may do more than they may.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = wire::NewKey, responses(
    (status = 201, description = "It was made", body = MadeKey),
))]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    Body(new): Body<NewKeyRequest>,
) -> Result<Response, Problem> {
    let made = state.app.engine.keys().add(&access, new).await?;
    Ok((StatusCode::CREATED, reply::json(&made)?).into_response())
}

/// A key, without the key.
#[utoipa::path(get, path = "/v1/keys/{key}", tag = "keys",
    params(("key" = String, Path, description = "The key's name or id")),
    responses((status = 200, description = "The key", body = Key)),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(key): InPath<String>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.keys().get(&access, &key).await?)
}

/// Refuses a key from now on, on every server. Its row stays, so that its name is never given again.
#[utoipa::path(delete, path = "/v1/keys/{key}", tag = "keys",
    params(("key" = String, Path, description = "The key's name or id")),
    responses((status = 200, description = "It is revoked", body = Key)),
)]
pub(crate) async fn revoke(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(key): InPath<String>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.keys().revoke(&access, &key).await?)
}

/// Makes a key that is and may what another one is and may. That one is refused after the overlap.
#[utoipa::path(post, path = "/v1/keys/{key}/rotate", tag = "keys",
    params(("key" = String, Path, description = "The key's name or id")),
    request_body = wire::RotateKey,
    responses((status = 201, description = "The new key", body = MadeKey)),
)]
pub(crate) async fn rotate(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(key): InPath<String>,
    Body(rotation): Body<Rotation>,
) -> Result<Response, Problem> {
    let made = state.app.engine.keys().rotate(&access, &key, rotation).await?;
    Ok((StatusCode::CREATED, reply::json(&made)?).into_response())
}

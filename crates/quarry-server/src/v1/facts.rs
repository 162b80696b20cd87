//! `/v1/facts`: what is remembered of whoever asks.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use quarry_core::FactId;

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    middleware::{Fingerprint, Kept, Repeatable},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, Erased, Fact, FactPage, NewFact, PageParameters, UpdateFact},
};

/// Lists what is remembered of the caller, newest first.
#[utoipa::path(get, path = "/v1/facts", tag = "memory", params(PageParameters), responses(
    (status = 200, description = "A page of facts", body = FactPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.facts().list(&access, &page).await?)
}

/// Remembers something.
#[utoipa::path(post, path = "/v1/facts", tag = "memory",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = NewFact,
    responses((status = 201, description = "It is remembered", body = Fact)),
)]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(new): Body<NewFact>,
) -> Result<Response, Problem> {
    let fingerprint = Fingerprint::default().part(b"fact").part(&reply::bytes(&new)?);
    let work = async {
        let fact = state.app.engine.facts().add(&access, &new.text, new.session_id).await?;
        Ok(Kept { status: StatusCode::CREATED, body: reply::bytes(&fact)?, locate: |_| None })
    };
    let repeatable = Repeatable { state: &state, access: &access, headers: &headers };
    repeatable.once(fingerprint, |_| None, work).await
}

/// Erases everything that is remembered of the caller.
#[utoipa::path(delete, path = "/v1/facts", tag = "memory", responses(
    (status = 200, description = "How much that was", body = Erased),
))]
pub(crate) async fn erase_all(
    Caller(access): Caller,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    reply::json(&Erased { erased: state.app.engine.facts().erase_all(&access).await? })
}

/// Changes what is remembered.
#[utoipa::path(patch, path = "/v1/facts/{id}", tag = "memory",
    params(("id" = Uuid, Path, description = "The fact's id")),
    request_body = UpdateFact,
    responses((status = 200, description = "The fact", body = Fact)),
)]
pub(crate) async fn update(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<FactId>,
    Body(change): Body<UpdateFact>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.facts().update(&access, id, &change.text).await?)
}

/// Erases one thing that is remembered.
#[utoipa::path(delete, path = "/v1/facts/{id}", tag = "memory",
    params(("id" = Uuid, Path, description = "The fact's id")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn erase(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<FactId>,
) -> Result<Response, Problem> {
    state.app.engine.facts().erase(&access, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

//! `/v1/sessions`

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_core::SessionId;

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    middleware::{Fingerprint, Kept, Repeatable},
    problem::Problem,
    reply,
    state::AppState,
    wire::{
        self, MessagePage, NewSession, PageParameters, RenameSession, Session, SessionExport, SessionPage,
    },
};

/// Lists the caller's sessions, newest first.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(PageParameters), responses(
    (status = 200, description = "A page of sessions", body = SessionPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.sessions().list(&access, &page).await?)
}

/// Begins a session.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = NewSession,
    responses((status = 201, description = "It was begun", body = Session,
        headers(("Location" = String, description = "Where it is")))),
)]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(new): Body<NewSession>,
) -> Result<Response, Problem> {
    let fingerprint = Fingerprint::default().part(b"session").part(&reply::bytes(&new)?);
    let work = async {
        let session = state.app.engine.sessions().add(&access, new.agent.as_deref(), new.title).await?;
        Ok(Kept { status: StatusCode::CREATED, body: reply::bytes(&session)?, locate })
    };
    let repeatable = Repeatable { state: &state, access: &access, headers: &headers };
    repeatable.once(fingerprint, locate, work).await
}

fn locate(body: &serde_json::Value) -> Option<String> {
    body.get("id")?.as_str().map(|id| format!("/v1/sessions/{id}"))
}

/// A session.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions",
    params(
        ("id" = Uuid, Path, description = "The session's id"),
        ("If-None-Match" = Option<String>, Header, description = "A tag the caller has: `304` when it is the present one"),
    ),
    responses(
        (status = 200, description = "The session", body = Session,
            headers(("ETag" = String, description = "Its state"))),
        (status = 304, description = "It is as the caller has it"),
    ),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<SessionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::resource(&headers, &state.app.engine.sessions().get(&access, id).await?)
}

/// Gives a session another title.
#[utoipa::path(patch, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = Uuid, Path, description = "The session's id")),
    request_body = RenameSession,
    responses((status = 200, description = "The session", body = Session,
        headers(("ETag" = String, description = "Its state")))),
)]
pub(crate) async fn rename(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<SessionId>,
    Body(change): Body<RenameSession>,
) -> Result<Response, Problem> {
    let renamed = state.app.engine.sessions().rename(&access, id, &change.title).await?;
    reply::resource(&HeaderMap::new(), &renamed)
}

/// Erases a session with its messages.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "sessions",
    params(("id" = Uuid, Path, description = "The session's id")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn erase(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<SessionId>,
) -> Result<Response, Problem> {
    state.app.engine.sessions().erase(&access, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A session's messages, oldest first.
#[utoipa::path(get, path = "/v1/sessions/{id}/messages", tag = "sessions",
    params(("id" = Uuid, Path, description = "The session's id"), PageParameters),
    responses((status = 200, description = "A page of messages", body = MessagePage)),
)]
pub(crate) async fn messages(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<SessionId>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.sessions().messages(&access, id, &page).await?)
}

/// A session with everything in it, to be saved.
#[utoipa::path(get, path = "/v1/sessions/{id}/export", tag = "sessions",
    params(("id" = Uuid, Path, description = "The session's id")),
    responses((status = 200, description = "The session", body = SessionExport)),
)]
pub(crate) async fn export(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<SessionId>,
) -> Result<Response, Problem> {
    let mut response = reply::json(&state.app.engine.sessions().export(&access, id).await?)?;
    let name = HeaderValue::try_from(format!("attachment; filename=\"session-{id}.json\""));
    if let Ok(name) = name {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

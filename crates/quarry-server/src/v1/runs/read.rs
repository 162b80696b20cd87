//! `/v1/runs`: list, read, listen, erase.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use quarry_core::{AgentId, RunId, SessionId};
use quarry_engine::{RunFilter, RunState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::trace;
use crate::{
    auth::Caller,
    extract::{InPath, Parameters},
    middleware::Room,
    problem::Problem,
    reply, sse,
    state::AppState,
    wire::{self, AgentEvent, RunPage, RunTrace},
};

/// Which runs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only those of this user, as runs name them: `user:ada`, `key:ci`. Others than one's own are seen by admins only.
    user: Option<String>,
    /// Only those of this agent.
    #[param(value_type = Option<Uuid>)]
    agent_id: Option<AgentId>,
    /// Only those of this session.
    #[param(value_type = Option<Uuid>)]
    session_id: Option<SessionId>,
    /// Only those in this state.
    #[param(value_type = Option<wire::RunState>)]
    state: Option<RunState>,
    /// How many items at most, 1 to 500; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<wire::Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// From where on to listen.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// Only events behind this number; everything when not said. `Last-Event-ID` goes before it.
    after: Option<u64>,
}

/// Lists runs, newest first.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(Which), responses(
    (status = 200, description = "A page of runs", body = RunPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(which): Parameters<Which>,
) -> Result<Response, Problem> {
    let page = wire::page::request(which.limit, which.cursor);
    let filter = RunFilter {
        user: which.user,
        agent_id: which.agent_id,
        session_id: which.session_id,
        state: which.state,
    };
    reply::json(&state.app.engine.runs().list(&access, filter, &page).await?)
}

/// A run with everything that happened in it: replies, calls, passages, times, tokens, cost, versions of prompts.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs",
    params(("id" = Uuid, Path, description = "The run's id")),
    responses((status = 200, description = "The run", body = RunTrace)),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<RunId>,
) -> Result<Response, Problem> {
    let runs = state.app.engine.runs();
    let run = runs.get(&access, id).await?;
    let rows = runs.trace(&access, id).await?.into_iter().map(|row| (row.number, row.at, row.event));
    reply::json(&trace::of(run, rows))
}

/// What a run says: from the number asked for, and as it comes while it goes.
///
/// The stream ends when the run is over or waits for a person. `204` says that nothing more comes.
#[utoipa::path(get, path = "/v1/runs/{id}/events", tag = "runs",
    params(
        ("id" = Uuid, Path, description = "The run's id"),
        After,
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event the caller has"),
    ),
    responses(
        (status = 200, description = "The events", body = AgentEvent, content_type = "text/event-stream"),
        (status = 204, description = "There is nothing behind that number, and nothing more will come"),
    ),
)]
pub(crate) async fn events(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<RunId>,
    Parameters(from): Parameters<After>,
    room: Room,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = sse::last_seen(&headers, from.after)?;
    let place = room.exchange(&state)?;
    Ok(sse::resumed(state.app.engine.runs().events(&access, id, after).await?, place))
}

/// Erases a run with everything that happened in it. One that goes is ended first.
#[utoipa::path(delete, path = "/v1/runs/{id}", tag = "runs",
    params(("id" = Uuid, Path, description = "The run's id")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn erase(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<RunId>,
) -> Result<Response, Problem> {
    state.app.engine.runs().erase(&access, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

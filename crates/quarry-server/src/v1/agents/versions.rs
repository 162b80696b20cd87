//! `/v1/agents/{agent}/versions`: what an agent was, also after it was removed where its id is given.

use axum::{extract::State, response::Response};
use quarry_core::{Access, AgentId, ErrorKind, Fault};

use crate::{
    auth::Caller,
    extract::{InPath, InPaths, Parameters},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, Agent, AgentPage, PageParameters},
};

/// Lists an agent's versions, newest first.
#[utoipa::path(get, path = "/v1/agents/{agent}/versions", tag = "agents",
    params(("agent" = String, Path, description = "The agent's name or id"), PageParameters),
    responses((status = 200, description = "A page of versions", body = AgentPage)),
)]
pub(crate) async fn versions(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(agent): InPath<String>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let id = id_of(&state, &access, &agent).await?;
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.agents().versions(&access, id, &page).await?)
}

/// An agent at one of its versions.
#[utoipa::path(get, path = "/v1/agents/{agent}/versions/{version}", tag = "agents",
    params(
        ("agent" = String, Path, description = "The agent's name or id"),
        ("version" = u32, Path, description = "The version, from 1"),
    ),
    responses((status = 200, description = "The agent as it was", body = Agent)),
)]
pub(crate) async fn version(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPaths(agent, version): InPaths<String, u32>,
) -> Result<Response, Problem> {
    let id = id_of(&state, &access, &agent).await?;
    reply::json(&state.app.engine.agents().version(&access, id, version).await?)
}

async fn id_of(state: &AppState, access: &Access, agent: &str) -> Result<AgentId, Problem> {
    match (state.app.engine.agents().get(access, agent).await, agent.parse()) {
        (Ok(agent), _) => Ok(agent.id),
        (Err(error), Ok(id)) if error.kind() == ErrorKind::NotFound => Ok(id),
        (Err(error), _) => Err(error.into()),
    }
}

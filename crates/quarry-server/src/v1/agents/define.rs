//! `/v1/agents`: list, add, read, change, remove.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_engine::agent::NewAgent;

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    middleware::{Fingerprint, Kept, Repeatable},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, Agent, AgentPage, PageParameters, UpdateAgent},
};

/// Lists agents by name. The one called `default` is always there.
#[utoipa::path(get, path = "/v1/agents", tag = "agents", params(PageParameters), responses(
    (status = 200, description = "A page of agents", body = AgentPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.agents().list(&access, &page).await?)
}

/// Makes an agent, at version 1.
#[utoipa::path(post, path = "/v1/agents", tag = "agents",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = wire::NewAgent,
    responses((status = 201, description = "It was made", body = Agent,
        headers(("Location" = String, description = "Where it is")))),
)]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(new): Body<NewAgent>,
) -> Result<Response, Problem> {
    let fingerprint = Fingerprint::default().part(b"agent").part(&reply::bytes(&new)?);
    let work = async {
        let added = state.app.engine.agents().add(&access, new).await;
        let agent = added.map_err(|error| Problem::from(error).below("/definition", &["/name"]))?;
        Ok(Kept { status: StatusCode::CREATED, body: reply::bytes(&agent)?, locate })
    };
    let repeatable = Repeatable { state: &state, access: &access, headers: &headers };
    repeatable.once(fingerprint, locate, work).await
}

fn locate(body: &serde_json::Value) -> Option<String> {
    body.get("name")?.as_str().map(|name| format!("/v1/agents/{name}"))
}

/// An agent.
#[utoipa::path(get, path = "/v1/agents/{agent}", tag = "agents",
    params(
        ("agent" = String, Path, description = "The agent's name or id"),
        ("If-None-Match" = Option<String>, Header, description = "A tag the caller has: `304` when it is the present one"),
    ),
    responses(
        (status = 200, description = "The agent", body = Agent,
            headers(("ETag" = String, description = "Its state"))),
        (status = 304, description = "It is as the caller has it"),
    ),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(agent): InPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::resource(&headers, &state.app.engine.agents().get(&access, &agent).await?)
}

/// Changes an agent, which makes a new version. Runs that go already go on with the version they began with.
#[utoipa::path(patch, path = "/v1/agents/{agent}", tag = "agents",
    params(
        ("agent" = String, Path, description = "The agent's name or id"),
        ("If-Match" = Option<String>, Header, description = "The tag the change is based on: `412` when it is outdated"),
    ),
    request_body = UpdateAgent,
    responses(
        (status = 200, description = "The agent at its new version", body = Agent,
            headers(("ETag" = String, description = "Its state"))),
        (status = 409, description = "It is at another version than the change is based on, or the name is taken",
            body = crate::problem::ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn update(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(agent): InPath<String>,
    headers: HeaderMap,
    Body(change): Body<UpdateAgent>,
) -> Result<Response, Problem> {
    let agents = state.app.engine.agents();
    let mut expected = change.version;
    let definition = match change.definition {
        Some(definition) if !headers.contains_key(header::IF_MATCH) => definition,
        given => {
            // What was just looked at is what is changed, or the change is refused.
            let current = agents.get(&access, &agent).await?;
            if headers.contains_key(header::IF_MATCH) {
                reply::require_match(&headers, &current)?;
            }
            expected = expected.or(Some(current.version));
            given.unwrap_or(current.definition)
        }
    };
    let changed = agents.update(&access, &agent, expected, change.name, definition).await;
    let changed = changed.map_err(|error| Problem::from(error).below("/definition", &["/name"]))?;
    reply::resource(&HeaderMap::new(), &changed)
}

/// Removes an agent. Its versions stay for the runs that name them.
#[utoipa::path(delete, path = "/v1/agents/{agent}", tag = "agents",
    params(("agent" = String, Path, description = "The agent's name or id")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn remove(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(agent): InPath<String>,
) -> Result<Response, Problem> {
    state.app.engine.agents().remove(&access, &agent).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

//! `/v1/models`: the agents, and the embedder of new collections.

use axum::{extract::State, response::Response};
use quarry_core::{ErrorKind, Fault, PageRequest, Timestamp};
use quarry_engine::agent::AgentView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Caller, extract::InPath, problem::Problem, reply, state::AppState};

/// All models.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// `list`
    #[schema(example = "list")]
    object: &'static str,
    /// The agents by name, then the embedder.
    data: Vec<Model>,
}

/// What can be named as `model`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Model {
    /// Its name.
    #[schema(example = "default")]
    id: String,
    /// `model`
    #[schema(example = "model")]
    object: &'static str,
    /// Seconds since 1970; 0 for an embedder.
    created: i64,
    /// `quarry`
    #[schema(example = "quarry")]
    owned_by: &'static str,
    /// `agent`, for chat, or `embedder`, for embeddings.
    #[schema(example = "agent")]
    kind: &'static str,
    /// What an agent is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    description: String,
}

impl Model {
    fn agent(agent: AgentView) -> Self {
        let description = agent.definition.description;
        Self::new(agent.name, Some(agent.created_at), "agent", description)
    }

    fn embedder(id: &str) -> Self {
        Self::new(id.to_owned(), None, "embedder", String::new())
    }

    fn new(id: String, made: Option<Timestamp>, kind: &'static str, description: String) -> Self {
        let created = made.map_or(0, |moment| moment.micros() / 1_000_000);
        Self { id, object: "model", created, owned_by: "quarry", kind, description }
    }
}

/// Lists what can be named as `model`.
#[utoipa::path(get, path = "/v1/models", tag = "openai", responses(
    (status = 200, description = "All models", body = ModelList),
))]
pub(crate) async fn models(
    Caller(access): Caller,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let agents = state.app.engine.agents();
    let mut data = Vec::new();
    let mut page = PageRequest::new(Some(PageRequest::MAX), None);
    // This dialect has no pages.
    loop {
        let listed = agents.list(&access, &page).await?;
        data.extend(listed.items.into_iter().map(Model::agent));
        page.after = listed.next_cursor;
        if page.after.is_none() {
            break;
        }
    }
    data.push(Model::embedder(state.app.engine.default_embedder()));
    reply::json(&ModelList { object: "list", data })
}

/// What a name stands for.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "openai",
    params(("id" = String, Path, description = "The model's name")),
    responses((status = 200, description = "The model", body = Model)),
)]
pub(crate) async fn model(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<String>,
) -> Result<Response, Problem> {
    match state.app.engine.agents().get(&access, &id).await {
        Ok(agent) => reply::json(&Model::agent(agent)),
        Err(error) if error.kind() == ErrorKind::NotFound && id == state.app.engine.default_embedder() => {
            reply::json(&Model::embedder(&id))
        }
        Err(error) => Err(error.into()),
    }
}

//! `/v1/collections/{name}/generations`: cut or embed anew in the background, swap in, swap back.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_core::CollectionName;

use crate::{
    auth::Caller,
    extract::{Body, InPath, InPaths},
    problem::{Problem, ProblemBody},
    reply,
    state::AppState,
    wire::{Generation, Generations, RebuildIndex},
};

/// Lists a collection's generations, newest first, each with how far it is.
#[utoipa::path(get, path = "/v1/collections/{name}/generations", tag = "generations",
    params(("name" = String, Path, description = "The collection's name")),
    responses((status = 200, description = "The generations", body = Generations)),
)]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
) -> Result<Response, Problem> {
    reply::json(&Generations { items: state.app.engine.generations().list(&access, &name).await? })
}

/// Begins the next generation, with another embedder or another way of cutting.
///
/// It is built in the background from the documents' original bytes and swapped in when it holds all of them. Until then
/// the live one answers; nothing is lost or unanswered meanwhile.
#[utoipa::path(post, path = "/v1/collections/{name}/generations", tag = "generations",
    params(("name" = String, Path, description = "The collection's name")),
    request_body = RebuildIndex,
    responses(
        (status = 202, description = "It is being built", body = Generation,
            headers(("Location" = String, description = "Where it is"))),
        (status = 409, description = "Another one is being built", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn begin(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(name): InPath<CollectionName>,
    Body(change): Body<RebuildIndex>,
) -> Result<Response, Problem> {
    let one = state.app.engine.generations().begin(&access, &name, change.into()).await?;
    accepted(&name, one.number, reply::json(&one)?)
}

/// A generation and how far it is.
#[utoipa::path(get, path = "/v1/collections/{name}/generations/{number}", tag = "generations",
    params(
        ("name" = String, Path, description = "The collection's name"),
        ("number" = u32, Path, description = "The generation's number"),
    ),
    responses((status = 200, description = "The generation", body = Generation)),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPaths(name, number): InPaths<CollectionName, u32>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.generations().get(&access, &name, number).await?)
}

/// Swaps back to a kept generation, once what changed since has been made for it; tries a failed one again.
#[utoipa::path(post, path = "/v1/collections/{name}/generations/{number}/activate", tag = "generations",
    params(
        ("name" = String, Path, description = "The collection's name"),
        ("number" = u32, Path, description = "The generation's number"),
    ),
    responses(
        (status = 202, description = "What it lacks is being made", body = Generation,
            headers(("Location" = String, description = "Where it is"))),
        (status = 409, description = "It is live, or one is being built", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn activate(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPaths(name, number): InPaths<CollectionName, u32>,
) -> Result<Response, Problem> {
    let one = state.app.engine.generations().activate(&access, &name, number).await?;
    accepted(&name, one.number, reply::json(&one)?)
}

/// Drops a generation that does not answer, with its chunks; ends one that is being built.
#[utoipa::path(delete, path = "/v1/collections/{name}/generations/{number}", tag = "generations",
    params(
        ("name" = String, Path, description = "The collection's name"),
        ("number" = u32, Path, description = "The generation's number"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "It is live", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPaths(name, number): InPaths<CollectionName, u32>,
) -> Result<Response, Problem> {
    state.app.engine.generations().remove(&access, &name, number).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn accepted(name: &CollectionName, number: u32, response: Response) -> Result<Response, Problem> {
    let place = [(header::LOCATION, format!("/v1/collections/{name}/generations/{number}"))];
    Ok((StatusCode::ACCEPTED, place, response).into_response())
}

//! `/v1/jobs`: list, look, try again, end, forget.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use quarry_core::JobId;
use quarry_engine::jobs::JobStatus;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    extract::{InPath, Parameters},
    middleware::Room,
    problem::Problem,
    reply, sse,
    state::AppState,
    wire::{self, Job, JobPage},
};

/// Which jobs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only those in this state.
    #[param(value_type = Option<wire::JobStatus>)]
    status: Option<JobStatus>,
    /// How many items at most, 1 to 500; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<wire::Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists jobs, newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", params(Which), responses(
    (status = 200, description = "A page of jobs", body = JobPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(which): Parameters<Which>,
) -> Result<Response, Problem> {
    let page = wire::page::request(which.limit, which.cursor);
    reply::json(&state.app.engine.jobs().list(&access, which.status, &page).await?)
}

/// A job.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id")),
    responses((status = 200, description = "The job", body = Job)),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<JobId>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.jobs().get(&access, id).await?)
}

/// Queues a dead or cancelled job again. It goes on from its last checkpoint.
#[utoipa::path(post, path = "/v1/jobs/{id}/retry", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id")),
    responses(
        (status = 200, description = "It is queued again", body = Job),
        (status = 409, description = "It is not dead", body = crate::problem::ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn retry(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<JobId>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.jobs().retry(&access, id).await?)
}

/// Ends a job that waits or runs. Its document is failed; an earlier version stays searchable.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id")),
    responses(
        (status = 200, description = "It is cancelled", body = Job),
        (status = 409, description = "It is over already", body = crate::problem::ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cancel(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<JobId>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.jobs().cancel(&access, id).await?)
}

/// Forgets a dead letter. Its document stays failed, with its reason.
#[utoipa::path(delete, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 409, description = "It is not dead", body = crate::problem::ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn forget(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<JobId>,
) -> Result<Response, Problem> {
    state.app.engine.jobs().drop_one(&access, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A job now, and each time it has changed, until it is over.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs",
    params(("id" = Uuid, Path, description = "The job's id")),
    responses((status = 200, description = "Events of the kind `job`", body = Job, content_type = "text/event-stream")),
)]
pub(crate) async fn events(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<JobId>,
    room: Room,
) -> Result<Response, Problem> {
    let place = room.exchange(&state)?;
    Ok(sse::values(state.app.engine.watch_job(&access, id).await?, "job", place))
}

//! `/v1/jobs/dead`: jobs that were given up, many at once.

use axum::{extract::State, response::Response};
use quarry_core::CollectionName;
use quarry_engine::jobs::{DeadLetters, JobStage};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    extract::{Parameters, Timely},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, DeadCount, JobPage, WhichDead},
};

/// Which dead letters to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listed {
    /// Only those of this collection.
    #[param(value_type = Option<String>)]
    collection: Option<CollectionName>,
    /// Only those that failed with this code.
    code: Option<String>,
    /// Only those that failed after this stage.
    #[param(value_type = Option<wire::JobStage>)]
    stage: Option<JobStage>,
    /// How many items at most, 1 to 500; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<wire::Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists dead letters, newest first: each with the stage it failed after, the reason and what can be done.
#[utoipa::path(get, path = "/v1/jobs/dead", tag = "dead_letters", params(Listed), responses(
    (status = 200, description = "A page of jobs", body = JobPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(which): Parameters<Listed>,
) -> Result<Response, Problem> {
    let page = wire::page::request(which.limit, which.cursor);
    let letters = DeadLetters { collection: which.collection, code: which.code, stage: which.stage };
    reply::json(&state.app.engine.jobs().dead(&access, &letters, &page).await?)
}

/// Queues every dead letter that is meant again.
#[utoipa::path(post, path = "/v1/jobs/dead/retry", tag = "dead_letters", request_body = WhichDead, responses(
    (status = 200, description = "How many are queued again", body = DeadCount),
))]
pub(crate) async fn retry(
    Caller(access): Caller,
    State(state): State<AppState>,
    Timely(which): Timely<WhichDead>,
) -> Result<Response, Problem> {
    let jobs = state.app.engine.jobs().retry_dead(&access, &which.into()).await?;
    reply::json(&DeadCount { jobs })
}

/// Forgets every dead letter that is meant. Their documents stay failed, with their reasons.
#[utoipa::path(post, path = "/v1/jobs/dead/drop", tag = "dead_letters", request_body = WhichDead, responses(
    (status = 200, description = "How many are forgotten", body = DeadCount),
))]
pub(crate) async fn drop_all(
    Caller(access): Caller,
    State(state): State<AppState>,
    Timely(which): Timely<WhichDead>,
) -> Result<Response, Problem> {
    let jobs = state.app.engine.jobs().drop_dead(&access, &which.into()).await?;
    reply::json(&DeadCount { jobs })
}

//! `/v1/runs/{id}/...`: decide, end, run again.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use quarry_core::RunId;

use crate::{
    auth::Caller,
    extract::{InPath, Timely},
    middleware::Room,
    problem::{Problem, ProblemBody},
    reply, sse,
    state::AppState,
    v1::agents::ask,
    wire::{AgentEvent, Decision, Replay, RunAnswer, RunWaiting},
};

/// Decides about a call that waits.
///
/// When no other call waits, the run goes on and this request answers as the one that began it would: with the answer,
/// or with a stream of its events.
#[utoipa::path(post, path = "/v1/runs/{id}/approvals", tag = "runs",
    params(("id" = Uuid, Path, description = "The run's id")),
    request_body = Decision,
    responses(
        (status = 200, description = "The answer, or the events", content(
            (RunAnswer = "application/json"), (AgentEvent = "text/event-stream")
        )),
        (status = 202, description = "Another call waits", body = RunWaiting,
            headers(("Location" = String, description = "Where the run is"))),
        (status = 404, description = "There is no such run, or no such call of it waits", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 409, description = "The run does not wait", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn decide(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<RunId>,
    room: Room,
    headers: HeaderMap,
    Timely(decision): Timely<Decision>,
) -> Result<Response, Problem> {
    let streams = sse::wanted(decision.stream, &headers);
    let place = room.exchange(&state)?;
    let runs = state.app.engine.runs();
    let handle = state.in_time(runs.decide(&access, id, &decision.call_id, decision.approved)).await?;
    ask::answer(handle, streams.then_some(decision.after.unwrap_or(0)), place).await
}

/// Ends a run that goes or waits. It is over a moment later.
#[utoipa::path(post, path = "/v1/runs/{id}/cancel", tag = "runs",
    params(("id" = Uuid, Path, description = "The run's id")),
    responses(
        (status = 202, description = "It is told to end"),
        (status = 409, description = "It is over already", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cancel(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<RunId>,
) -> Result<Response, Problem> {
    state.app.engine.runs().cancel(&access, id).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Runs a stored run again with what models and tools said then, and names the first difference.
#[utoipa::path(post, path = "/v1/runs/{id}/replay", tag = "runs",
    params(("id" = Uuid, Path, description = "The run's id")),
    responses((status = 200, description = "What came out", body = Replay)),
)]
pub(crate) async fn replay(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<RunId>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.runs().replay(&access, id).await?)
}

//! `/v1/agents/{agent}/runs`: a run, as one answer or as a stream of events.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_engine::agent::RunHandle;

use crate::{
    auth::Caller,
    ending::{self, Ending},
    extract::{InPath, Timely},
    middleware::{Place, Room},
    problem::Problem,
    reply, sse,
    state::AppState,
    wire::{AgentEvent, NewRun, RunAnswer, RunWaiting},
};

/// Asks an agent.
///
/// A plain request waits for the answer. A stream gives every event of the run while it goes; it can be come back to
/// with `GET /v1/runs/{id}/events`. A run whose client has gone away ends, the call of the model included.
#[utoipa::path(post, path = "/v1/agents/{agent}/runs", tag = "agents",
    params(("agent" = String, Path, description = "The agent's name or id")),
    request_body = NewRun,
    responses(
        (status = 200, description = "The answer, or the events", content(
            (RunAnswer = "application/json"), (AgentEvent = "text/event-stream")
        )),
        (status = 202, description = "The run waits for a person: `POST /v1/runs/{id}/approvals` goes on with it",
            body = RunWaiting, headers(("Location" = String, description = "Where the run is"))),
    ),
)]
pub(crate) async fn run(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(agent): InPath<String>,
    room: Room,
    headers: HeaderMap,
    Timely(body): Timely<NewRun>,
) -> Result<Response, Problem> {
    let streams = sse::wanted(body.stream, &headers);
    let place = room.exchange(&state)?;
    let started = state.in_time(state.app.engine.run(&access, body.request(agent, streams))).await;
    let handle = started.map_err(|problem| problem.renamed("/session", "/session_id"))?;
    answer(handle, streams.then_some(0), place).await
}

/// What comes of a run: its events behind a number, or its end where none is given.
pub(crate) async fn answer(handle: RunHandle, after: Option<u64>, place: Place) -> Result<Response, Problem> {
    if let Some(after) = after {
        return Ok(sse::run(handle.events(after), place));
    }
    let ended = ending::of(handle).await;
    drop(place);
    match ended? {
        Ending::Answered(answer, _) => reply::json(&answer),
        Ending::Waiting(waiting) => {
            let location = HeaderValue::try_from(format!("/v1/runs/{}", waiting.run_id));
            let mut response = (StatusCode::ACCEPTED, reply::json(&waiting)?).into_response();
            if let Ok(location) = location {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Ok(response)
        }
    }
}

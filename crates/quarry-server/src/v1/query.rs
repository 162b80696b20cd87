//! `/v1/query`

use axum::{extract::State, http::HeaderMap, response::Response};
use quarry_core::Access;
use quarry_engine::EXTRACTIVE;

use crate::{
    auth::Caller,
    ending::{self, Ending},
    extract::Timely,
    middleware::Room,
    problem::Problem,
    reply, sse,
    state::AppState,
    wire::{AgentEvent, Answer, ModelAnswer, QueryBody},
};

/// Answers a question from the documents, with citations, or says that they do not answer it.
///
/// Where a chat model is configured it answers, from one retrieval; otherwise the answer is quoted from the documents.
#[utoipa::path(post, path = "/v1/query", tag = "search", request_body = QueryBody, responses(
    (status = 200, description = "The answer, or the events of the run that gives it", content(
        (Answer = "application/json"), (AgentEvent = "text/event-stream")
    )),
))]
pub(crate) async fn query(
    Caller(access): Caller,
    State(state): State<AppState>,
    room: Room,
    headers: HeaderMap,
    Timely(body): Timely<QueryBody>,
) -> Result<Response, Problem> {
    let streams = sse::wanted(body.stream, &headers);
    let quotes = match body.model.as_deref() {
        Some(model) => model == EXTRACTIVE,
        None => state.app.engine.chat().is_empty(),
    };
    let answered = if quotes && !streams {
        quoted(&state, &access, body).await
    } else {
        said(&state, &access, (&room, streams), body).await
    };
    answered.map_err(|problem| problem.renamed("/query", "/question"))
}

async fn quoted(state: &AppState, access: &Access, body: QueryBody) -> Result<Response, Problem> {
    reply::json(&state.in_time(state.app.engine.answer(access, body.request())).await?)
}

async fn said(
    state: &AppState,
    access: &Access,
    (room, streams): (&Room, bool),
    body: QueryBody,
) -> Result<Response, Problem> {
    let request = body.ask();
    let (collection, question) = (request.search.collection.clone(), request.search.query.clone());
    let place = room.exchange(state)?;
    let handle = state.in_time(state.app.engine.ask_stream(access, request)).await?;
    if streams {
        return Ok(sse::run(handle.events(0), place));
    }
    let ended = ending::of(handle).await;
    drop(place);
    match ended? {
        Ending::Answered(answer, sources) => {
            reply::json(&ModelAnswer::new(collection, question, *answer, sources))
        }
        // A query has no tools that anybody could be asked about.
        Ending::Waiting(_) => Err(Problem::internal("a query waits for a person")),
    }
}

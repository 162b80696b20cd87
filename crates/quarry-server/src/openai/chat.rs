//! `/v1/chat/completions`

use axum::{extract::State, response::Response};

use super::{
    asked::ChatCompletionRequest,
    chunks::{self, Manner},
    wire::{ChatCompletion, ChatCompletionChunk},
};
use crate::{
    auth::Caller,
    ending::{self, Ending},
    extract::Timely,
    middleware::Room,
    problem::Problem,
    reply,
    state::AppState,
};

/// Goes on with a conversation. The `model` is an agent.
///
/// Streams end with `data: [DONE]`. `citations` and `quarry` are extensions: in the message and in the completion, or in
/// the chunk that says why the answer ended.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "openai", request_body = ChatCompletionRequest,
    responses((status = 200, description = "The answer, or its chunks", content(
        (ChatCompletion = "application/json"), (ChatCompletionChunk = "text/event-stream")
    ))),
)]
pub(crate) async fn completions(
    Caller(access): Caller,
    State(state): State<AppState>,
    room: Room,
    Timely(body): Timely<ChatCompletionRequest>,
) -> Result<Response, Problem> {
    let (streams, counts) = (body.stream == Some(true), body.counts());
    let request = body.run()?;
    let agent = request.agent.clone().unwrap_or_default();
    let place = room.exchange(&state)?;
    let started = state.in_time(state.app.engine.run(&access, request)).await;
    let handle = started.map_err(as_sent)?;
    if streams {
        return Ok(chunks::response(&handle, Manner { agent, counts }, place));
    }
    let ended = ending::of(handle).await;
    drop(place);
    match ended? {
        Ending::Answered(answer, _) => reply::json(&ChatCompletion::new(agent, *answer)),
        Ending::Waiting(waiting) => {
            let tool = waiting.approvals.first().map_or("a tool", |approval| approval.tool.as_str());
            Err(chunks::needs_approval(tool, waiting.run_id))
        }
    }
}

/// A problem with the fields as this dialect names them.
fn as_sent(problem: Problem) -> Problem {
    let names = [
        ("/input", "/messages"),
        ("/history", "/messages"),
        ("/session", "/quarry/session_id"),
        ("/collections", "/quarry/collections"),
        ("/filter", "/quarry/filter"),
    ];
    names.into_iter().fold(problem, |problem, (engine, sent)| problem.renamed(engine, sent))
}

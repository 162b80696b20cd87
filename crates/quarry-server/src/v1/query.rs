//! `/v1/query`

use axum::{extract::State, response::Response};

use crate::{
    auth::Caller,
    extract::Body,
    problem::Problem,
    reply,
    state::AppState,
    wire::{Answer, QueryBody},
};

/// Answers a question from the documents, with citations, or says that they do not answer it.
#[utoipa::path(post, path = "/v1/query", tag = "search", request_body = QueryBody, responses(
    (status = 200, description = "The answer", body = Answer),
))]
pub(crate) async fn query(
    Caller(access): Caller,
    State(state): State<AppState>,
    Body(body): Body<QueryBody>,
) -> Result<Response, Problem> {
    let answered = state.app.engine.answer(&access, body.request()).await;
    reply::json(&answered.map_err(|error| Problem::from(error).renamed("/query", "/question"))?)
}

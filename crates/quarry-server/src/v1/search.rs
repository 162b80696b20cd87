//! `/v1/search`

use axum::{extract::State, response::Response};

use crate::{
    auth::Caller,
    extract::Body,
    problem::Problem,
    reply,
    state::AppState,
    wire::{SearchBody, SearchResponse},
};

/// Finds passages.
#[utoipa::path(post, path = "/v1/search", tag = "search", request_body = SearchBody, responses(
    (status = 200, description = "What was found", body = SearchResponse),
))]
pub(crate) async fn search(
    Caller(access): Caller,
    State(state): State<AppState>,
    Body(body): Body<SearchBody>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.search(&access, body.request()).await?)
}

//! `/v1/history`

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use quarry_core::{CollectionName, QueryId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    extract::{InPath, Parameters},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, HistoryEntry, HistoryPage},
};

/// Which questions to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only those put to this collection.
    #[param(value_type = Option<String>)]
    collection: Option<CollectionName>,
    /// How many items at most, 1 to 500; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<wire::Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists questions, newest first.
#[utoipa::path(get, path = "/v1/history", tag = "history", params(Which), responses(
    (status = 200, description = "A page of questions", body = HistoryPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(which): Parameters<Which>,
) -> Result<Response, Problem> {
    let page = wire::page::request(which.limit, which.cursor);
    reply::json(&state.app.engine.history().list(&access, which.collection.as_ref(), &page).await?)
}

/// One question and what came of it.
#[utoipa::path(get, path = "/v1/history/{id}", tag = "history",
    params(("id" = Uuid, Path, description = "`query_id` of the response")),
    responses(
        (status = 200, description = "The question", body = HistoryEntry,
            headers(("ETag" = String, description = "Its state"))),
        (status = 304, description = "It is as the caller has it"),
    ),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<QueryId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    reply::resource(&headers, &state.app.engine.history().get(&access, id).await?)
}

/// Erases a question from the history.
#[utoipa::path(delete, path = "/v1/history/{id}", tag = "history",
    params(("id" = Uuid, Path, description = "`query_id` of the response")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn erase(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<QueryId>,
) -> Result<Response, Problem> {
    state.app.engine.history().erase(&access, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

//! `/v1/me`: who the caller is.

use axum::{extract::State, response::Response};

use crate::{auth::Caller, problem::Problem, reply, state::AppState, wire::Whoami};

/// Says who the caller is, and what they may.
#[utoipa::path(get, path = "/v1/me", tag = "keys", responses(
    (status = 200, description = "Who asks", body = Whoami),
))]
pub(crate) async fn whoami(
    Caller(access): Caller,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.identity().whoami(&access).await?)
}

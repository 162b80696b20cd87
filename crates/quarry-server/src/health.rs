//! Probes and metrics.

use axum::{
    extract::{FromRequestParts as _, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use quarry_engine::Health;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::Caller, problem::Problem, reply, state::AppState, wire::HealthCheck};

/// The process is alive.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// `ok`
    #[schema(example = "ok")]
    status: &'static str,
    /// The version that answers.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Whether the server can do its work.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` or `not_ready`
    #[schema(example = "ready")]
    status: &'static str,
    /// Each thing the server needs.
    #[schema(value_type = Vec<HealthCheck>)]
    checks: Vec<Health>,
}

/// Says that the process runs and answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, body = Alive)))]
pub(crate) async fn alive() -> Result<Response, Problem> {
    reply::json(&Alive { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Says whether the server can do its work, and what is missing if not.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, description = "Everything works", body = Readiness),
    (status = 503, description = "Something is missing", body = Readiness),
))]
pub(crate) async fn ready(State(state): State<AppState>) -> Result<Response, Problem> {
    let checks = state.app.engine.health().await;
    let ready = checks.iter().all(|check| check.ok);
    let (code, status) =
        if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    Ok((code, reply::json(&Readiness { status, checks })?).into_response())
}

/// Metrics in Prometheus' text format, for admins of the root tenant; without a key when `server.metrics_open` is set.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, description = "The metrics", body = String, content_type = "text/plain"),
))]
pub(crate) async fn metrics(State(state): State<AppState>, mut parts: Parts) -> Result<Response, Problem> {
    if !state.app.settings.metrics_open {
        let Caller(access) = Caller::from_request_parts(&mut parts, &state).await?;
        state.app.engine.may_read_server(&access)?;
    }
    // Looking at the queue sets its gauges.
    drop(state.app.engine.health().await);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], state.app.metrics.render()).into_response())
}

//! `/mcp`: streamable HTTP.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};

use super::{engine::EngineBackend, handler::Handler};
use crate::{auth::Caller, state::AppState};

/// Largest message.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Answers one message. No session is kept between them, so that any process can answer any message, and the key is
/// checked with each. Hosts and origins are not looked at: without the key, a page in a browser gets nothing.
pub(crate) async fn serve(
    Caller(access): Caller,
    State(state): State<AppState>,
    request: Request,
) -> Response {
    let handler = Handler::new(Arc::new(EngineBackend::new(state.app.engine.clone(), access)));
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MOST_BYTES)
        .disable_allowed_hosts();
    let service = StreamableHttpService::new(
        move || Ok(handler.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    service.handle(request).await.map(Body::new)
}

//! Where a request came from, and what is said when it was not let in.

use std::net::IpAddr;

use axum::http::{header, request::Parts};
use quarry_core::{AuditAction, Origin, TenantId};
use quarry_engine::audit::Refusal;

use crate::{middleware::RequestId, state::AppState};

/// Where a request came from. Its address is known where somebody in front has put it into the request.
pub(crate) fn of(parts: &Parts) -> Origin {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let origin = Origin {
        address: parts.extensions.get::<IpAddr>().copied(),
        agent: None,
        request_id: parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned()),
    };
    origin.with_agent(agent.unwrap_or_default())
}

/// Takes note that somebody who is not known was not let in. Nobody waits for that.
pub(crate) fn refused(state: &AppState, origin: Origin, credential: &str) {
    state.app.engine.audit().refused(Refusal {
        tenant: TenantId::ROOT,
        actor: None,
        origin,
        action: AuditAction::Login,
        object: credential.to_owned(),
        code: "unauthenticated",
    });
}

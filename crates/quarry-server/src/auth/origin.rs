//! Where a request came from, and what is said when it was not let in.

use axum::http::{header, request::Parts};
use quarry_core::{Access, AuditAction, Origin, TenantId};
use quarry_engine::audit::Refusal;

use crate::{
    middleware::{ClientAddress, RequestId},
    state::AppState,
};

/// Where a request came from. Its address is the one that `server.trusted_proxies` lets one believe.
pub(crate) fn of(parts: &Parts) -> Origin {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let origin = Origin {
        address: parts.extensions.get::<ClientAddress>().map(|client| client.ip),
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

/// Takes note that somebody who is known was refused what they asked for. Nobody waits for that.
pub(crate) fn forbidden(state: &AppState, access: &Access, asked: String) {
    state.app.engine.audit().refused(Refusal {
        tenant: access.tenant(),
        actor: Some(access.actor().clone()),
        origin: access.by().origin().cloned().unwrap_or_default(),
        action: AuditAction::AccessUse,
        object: asked,
        code: "forbidden",
    });
}

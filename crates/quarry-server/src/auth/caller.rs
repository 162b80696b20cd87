//! From what a request shows to an [`Access`]: the one way in, whatever the route.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
};
use quarry_core::{Access, ErrorKind, Fault as _};

use super::presented::Presented;
use crate::{events, problem::Problem, state::AppState};

/// Somebody who is known. Handlers take it first, so that nothing of a stranger's request is read.
pub(crate) struct Caller(pub(crate) Access);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        authenticate(state, &parts.headers).await
    }
}

/// Finds out who sends a request.
pub(crate) async fn authenticate(state: &AppState, headers: &HeaderMap) -> Result<Caller, Problem> {
    let refused = |detail: &str| Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail));
    let shown = match Presented::of(headers) {
        Presented::Nothing => {
            return refused(
                "no key came with the request: send `Authorization: Bearer <key>`; on the server's machine the key is \
                 in `admin.key` in the data folder",
            );
        }
        Presented::Unreadable => {
            events::refused_key();
            return refused("the credential cannot be read: send one header `Authorization: Bearer <key>`");
        }
        Presented::Token(text) => return state.app.tokens.access(&state.app.engine, text).await.map(Caller),
        Presented::Key(text) => text,
    };
    match state.app.engine.identity().of_key(shown).await {
        Ok(access) => Ok(Caller(access)),
        Err(error) => {
            if matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Forbidden) {
                events::refused_key();
            }
            Err(error.into())
        }
    }
}

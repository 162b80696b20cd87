//! From what a request shows to an [`Access`]: the one way in, whatever the route.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
};
use quarry_core::Access;

use super::{origin, presented::Presented};
use crate::{
    events,
    middleware::{Asking, Subject},
    problem::Problem,
    state::AppState,
};

/// Somebody who is known. Handlers take it first, so that nothing of a stranger's request is read.
pub(crate) struct Caller(pub(crate) Access);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let limits = &state.app.limits;
        let origin = origin::of(parts);
        let shown = Presented::of(&parts.headers);
        let asking = Asking::found(&parts.extensions);
        match authenticate(state, shown).await {
            Ok(access) => {
                let access = access.with_origin(origin);
                if let Some(asking) = asking {
                    limits.admit(asking, &Subject::of(&access)).await?;
                    asking.is(&access);
                }
                Ok(Self(access))
            }
            Err(refusal) => {
                // Where nothing can be said of a credential, it was not wrong.
                let tried = shown != Presented::Nothing && !refusal.status().is_server_error();
                if let Some(asking) = asking {
                    limits.turned_away(asking, tried).await?;
                }
                if tried {
                    let token = matches!(shown, Presented::Token(_));
                    if !token {
                        events::refused_key();
                    }
                    origin::refused(state, origin, if token { "token" } else { "key" });
                }
                Err(refusal)
            }
        }
    }
}

/// Whether something that may be a credential came with a request.
pub(crate) fn carries_key(headers: &HeaderMap) -> bool {
    Presented::of(headers) != Presented::Nothing
}

/// Finds out who sends a request.
async fn authenticate(state: &AppState, shown: Presented<'_>) -> Result<Access, Problem> {
    let refused = |detail: &str| Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail));
    match shown {
        Presented::Nothing => refused(
            "no key came with the request: send `Authorization: Bearer <key>`; on the server's machine the key is in \
             `admin.key` in the data folder",
        ),
        Presented::Unreadable => {
            refused("the credential cannot be read: send one header `Authorization: Bearer <key>`")
        }
        Presented::Token(text) => state.app.tokens.access(&state.app.engine, text).await,
        Presented::Key(text) => Ok(state.app.engine.identity().of_key(text).await?),
    }
}

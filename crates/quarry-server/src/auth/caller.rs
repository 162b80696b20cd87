//! From a key in a header to an [`Access`].

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use quarry_core::{Access, Actor, TenantId};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    events,
    middleware::{Asking, Subject},
    problem::Problem,
    state::AppState,
};

/// Somebody who has shown the key. Handlers take it first, so that nothing of a stranger's request is read.
pub(crate) struct Caller(pub(crate) Access);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let limits = &state.app.limits;
        let asking = Asking::found(&parts.extensions);
        match (authenticate(&parts.headers, &state.app.admin_key_hash), asking) {
            (outcome, None) => outcome,
            (Ok(caller), Some(asking)) => {
                limits.admit(asking, &Subject::of(&caller.0)).await?;
                Ok(caller)
            }
            (Err(refusal), Some(asking)) => {
                limits.turned_away(asking, carries_key(&parts.headers)).await?;
                Err(refusal)
            }
        }
    }
}

/// Whether something that may be a key came with a request.
pub(crate) fn carries_key(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-api-key")
}

/// Checks the key that came with a request.
fn authenticate(headers: &HeaderMap, expected: &[u8; 32]) -> Result<Caller, Problem> {
    let refused = |detail: &str| Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail));
    let Some(key) = presented(headers) else {
        return refused(
            "no key came with the request: send `Authorization: Bearer <key>`; on the server's machine the key is \
             in `admin.key` in the data folder",
        );
    };
    // Hashes are compared, not keys, so that neither content nor length shows in the time it takes.
    let hash: [u8; 32] = Sha256::digest(key).into();
    if bool::from(hash.ct_eq(expected)) {
        return Ok(Caller(Access::authenticated(TenantId::ROOT, Actor::Key("admin".to_owned()))));
    }
    events::refused_key();
    refused("the key is not the right one; on the server's machine it is in `admin.key` in the data folder")
}

fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, key) = value.as_bytes().split_at_checked(7)?;
        return scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii());
    }
    headers.get("x-api-key").map(|value| value.as_bytes().trim_ascii())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_read_from_either_header_and_compared() {
        let expected: [u8; 32] = Sha256::digest("secret").into();
        let cases = [
            ("authorization", "Bearer secret", true),
            ("authorization", "bearer secret ", true),
            ("x-api-key", "secret", true),
            ("authorization", "Basic secret", false),
            ("authorization", "secret", false),
            ("authorization", "Bearer secre", false),
            ("x-api-key", "secret2", false),
            ("x-api-key", "", false),
        ];
        for (name, value, right) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(authenticate(&headers, &expected).is_ok(), right, "{name}: {value}");
        }
        assert!(authenticate(&HeaderMap::new(), &expected).is_err());
    }
}

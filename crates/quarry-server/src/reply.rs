//! Responses: JSON, entity tags, preconditions.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// Our one representation.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The policy of everything that is not a page.
pub(crate) const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// A value as bytes. The buffer starts at the size of a usual search response, so that it rarely grows.
pub(crate) fn bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(16 * 1024);
    serde_json::to_writer(&mut bytes, value).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(bytes)
}

/// A JSON response.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Response, Problem> {
    Ok(([(header::CONTENT_TYPE, JSON)], bytes(value)?).into_response())
}

/// One resource with its entity tag; `304` when the caller has it already.
pub(crate) fn resource<T: Serialize>(headers: &HeaderMap, value: &T) -> Result<Response, Problem> {
    let body = bytes(value)?;
    let tag = tag(&body);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|given| names(given, &tag));
    if known {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(([(header::CONTENT_TYPE, JSON), (header::ETAG, tag)], body).into_response())
}

/// Refuses a change when the caller has seen another state than the present one.
pub(crate) fn require_match<T: Serialize>(headers: &HeaderMap, current: &T) -> Result<(), Problem> {
    let tag = tag(&bytes(current)?);
    if headers.get_all(header::IF_MATCH).iter().any(|given| names(given, &tag)) {
        return Ok(());
    }
    let detail = "it has changed since you read it: the `If-Match` tag is not the present one; read it again";
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail))
}

/// The entity tag of a representation: a hash of its bytes, so that it changes exactly when they do.
pub(crate) fn tag(body: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(body);
    let short = hash.get(..16).unwrap_or_default();
    HeaderValue::try_from(format!("\"{}\"", hex::encode(short)))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether a list of entity tags names this one. Proxies weaken tags when they compress, so `W/` is looked through.
fn names(given: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(given), Ok(tag)) = (given.to_str(), tag.to_str()) else { return false };
    given.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_lists() {
        let tag = HeaderValue::from_static("\"a\"");
        for (given, expected) in [
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(names(&HeaderValue::from_static(given), &tag), expected, "{given}");
        }
    }

    #[test]
    fn a_tag_follows_the_bytes() {
        assert_eq!(tag(b"a"), tag(b"a"));
        assert_ne!(tag(b"a"), tag(b"b"));
    }
}

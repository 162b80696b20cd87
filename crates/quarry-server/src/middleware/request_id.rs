//! The id that ties a response to the log.

use axum::http::{HeaderMap, HeaderValue};
use uuid::Uuid;

/// A request's id: the caller's own when it is harmless, else a fresh one.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

/// Its header.
pub(crate) const NAME: &str = "x-request-id";
/// Longest id taken from a caller: it is repeated in every log line of the request.
const LONGEST: usize = 64;

impl RequestId {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(NAME).filter(|value| is_harmless(value.as_bytes()));
        given.cloned().or_else(fresh).map_or_else(|| Self(HeaderValue::from_static("none")), Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn fresh() -> Option<HeaderValue> {
    let mut buffer = Uuid::encode_buffer();
    HeaderValue::from_str(Uuid::now_v7().simple().encode_lower(&mut buffer)).ok()
}

/// Letters, digits and a few signs: nothing that could forge a log line.
fn is_harmless(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_taken_when_it_is_harmless() {
        let id = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(NAME, HeaderValue::from_static(value));
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(id("build-42.a_b"), "build-42.a_b");
        assert_ne!(id("a b"), "a b");
        assert_ne!(id(""), "");
        assert_eq!(id("x y").len(), 32);
        assert_ne!(RequestId::of(&HeaderMap::new()).as_str(), RequestId::of(&HeaderMap::new()).as_str());
    }
}

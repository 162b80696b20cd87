//! Requests that are done once however often they are sent.
//!
//! A client that did not hear an answer sends the same request again with the same `Idempotency-Key` and gets the
//! first answer. Only successes are kept: what failed may be tried again.

use std::future::Future;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_core::Access;
use quarry_engine::idempotency::StoredResponse;
use sha2::{Digest, Sha256};

use crate::{problem::Problem, reply, state::AppState};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key in bytes.
const LONGEST: usize = 255;

/// What makes two requests the same. Parts are hashed with their lengths, so that moving a byte from one to the next
/// makes a difference.
#[derive(Clone, Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn part(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// An answer that can be given again.
pub(crate) struct Kept {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
    /// Where what was made can be found; reads it from the body.
    pub(crate) locate: fn(&serde_json::Value) -> Option<String>,
}

impl Kept {
    fn into_response(self, replayed: bool) -> Response {
        let location = serde_json::from_slice(&self.body).ok().and_then(|body| (self.locate)(&body));
        let mut response = (self.status, [(header::CONTENT_TYPE, reply::JSON)], self.body).into_response();
        let headers = response.headers_mut();
        if let Some(location) = location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// A request that may carry a key.
pub(crate) struct Repeatable<'a> {
    pub(crate) state: &'a AppState,
    pub(crate) access: &'a Access,
    pub(crate) headers: &'a HeaderMap,
}

impl Repeatable<'_> {
    /// Whether there is a key, so that a fingerprint is worth its time.
    pub(crate) fn has_key(&self) -> bool {
        self.headers.contains_key(KEY)
    }

    /// Does the work, or gives the answer it gave before.
    pub(crate) async fn once(
        &self,
        fingerprint: Fingerprint,
        locate: fn(&serde_json::Value) -> Option<String>,
        work: impl Future<Output = Result<Kept, Problem>>,
    ) -> Result<Response, Problem> {
        let Some(key) = self.key()? else {
            return Ok(work.await?.into_response(false));
        };
        let Some(_turn) = Turn::take(self.state, self.access, key) else {
            let detail = "a request with this `Idempotency-Key` is being answered; wait for it or try again";
            let problem = Problem::new(StatusCode::CONFLICT, "idempotency_in_progress", detail);
            return Err(problem.retry_after(std::time::Duration::from_secs(1)));
        };
        let idempotency = self.state.app.engine.idempotency();
        let fingerprint = fingerprint.finish();
        if let Some(stored) = idempotency.find(self.access, key).await? {
            if stored.fingerprint != fingerprint {
                let detail =
                    "this `Idempotency-Key` was used for another request; take a new key for a new request";
                return Err(Problem::new(StatusCode::CONFLICT, "idempotency_conflict", detail));
            }
            let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
            return Ok(Kept { status, body: stored.body, locate }.into_response(true));
        }
        let kept = work.await?;
        let stored = StoredResponse {
            fingerprint,
            status: kept.status.as_u16(),
            content_type: "application/json".to_owned(),
            body: kept.body.clone(),
        };
        idempotency.put(self.access, key, stored).await?;
        Ok(kept.into_response(false))
    }

    fn key(&self) -> Result<Option<&str>, Problem> {
        let Some(value) = self.headers.get(KEY) else { return Ok(None) };
        let key = value.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()));
        key.map(Some).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_idempotency_key",
                format!("the `Idempotency-Key` must be 1 to {LONGEST} visible ASCII characters"),
            )
        })
    }
}

/// The right to answer for a key, while the first request with it is at hand.
struct Turn<'a> {
    state: &'a AppState,
    key: String,
}

impl<'a> Turn<'a> {
    /// Keys are a caller's own: what somebody else sends under the same one has nothing to do with it.
    fn take(state: &'a AppState, access: &Access, key: &str) -> Option<Self> {
        let key = format!("{}/{}/{key}", access.tenant(), access.actor());
        let fresh = state.answering.lock().insert(key.clone());
        fresh.then(|| Self { state, key })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.state.answering.lock().remove(&self.key);
    }
}

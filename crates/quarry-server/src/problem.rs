//! Errors as people and programs see them: RFC 9457 problems. The one place that knows status codes.
//!
//! A handler returns a [`Problem`]; the middleware, which knows the request's id, renders it. What went wrong inside
//! (5xx) is logged there and never sent.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use quarry_core::{ErrorKind, Fault};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<Pointed>,
    retry_after: Option<Duration>,
    /// What the log says; only for 5xx.
    cause: Option<String>,
}

/// A mistake in a request's body, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pointed {
    /// JSON pointer into the body.
    #[schema(example = "/filter/and/0/eq/field")]
    pub pointer: String,
    /// A sentence.
    pub detail: String,
}

/// A problem as it is sent, `application/problem+json`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Always `about:blank`: `code` says which problem it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    pub kind: String,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// A sentence a person can act on.
    #[schema(example = "there is no collection `reports`")]
    pub detail: String,
    /// A stable name a program can act on.
    #[schema(example = "collection_not_found")]
    pub code: String,
    /// The request's id, as in the log and in `X-Request-Id`.
    pub request_id: String,
    /// For invalid bodies: each mistake and where it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<Pointed>,
}

const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What is said instead of the reason when it is ours.
const fn generic(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Timeout => "something the server needs did not answer in time; try again",
        ErrorKind::Unavailable => "something the server needs is not available now; try again in a moment",
        _ => "something went wrong in the server; its log says more under this request id",
    }
}

/// Codes of 5xx whose sentences are written for the caller and tell nothing of what is inside.
const SAID: [&str; 5] =
    ["collection_busy", "issuer_unavailable", "model_not_installed", "shutting_down", "too_many_runs"];

impl<F: Fault> From<F> for Problem {
    fn from(fault: F) -> Self {
        let status = status_of(fault.kind());
        let mut problem = Self::new(status, fault.code(), fault.to_string());
        problem.retry_after = fault.retry_after();
        if status.is_server_error() && SAID.contains(&fault.code()) {
            problem.cause = Some(problem.detail.clone());
        } else if status.is_server_error() {
            problem.cause = Some(std::mem::replace(&mut problem.detail, generic(fault.kind()).to_owned()));
        } else if let Some(pointer) = fault.pointer() {
            let detail = problem.detail.clone();
            problem = problem.at(pointer, detail);
        }
        problem
    }
}

impl Problem {
    /// A problem the door itself found.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        let (code, detail) = (code.into(), detail.into());
        Self { status, code, detail, errors: Vec::new(), retry_after: None, cause: None }
    }

    /// A request that can never work.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// A request that was not done in its time.
    pub(crate) fn too_late(patience: Duration) -> Self {
        let detail = format!(
            "the request was not done within {} seconds (`server.request_timeout_seconds`)",
            patience.as_secs()
        );
        Self::new(StatusCode::GATEWAY_TIMEOUT, "request_timeout", detail)
    }

    /// The same, with a place in the body.
    pub(crate) fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(Pointed { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// The same, with a time to wait before trying again.
    pub(crate) const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Our mistake; the reason is logged, not sent.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let kind = ErrorKind::Internal;
        Self { cause: Some(cause.into()), ..Self::new(status_of(kind), "internal", generic(kind)) }
    }

    /// The same, where the caller knows a field by another name than the engine.
    pub(crate) fn renamed(mut self, engine: &str, caller: &str) -> Self {
        for error in &mut self.errors {
            if error.pointer == engine {
                caller.clone_into(&mut error.pointer);
            }
        }
        self
    }

    /// The same, where the caller knows everything but some fields below a field of its own.
    pub(crate) fn below(mut self, field: &str, but: &[&str]) -> Self {
        for error in self.errors.iter_mut().filter(|error| !but.contains(&error.pointer.as_str())) {
            error.pointer.insert_str(0, field);
        }
        self
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The body, now that the request's id is known.
    pub(crate) fn body(self, request_id: &str) -> ProblemBody {
        ProblemBody {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code.into_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6750: the error is said where a credential came that was readable and is not taken.
            let challenge = HeaderValue::from_static(match self.code.as_ref() {
                "unauthenticated" => "Bearer realm=\"quarry\"",
                _ => "Bearer realm=\"quarry\", error=\"invalid_token\"",
            });
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, and never zero, which would mean at once.
            let seconds = HeaderValue::from(wait.as_millis().div_ceil(1_000).max(1) as u64);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Broken(ErrorKind);

    impl std::fmt::Display for Broken {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the disk at /secret is full")
        }
    }

    impl std::error::Error for Broken {}

    impl Fault for Broken {
        fn kind(&self) -> ErrorKind {
            self.0
        }

        fn code(&self) -> &'static str {
            "broken"
        }
    }

    #[test]
    fn what_is_our_fault_is_logged_and_not_sent() {
        let problem = Problem::from(Broken(ErrorKind::Internal));
        assert_eq!(problem.cause(), Some("the disk at /secret is full"));
        let body = problem.body("r1");
        assert_eq!((body.status, body.code.as_str(), body.request_id.as_str()), (500, "broken", "r1"));
        assert!(!body.detail.contains("secret"), "{}", body.detail);
    }

    #[test]
    fn what_is_the_callers_fault_is_said() {
        let body = Problem::from(Broken(ErrorKind::Conflict)).body("r1");
        assert_eq!((body.status, body.title.as_str()), (409, "Conflict"));
        assert_eq!(body.detail, "the disk at /secret is full");
    }
}

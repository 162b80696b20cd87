//! What the door tells operators: one function an event does the log line and the metric together, so that they
//! cannot drift. Never the text of questions or documents, and never a key.

use std::{io, time::Duration};

use axum::http::{Method, StatusCode};
use metrics::{counter, gauge, histogram};

/// A request that was answered, with the template of its route.
pub(crate) struct Answered<'a> {
    pub(crate) method: &'a Method,
    pub(crate) route: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) took: Duration,
    pub(crate) request_id: &'a str,
}

/// A request was answered.
pub(crate) fn answered(request: &Answered<'_>) {
    let Answered { method, route, status, took, request_id } = *request;
    // The method and the route are few; the metrics library wants them owned.
    let labels = [
        ("method", name_of(method).into()),
        ("route", metrics::SharedString::from(route.to_owned())),
        ("status", metrics::SharedString::from(status.as_str().to_owned())),
    ];
    counter!("quarry_http_requests_total", &labels).increment(1);
    histogram!("quarry_http_request_seconds", "route" => route.to_owned()).record(took.as_secs_f64());
    let (status, took_ms) = (status.as_u16(), took.as_secs_f64() * 1_000.0);
    if status < 400 {
        tracing::debug!(target: "quarry::access", %method, route, status, took_ms, request_id, "answered");
    } else {
        tracing::info!(target: "quarry::access", %method, route, status, took_ms, request_id, "answered");
    }
}

/// Methods are a closed list here: a label must not take whatever a stranger sends.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request as being worked on for as long as it lives, also when its caller hangs up.
pub(crate) struct InFlight;

impl InFlight {
    /// A request is being worked on.
    pub(crate) fn begin() -> Self {
        gauge!("quarry_http_requests_in_flight").increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("quarry_http_requests_in_flight").decrement(1.0);
    }
}

/// Counts a run as being listened to or waited for, for as long as it lives.
pub(crate) struct Listening;

impl Listening {
    /// A client listens to a run or waits for it.
    pub(crate) fn begin() -> Self {
        gauge!("quarry_http_streams").increment(1.0);
        Self
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        gauge!("quarry_http_streams").decrement(1.0);
    }
}

/// A request failed through no fault of its caller; the only place where the reason is told.
pub(crate) fn failed(code: &str, reason: &str, request_id: &str) {
    counter!("quarry_http_failures_total", "code" => code.to_owned()).increment(1);
    tracing::error!(code, reason, request_id, "a request failed");
}

/// A key was presented that is not the right one.
pub(crate) fn refused_key() {
    counter!("quarry_http_refused_keys_total").increment(1);
}

/// A token was presented that is not taken.
pub(crate) fn refused_token(reason: &'static str) {
    counter!("quarry_http_refused_tokens_total", "reason" => reason).increment(1);
}

/// The keys of an issuer came.
pub(crate) fn issuer_keys(issuer: &str, keys: usize) {
    counter!("quarry_issuer_fetches_total", "issuer" => issuer.to_owned(), "outcome" => "fetched")
        .increment(1);
    tracing::debug!(issuer, keys, "the keys of an issuer were fetched");
}

/// The keys of an issuer did not come.
pub(crate) fn issuer_keys_failed(issuer: &str, code: &'static str, error: &dyn std::error::Error) {
    counter!("quarry_issuer_fetches_total", "issuer" => issuer.to_owned(), "outcome" => code).increment(1);
    tracing::warn!(issuer, code, %error, "the keys of an issuer could not be fetched; those that are known stay");
}

/// A request was counted and is within its rate; the limit and whose it is are those of the tightest.
pub(crate) fn within_rate(class: &'static str, subject: &'static str) {
    counter!("quarry_rate_limits_total", "class" => class, "subject" => subject, "outcome" => "allowed")
        .increment(1);
}

/// A request was refused because it is over its rate.
pub(crate) fn over_rate(class: &'static str, subject: &'static str) {
    counter!("quarry_rate_limits_total", "class" => class, "subject" => subject, "outcome" => "refused")
        .increment(1);
    tracing::debug!(class, subject, "a request was over its rate");
}

pub(crate) fn accept_failed(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
}

pub(crate) fn drained_late(connections: usize, grace: Duration) {
    tracing::warn!(
        connections,
        grace_seconds = grace.as_secs(),
        "connections did not end in time and were cut"
    );
}

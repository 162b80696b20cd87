//! The one layer around every route: id, client, rate, room, deadline, net for panics, headers, log line and metrics.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tracing::Instrument;

use super::{
    client::ClientAddress,
    limits::{Asking, Door},
    request_id::{self, RequestId},
    room::Room,
};
use crate::{
    auth,
    events::{self, Answered, InFlight},
    openai,
    problem::Problem,
    reply,
    state::AppState,
    v1::documents::MAX_WAIT_SECONDS,
};

/// Wraps every route.
pub(crate) async fn front(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let _in_flight = InFlight::begin();
    let id = RequestId::of(request.headers());
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unknown", MatchedPath::as_str);
    let span = tracing::info_span!("request", request_id = id.as_str());
    let patience = patience(&state, &method, route, request.uri().query());
    let client = ClientAddress::of(&request, &state.app.settings.trusted_proxies);
    let asking = Asking::new(&method, route, client.ip);
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(asking.clone());
    let response = limited(&state, request, next, (route, patience), &asking).instrument(span).await;
    if response.status() == StatusCode::FORBIDDEN
        && let Some(access) = asking.who()
    {
        auth::origin::forbidden(&state, &access, format!("{method} {route}"));
    }
    let mut response = finish(response, &id, route);
    asking.show(response.headers_mut());
    events::answered(&Answered {
        method: &method,
        route,
        status: response.status(),
        took: started.elapsed(),
        request_id: id.as_str(),
    });
    response
}

/// Lets a request through that its address has not used up. Callers with a key are counted where it is read.
async fn limited(
    state: &AppState,
    request: Request,
    next: Next,
    how: (&str, Option<Duration>),
    asking: &Asking,
) -> Response {
    let limits = &state.app.limits;
    if let Err(refusal) = limits.recalled(asking, auth::carries_key(request.headers())) {
        return refusal.into_response();
    }
    let keyless = matches!(asking.door(), Door::Open | Door::Proof);
    if keyless && let Err(refusal) = limits.entered(asking).await {
        return refusal.into_response();
    }
    let response = answer(state, request, next, how).await;
    let failed = asking.door() == Door::Proof && response.status() == StatusCode::UNAUTHORIZED;
    if failed && let Err(refusal) = limits.turned_away(asking, true).await {
        return refusal.into_response();
    }
    response
}

async fn answer(
    state: &AppState,
    mut request: Request,
    next: Next,
    limits: (&str, Option<Duration>),
) -> Response {
    let (route, patience) = limits;
    // Probes must be answered when the server is busy; that is what they are for.
    let room = if is_probe(route) { Some(Room::default()) } else { Room::enter(state) };
    let Some(room) = room else {
        return overloaded().into_response();
    };
    request.extensions_mut().insert(room.clone());
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    let outcome = match patience {
        Some(patience) => match tokio::time::timeout(patience, work).await {
            Ok(outcome) => outcome,
            Err(_) => return Problem::too_late(patience).into_response(),
        },
        None => work.await,
    };
    outcome.unwrap_or_else(|panic| Problem::internal(format!("panic: {}", said(&*panic))).into_response())
}

fn is_probe(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics")
}

fn overloaded() -> Problem {
    let detail =
        "the server has as many requests at hand as it takes (`server.max_requests`); try again in a moment";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail).retry_after(Duration::from_secs(1))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Routes that may wait for the end of a run, which is held to its budgets, read a body of any length, which may not be
/// silent for long, or walk all of the audit log. What they do before and besides is held to the request timeout by themselves.
const TAKES_ITS_TIME: [&str; 6] = [
    "/v1/query",
    "/v1/agents/{agent}/runs",
    "/v1/runs/{id}/approvals",
    "/v1/chat/completions",
    "/v1/documents/bulk",
    "/v1/audit/verify",
];

/// How long a request may take; for ever where the work is as long as the collection is large.
fn patience(state: &AppState, method: &Method, route: &str, query: Option<&str>) -> Option<Duration> {
    if route.starts_with("/v1/collections/{name}/index") || TAKES_ITS_TIME.contains(&route) {
        return None;
    }
    let mut patience = state.patience();
    if route == "/v1/documents" && *method == Method::POST {
        let wait =
            query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("wait="));
        let seconds = wait.and_then(|wait| wait.parse().ok()).unwrap_or(0_u64).min(MAX_WAIT_SECONDS);
        patience += Duration::from_secs(seconds);
    }
    Some(patience)
}

/// Renders a problem, and sets the headers that every response has.
fn finish(mut response: Response, id: &RequestId, route: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if let Some(cause) = problem.cause() {
            events::failed(problem.code(), cause, id.as_str());
        }
        let (body, kind) = if openai::speaks(route) {
            *response.status_mut() = openai::status(&problem);
            (serde_json::to_vec(&openai::failure(problem)), "application/json")
        } else {
            (serde_json::to_vec(&problem.body(id.as_str())), "application/problem+json")
        };
        *response.body_mut() = body.unwrap_or_default().into();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        // A length of zero may stand there from before.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    headers.insert(request_id::NAME, id.header());
    secure(headers, route);
    response
}

fn secure(headers: &mut HeaderMap, route: &str) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        // Pages set their own; nothing else is to be rendered.
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(reply::NOTHING_RUNS));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        let caching = if route.starts_with("/v1/") { "no-store" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    }
}

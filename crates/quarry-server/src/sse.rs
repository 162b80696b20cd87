//! Server-sent events: the one writer of every stream.
//!
//! A stream holds its place among the streams until it is dropped, which happens when it has ended or its client has
//! gone away; dropping it also stops listening to the run. Nothing is buffered here: an event is written when the
//! connection takes it.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{FutureExt, Stream, StreamExt};
use quarry_engine::agent::{AgentEvent, RunEvents};
use serde::Serialize;

use crate::{middleware::Place, problem::Problem};

/// A comment is sent after so much silence: proxies close connections on which nothing moves, some after 30 seconds.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Tells nginx not to gather what is to be seen at once.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Where a client that comes back stopped reading.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Whether a client wants a stream: it says so in the body or, where it says nothing there, in `Accept`.
pub(crate) fn wanted(stream: Option<bool>, headers: &HeaderMap) -> bool {
    stream.unwrap_or_else(|| {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        accepted.flat_map(|value| value.split(',')).any(|kind| {
            kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
        })
    })
}

/// The number of the last event a client has, from its header or else from the address.
pub(crate) fn last_seen(headers: &HeaderMap, after: Option<u64>) -> Result<u64, Problem> {
    let Some(given) = headers.get(LAST_EVENT_ID) else { return Ok(after.unwrap_or(0)) };
    let number = given.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| {
        let detail = "`Last-Event-ID` is the `id` of an event of this run: a whole number";
        Problem::new(StatusCode::BAD_REQUEST, "invalid_last_event_id", detail)
    })
}

/// The events of a run, each with its number as `id`, its type as `event` and itself as `data`.
pub(crate) fn run(events: RunEvents, place: Place) -> Response {
    response(events.map(|(number, event)| frame(number, &event)), place)
}

/// The same for a client that comes back: `204` where nothing more will come, which tells a browser to stop asking.
pub(crate) fn resumed(mut events: RunEvents, place: Place) -> Response {
    match events.next().now_or_never() {
        Some(None) => StatusCode::NO_CONTENT.into_response(),
        Some(Some(first)) => run(futures::stream::iter([first]).chain(events).boxed(), place),
        None => run(events, place),
    }
}

/// A value each time it has changed, as events of one kind.
pub(crate) fn values<T: Serialize + Send + 'static>(
    values: impl Stream<Item = T> + Send + Unpin + 'static,
    kind: &'static str,
    place: Place,
) -> Response {
    response(values.map(move |value| data(&value).event(kind)), place)
}

/// Any stream of events.
pub(crate) fn response(events: impl Stream<Item = Event> + Send + Unpin + 'static, place: Place) -> Response {
    let held = Held { events, _place: place };
    let beating = KeepAlive::new().interval(HEARTBEAT).text("still here");
    let mut response = Sse::new(held).keep_alive(beating).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(NO_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// An event with a value as its data.
pub(crate) fn data<T: Serialize>(value: &T) -> Event {
    Event::default()
        .json_data(value)
        .unwrap_or_else(|_| Event::default().comment("an event could not be written"))
}

fn frame(number: u64, event: &AgentEvent) -> Event {
    data(event).id(number.to_string()).event(kind(event))
}

/// The `type` of an event.
const fn kind(event: &AgentEvent) -> &'static str {
    match event {
        AgentEvent::Started { .. } => "started",
        AgentEvent::Step { .. } => "step",
        AgentEvent::Thought { .. } => "thought",
        AgentEvent::ToolCalled { .. } => "tool_called",
        AgentEvent::ApprovalRequired { .. } => "approval_required",
        AgentEvent::ApprovalDecided { .. } => "approval_decided",
        AgentEvent::ToolReturned { .. } => "tool_returned",
        AgentEvent::Retrieved { .. } => "retrieved",
        AgentEvent::Said { .. } => "said",
        AgentEvent::StepFinished { .. } => "step_finished",
        AgentEvent::Degraded { .. } => "degraded",
        AgentEvent::Recorded(_) => "recorded",
        AgentEvent::Finished(_) => "finished",
        AgentEvent::Failed { .. } => "failed",
    }
}

/// A stream and its place.
struct Held<S> {
    events: S,
    _place: Place,
}

impl<S: Stream<Item = Event> + Unpin> Stream for Held<S> {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_next_unpin(context).map(|next| next.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::BodyDataStream;
    use tokio::sync::Semaphore;

    use super::*;

    fn place(places: &Arc<Semaphore>) -> Place {
        Place::of(Arc::clone(places).try_acquire_owned().unwrap())
    }

    async fn next(body: &mut BodyDataStream) -> String {
        String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap()
    }

    fn said(text: &str) -> AgentEvent {
        AgentEvent::Said { text: text.to_owned() }
    }

    #[tokio::test]
    async fn an_event_has_its_number_its_type_and_itself() {
        let places = Arc::new(Semaphore::new(1));
        let events = futures::stream::iter([(3, said("a\nb")), (5, said("c"))]).boxed();
        let response = run(events, place(&places));
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut body = response.into_body().into_data_stream();
        let first = next(&mut body).await;
        let mut lines: Vec<&str> = first.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["", "data: {\"type\":\"said\",\"text\":\"a\\nb\"}", "event: said", "id: 3"]);
        assert!(next(&mut body).await.contains("id: 5"));
        assert!(body.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_every_fifteen_seconds() {
        let places = Arc::new(Semaphore::new(1));
        let response = run(futures::stream::pending().boxed(), place(&places));
        let mut body = response.into_body().into_data_stream();
        let started = tokio::time::Instant::now();
        for beat in 1..=3 {
            assert_eq!(next(&mut body).await, ": still here\n\n");
            assert_eq!(started.elapsed().as_secs(), beat * 15);
        }
    }

    #[tokio::test]
    async fn a_stream_that_is_dropped_gives_its_place_back() {
        let places = Arc::new(Semaphore::new(1));
        let response = run(futures::stream::pending().boxed(), place(&places));
        assert_eq!(places.available_permits(), 0);
        drop(response);
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test]
    async fn whoever_comes_back_for_nothing_is_told_so() {
        let places = Arc::new(Semaphore::new(3));
        let status = |events: RunEvents| resumed(events, place(&places)).status();
        assert_eq!(status(futures::stream::empty().boxed()), StatusCode::NO_CONTENT);
        assert_eq!(status(futures::stream::iter([(1, said("a"))]).boxed()), StatusCode::OK);
        assert_eq!(status(futures::stream::pending().boxed()), StatusCode::OK);
    }

    #[test]
    fn a_stream_is_wanted_by_the_body_or_else_by_the_header() {
        let accepting = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(value));
            headers
        };
        assert!(wanted(None, &accepting("application/json, Text/Event-Stream;q=0.9")));
        assert!(!wanted(Some(false), &accepting("text/event-stream")));
        assert!(wanted(Some(true), &HeaderMap::new()));
        assert!(!wanted(None, &accepting("*/*")));
        let mut headers = HeaderMap::new();
        assert_eq!(last_seen(&headers, Some(4)).unwrap(), 4);
        headers.insert("last-event-id", HeaderValue::from_static("7"));
        assert_eq!(last_seen(&headers, Some(4)).unwrap(), 7);
        headers.insert("last-event-id", HeaderValue::from_static("-7"));
        assert_eq!(last_seen(&headers, None).unwrap_err().code(), "invalid_last_event_id");
    }
}

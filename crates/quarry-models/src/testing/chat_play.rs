//! What a scripted chat server does with one request, as bytes that are made once.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};

/// What follows the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// The next request.
    Next,
    /// The connection is closed.
    Close,
    /// Nothing, until the client leaves.
    Hang,
}

/// One answer of a [`super::ChatServer`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Play {
    pub(super) pieces: Arc<[Bytes]>,
    /// All pieces in one, for the write that tests of speed need.
    pub(super) whole: Bytes,
    pub(super) pace: Duration,
    pub(super) then: Then,
}

/// A call as a script writes it.
#[derive(Clone, Copy, Debug)]
pub struct PlayedCall<'a> {
    /// Left out of the deltas where empty.
    pub id: &'a str,
    /// The tool.
    pub name: &'a str,
    /// The arguments; they go out in small pieces.
    pub arguments: &'a str,
}

const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// The end of a chunked body.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Characters of arguments in one delta: small, so that a piece ends inside of words and escapes.
const PIECE: usize = 5;

impl Play {
    fn new(pieces: Vec<Vec<u8>>, then: Then) -> Self {
        let whole = Bytes::from(pieces.concat());
        Self { pieces: pieces.into_iter().map(Bytes::from).collect(), whole, pace: Duration::ZERO, then }
    }

    /// The same with a pause before each piece but the first.
    #[must_use]
    pub const fn paced(mut self, pause: Duration) -> Self {
        self.pace = pause;
        self
    }

    /// A streamed reply of these pieces, with usage and the end mark.
    #[must_use]
    pub fn text(pieces: &[&str]) -> Self {
        let events = pieces.iter().map(|text| delta(&json!({"content": text})));
        Self::streamed(events.chain(ending("stop")).collect())
    }

    /// A reply in one piece, as a server gives that does not stream.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::json(
            200,
            &json!({
                "id": "played", "object": "chat.completion", "model": "played",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": usage(),
            }),
        )
    }

    /// A streamed reply of calls, their arguments in small pieces, all calls in turn.
    #[must_use]
    pub fn calls(calls: &[PlayedCall<'_>]) -> Self {
        let mut events = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let mut first =
                json!({"index": index, "type": "function", "function": {"name": call.name, "arguments": ""}});
            if let (false, Some(first)) = (call.id.is_empty(), first.as_object_mut()) {
                first.insert("id".to_owned(), call.id.into());
            }
            events.push(delta(&json!({"tool_calls": [first]})));
        }
        let mut rests: Vec<Vec<char>> = calls.iter().map(|call| call.arguments.chars().collect()).collect();
        while rests.iter().any(|rest| !rest.is_empty()) {
            for (index, rest) in rests.iter_mut().enumerate().filter(|(_, rest)| !rest.is_empty()) {
                let piece: String = rest.drain(..PIECE.min(rest.len())).collect();
                events.push(delta(
                    &json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}),
                ));
            }
        }
        events.extend(ending("tool_calls"));
        Self::streamed(events)
    }

    /// A call whose arguments are no JSON.
    #[must_use]
    pub fn malformed_arguments(tool: &str) -> Self {
        Self::calls(&[PlayedCall { id: "call_1", name: tool, arguments: "{\"query\": \"unfinished" }])
    }

    /// A status with OpenAI's form of an error.
    #[must_use]
    pub fn status(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"error": {"message": message, "type": "played", "code": null}}))
    }

    /// HTTP 429 with `Retry-After`.
    #[must_use]
    pub fn rate_limited(seconds: u32) -> Self {
        let body =
            json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}});
        Self::answer(
            429,
            &format!("content-type: application/json\r\nretry-after: {seconds}\r\n"),
            &body.to_string(),
        )
    }

    /// Takes the request and sends nothing.
    #[must_use]
    pub fn silence() -> Self {
        Self::new(Vec::new(), Then::Hang)
    }

    /// These pieces, then nothing more.
    #[must_use]
    pub fn stall_after(pieces: &[&str]) -> Self {
        Self::begun(pieces, Then::Hang)
    }

    /// These pieces, then the connection breaks in the middle of the body.
    #[must_use]
    pub fn cut_after(pieces: &[&str]) -> Self {
        Self::begun(pieces, Then::Close)
    }

    /// These pieces, then an orderly end of the body without a finish reason.
    #[must_use]
    pub fn ended_after(pieces: &[&str]) -> Self {
        Self::streamed(pieces.iter().map(|text| delta(&json!({"content": text}))).collect())
    }

    /// One piece, then an event that is no JSON.
    #[must_use]
    pub fn malformed_delta() -> Self {
        let events =
            vec![delta(&json!({"content": "so "})), "data: {\"choices\": [{\"delta\"\n\n".to_owned()];
        Self::streamed(events)
    }

    /// One piece, then an error inside the stream.
    #[must_use]
    pub fn error_event(message: &str) -> Self {
        let error = json!({"error": {"message": message, "type": "server_error", "code": 500}});
        Self::streamed(vec![delta(&json!({"content": "so "})), format!("data: {error}\n\n")])
    }

    /// A streamed reply of this many bytes of text.
    #[must_use]
    pub fn huge(bytes: usize) -> Self {
        let piece = delta(&json!({"content": "x".repeat(16 * 1024)}));
        let events = std::iter::repeat_n(piece, bytes.div_ceil(16 * 1024));
        Self::streamed(events.chain(ending("stop")).collect())
    }

    /// This many bytes that never end their line.
    #[must_use]
    pub fn endless_line(bytes: usize) -> Self {
        Self::streamed(vec![format!("data: {}", "x".repeat(bytes))])
    }

    /// JSON with a status.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::answer(status, "content-type: application/json\r\n", &body.to_string())
    }

    /// A text with a status and headers, each line of them ending in `\r\n`.
    #[must_use]
    pub fn answer(status: u16, headers: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status} Played\r\n{headers}content-length: {}\r\n\r\n", body.len());
        Self::new(vec![head.into_bytes(), body.as_bytes().to_vec()], Then::Next)
    }

    /// A stream of these texts as they are, each a chunk of the body: for other dialects than OpenAI's.
    #[must_use]
    pub fn streamed(events: Vec<String>) -> Self {
        let mut pieces = stream(events);
        pieces.push(LAST_CHUNK.to_vec());
        Self::new(pieces, Then::Next)
    }

    /// As [`Play::streamed`], but the connection breaks behind the last text.
    #[must_use]
    pub fn streamed_and_cut(events: Vec<String>) -> Self {
        Self::new(stream(events), Then::Close)
    }

    fn begun(pieces: &[&str], then: Then) -> Self {
        Self::new(stream(pieces.iter().map(|text| delta(&json!({"content": text}))).collect()), then)
    }
}

fn stream(events: Vec<String>) -> Vec<Vec<u8>> {
    let chunks = events.into_iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len()).into_bytes());
    std::iter::once(STREAM_HEAD.as_bytes().to_vec()).chain(chunks).collect()
}

fn usage() -> Value {
    json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})
}

fn chunk(choices: &Value, usage: &Value) -> String {
    let chunk = json!({"id": "played", "object": "chat.completion.chunk", "created": 0, "model": "played",
        "choices": choices, "usage": usage});
    format!("data: {chunk}\n\n")
}

fn delta(delta: &Value) -> String {
    chunk(&json!([{"index": 0, "delta": delta, "finish_reason": null}]), &Value::Null)
}

/// The last events of a reply: reason, usage, end mark.
fn ending(reason: &str) -> [String; 3] {
    let last = json!([{"index": 0, "delta": {}, "finish_reason": reason}]);
    [chunk(&last, &Value::Null), chunk(&json!([]), &usage()), "data: [DONE]\n\n".to_owned()]
}

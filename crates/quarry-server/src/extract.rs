//! What handlers unpack: JSON bodies, query parameters, names and ids in the path. Each refusal says what was wrong
//! and, in a body, where.

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use quarry_core::{CollectionName, DocumentId, FactId, JobId, QueryId, RunId, SessionId, WebhookId};
use serde::de::DeserializeOwned;

use crate::{problem::Problem, state::AppState};

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let bytes = json_bytes(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body that must have come within the request timeout, on a route whose answer may take longer.
pub(crate) struct Timely<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Timely<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        state.in_time(Body::from_request(request, state)).await.map(|Body(read)| Self(read))
    }
}

/// The bytes of a body that says it is JSON.
pub(crate) async fn json_bytes(request: Request, state: &AppState) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(unsupported("`application/json`"));
    }
    Bytes::from_request(request, state).await.map_err(|refused| {
        if refused.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return too_large();
        }
        Problem::invalid("the body broke off before its end")
    })
}

/// The body is over its limit.
pub(crate) fn too_large() -> Problem {
    let detail =
        "the body is too large: uploads are limited by `server.max_body_bytes`, other requests to 2 MiB";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// The body's type is not one this route reads.
pub(crate) fn unsupported(taken: &str) -> Problem {
    let detail = format!("this route takes {taken}: say so in `Content-Type`");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

/// Whether the body says it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json")
}

/// Reads a JSON object. Only a body that fails is read a second time, to find out where.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list would be read as the fields in the order of the code, which nobody means.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid("the body is a JSON list; this route takes a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| mistake::<T>(bytes, &error))
}

fn mistake<T: DeserializeOwned>(bytes: &[u8], error: &serde_json::Error) -> Problem {
    if bytes.trim_ascii().is_empty() {
        return Problem::invalid("the body is empty; this route takes a JSON object");
    }
    if !error.is_data() {
        return Problem::invalid(format!("the body is not JSON: {error}"));
    }
    let read = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(bytes));
    let Err(placed) = read else { return Problem::invalid(error.to_string()) };
    let pointer = pointer(placed.path());
    let sentence = sentence(&placed.inner().to_string());
    let place = if pointer.is_empty() { String::new() } else { format!(" at `{pointer}`") };
    Problem::invalid(format!("the body is wrong{place}: {sentence}")).at(pointer, sentence)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => Some(format!("/{variant}")),
            Segment::Unknown => None,
        })
        .collect()
}

/// A deserialiser's message as a person would say it: without the position, which the pointer tells better.
fn sentence(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    // What a choice without a name of its own may be; the deserialiser only knows that it was none of it.
    let choices = [
        ("untagged enum Value", "a value is true, false, a number, text, or a list of these"),
        (
            "untagged enum MessageContent",
            "a message's content is text, or a list of parts with `type` and `text`",
        ),
        ("untagged enum EmbeddingInput", "the input is a text or a list of texts"),
    ];
    if let Some((_, said)) = choices.into_iter().find(|(name, _)| message.contains(name)) {
        return said.to_owned();
    }
    let Some((what, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    match number(expected) {
        Some(number) => format!("{what}, expected {number}"),
        None => message.to_owned(),
    }
}

/// What a person calls a number of one of the code's types.
fn number(kind: &str) -> Option<&'static str> {
    match kind {
        "u8" | "u16" | "u32" | "u64" | "usize" => Some("a whole number from 0"),
        "i8" | "i16" | "i32" | "i64" | "isize" => Some("a whole number"),
        "f32" | "f64" => Some("a number"),
        _ => None,
    }
}

/// Query parameters.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(read)) => Ok(Self(read)),
            Err(refused) => {
                let mut reason: &dyn std::error::Error = &refused;
                while let Some(cause) = reason.source() {
                    reason = cause;
                }
                let code = "invalid_parameter";
                let reason = reason.to_string();
                let reason = match reason.as_str() {
                    "invalid digit found in string"
                    | "cannot parse integer from empty string"
                    | "number too large to fit in target type"
                    | "number too small to fit in target type" => {
                        "not a whole number from 0, or too large a one"
                    }
                    other => other,
                };
                let detail = format!("the query parameters are wrong: {reason}");
                Err(Problem::new(StatusCode::BAD_REQUEST, code, detail))
            }
        }
    }
}

/// The one name or id in a path.
pub(crate) struct InPath<T>(pub(crate) T);

/// The two names or ids in a path.
pub(crate) struct InPaths<A, B>(pub(crate) A, pub(crate) B);

impl<A: Segment, B: Segment> FromRequestParts<AppState> for InPaths<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Path((first, second)) =
            Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| not_utf8())?;
        Ok(Self(A::read(&first)?, B::read(&second)?))
    }
}

fn not_utf8() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_path", "the path is not UTF-8")
}

/// What can stand in a path.
pub(crate) trait Segment: Sized {
    fn read(text: &str) -> Result<Self, Problem>;
}

impl<T: Segment> FromRequestParts<AppState> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| not_utf8())?;
        T::read(&text).map(Self)
    }
}

impl Segment for CollectionName {
    fn read(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|error: quarry_core::NameError| {
            Problem::new(StatusCode::BAD_REQUEST, "invalid_collection_name", error.to_string())
        })
    }
}

/// A name or an id, which the engine tells apart.
impl Segment for String {
    fn read(text: &str) -> Result<Self, Problem> {
        Ok(text.to_owned())
    }
}

/// A version.
impl Segment for u32 {
    fn read(text: &str) -> Result<Self, Problem> {
        text.parse().map_err(|_| {
            let detail = format!("`{text}` is not a number: versions and generations are counted from 1");
            Problem::new(StatusCode::BAD_REQUEST, "invalid_version", detail)
        })
    }
}

macro_rules! ids {
    ($($id:ty => $what:literal),+ $(,)?) => {$(
        impl Segment for $id {
            fn read(text: &str) -> Result<Self, Problem> {
                text.parse().map_err(|_| {
                    let detail = format!(concat!("`{}` is not ", $what, " id"), text);
                    Problem::new(StatusCode::BAD_REQUEST, "invalid_id", detail)
                })
            }
        }
    )+};
}

ids!(
    DocumentId => "a document",
    FactId => "a fact",
    JobId => "a job",
    QueryId => "a query",
    RunId => "a run",
    SessionId => "a session",
    WebhookId => "a webhook",
);

#[cfg(test)]
mod tests {
    use quarry_core::Filter;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Taken {
        #[allow(dead_code)]
        count: Option<u32>,
        #[allow(dead_code)]
        filter: Option<Filter>,
    }

    fn refused(body: &str) -> (String, Vec<String>) {
        let body = parse::<Taken>(body.as_bytes()).unwrap_err().body("r");
        (body.detail, body.errors.into_iter().map(|error| error.pointer).collect())
    }

    #[test]
    fn a_wrong_body_says_what_and_where() {
        let (detail, pointers) = refused(r#"{"count": "three"}"#);
        assert_eq!(
            detail,
            "the body is wrong at `/count`: invalid type: string \"three\", expected a whole number from 0"
        );
        assert_eq!(pointers, ["/count"]);
        let (detail, pointers) = refused(r#"{"cuont": 3}"#);
        assert!(detail.contains("unknown field `cuont`, expected `count` or `filter`"), "{detail}");
        assert_eq!(pointers, ["/cuont"]);
        let (detail, pointers) = refused(r#"{"filter": {"and": [{"eq": {"field": "a", "value": {}}}]}}"#);
        assert!(detail.contains("a value is true, false, a number"), "{detail}");
        assert_eq!(pointers, ["/filter/and/0/eq/value"]);
    }

    #[test]
    fn what_is_not_json_says_so() {
        assert_eq!(refused(" ").0, "the body is empty; this route takes a JSON object");
        assert!(refused("{").0.starts_with("the body is not JSON: EOF"));
        assert_eq!(refused("[3]").0, "the body is a JSON list; this route takes a JSON object");
        assert!(refused("3").0.contains("invalid type: integer `3`, expected struct"), "{}", refused("3").0);
    }
}

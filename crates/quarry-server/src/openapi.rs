//! The OpenAPI document, made from the handlers.

use axum::{
    extract::{DefaultBodyLimit, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{openai::OpenAiError, problem::ProblemBody, reply, router, state::AppState, wire};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quarry",
        description = "Upload documents, find passages, get answers whose every sentence cites its source.\n\n\
                       Every route but the probes and the push of a source takes the key, as `Authorization: Bearer <key>` or `X-API-Key: <key>`. \
                       Errors are RFC 9457 problems; each has a `code` to match on and a `request_id` to look up in the log. \
                       Lists come in pages: send `next_cursor` back as `cursor`. Streams are server-sent events: each has a number as \
                       its `id`, from which a client that lost its connection goes on. \
                       Requests are limited by their rate: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` tell what is left, \
                       and a `429` has `Retry-After`.\n\n\
                       The routes of the tag `openai` speak that dialect, errors included.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "documents", description = "What is searched"),
        (name = "search", description = "Passages and answers"),
        (name = "collections", description = "Sets of documents that are searched together"),
        (name = "agents", description = "Models that look things up, and asking them"),
        (name = "runs", description = "What agents did, while they do it and afterwards"),
        (name = "sessions", description = "Conversations"),
        (name = "memory", description = "What is remembered of a user"),
        (name = "openai", description = "The same for OpenAI's clients: agents are models"),
        (name = "history", description = "What was asked"),
        (name = "jobs", description = "Ingestion in the background"),
        (name = "dead_letters", description = "Jobs that were given up, many at once"),
        (name = "generations", description = "Embedding or cutting a collection anew beside what answers"),
        (name = "sources", description = "Places whose documents are kept in sync"),
        (name = "webhooks", description = "Addresses that are told what becomes of documents"),
        (name = "keys", description = "What programs show to be let in, and who the caller is"),
        (name = "tenants", description = "Whose data it is: made, limited, suspended and erased by the operator"),
        (name = "audit", description = "What was done, by whom and from where"),
        (name = "index", description = "Keeping the index true to the database"),
        (name = "health", description = "Probes, metrics, this document")
    ),
    // A filter can hold filters, so its parts are not found by following it.
    components(schemas(
        ProblemBody, OpenAiError, wire::Filter, wire::Comparison, wire::Membership, wire::Presence, wire::Range, wire::Scalar
    )),
    security(("key" = []), ("header" = [])),
    modifiers(&Keys)
)]
struct Document;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("key", SecurityScheme::Http(bearer));
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("header", SecurityScheme::ApiKey(header));
        let signature = ApiKey::Header(ApiKeyValue::new("X-Quarry-Signature"));
        components.add_security_scheme("signature", SecurityScheme::ApiKey(signature));
    }
}

/// A router that the documented routes are added to.
pub(crate) fn start() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
}

/// The document as JSON, with a line break at its end.
#[must_use]
pub fn openapi_json() -> String {
    let (_, document) = router::documented(DefaultBodyLimit::disable()).split_for_parts();
    rendered(document)
}

/// Completes every operation, and renders the document.
pub(crate) fn rendered(mut document: utoipa::openapi::OpenApi) -> String {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(complete);
    }
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    describe_streams(&mut document);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// What a stream is made of is a server-sent event, whose data is what the handler says: a reader of the document must not
/// take the whole stream for that.
fn describe_streams(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(schema) =
                fields.get_mut("text/event-stream").and_then(|stream| stream.get_mut("schema"))
            {
                let said = schema.take();
                // OpenAI's dialect ends a stream with a word that is no JSON.
                let data = if said
                    .get("$ref")
                    .is_some_and(|name| name == "#/components/schemas/ChatCompletionChunk")
                {
                    json!({"type": "string", "description": "A `ChatCompletionChunk`, or `[DONE]` at the end."})
                } else {
                    json!({"type": "string", "contentMediaType": "application/json", "contentSchema": said})
                };
                *schema = json!({
                    "type": "object",
                    "required": ["data"],
                    "properties": {"id": {"type": "string"}, "event": {"type": "string"}, "data": data},
                });
            }
            fields.values_mut().for_each(describe_streams);
        }
        Value::Array(items) => items.iter_mut().for_each(describe_streams),
        _ => {}
    }
}

/// Adds the error response that every operation has, and makes its name unique: handlers of different resources have
/// the same verbs.
fn complete(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    if let Some(id) = operation.operation_id.as_mut().filter(|id| **id != tag) {
        *id = format!("{tag}_{id}");
    }
    let (schema, kind, said) = if tag == "openai" {
        ("OpenAiError", "application/json", "An error: `code` says which, `message` says it in words")
    } else {
        ("Problem", "application/problem+json", "A problem: `code` says which, `detail` says it in words")
    };
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    let response = ResponseBuilder::new().description(said).content(kind, content).build();
    operation.responses.responses.insert("default".to_owned(), response.into());
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "health", security(()), responses(
    (status = 200, description = "The OpenAPI document", body = Object),
))]
pub(crate) async fn document(State(state): State<AppState>) -> Response {
    ([(header::CONTENT_TYPE, reply::JSON)], state.openapi.clone()).into_response()
}

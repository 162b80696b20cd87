//! `/v1/sources/{id}/push`: a sender brings its documents. No key is asked for: the signature is the right.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use quarry_core::{ErrorKind, Fault as _};
use quarry_engine::{
    EngineError,
    signature::HEADER,
    sources::{Pushed, PushedDocument},
};

use crate::{
    auth::origin,
    extract::{self, InPath},
    problem::Problem,
    reply,
    state::AppState,
    wire::{Push, PushDocument, SourceRun},
};

/// Takes documents that the sender of a push source brings, and the keys of those that are gone: all or nothing.
///
/// The header `X-Quarry-Signature` is `t=<unix seconds>,v1=<hex>`, where `v1` is the HMAC-SHA256 of `t`, a point and the
/// body, with the source's secret. It is taken once, within five minutes of `t`. Without it the answer is `401`, whether
/// there is such a source or not.
#[utoipa::path(post, path = "/v1/sources/{id}/push", tag = "sources",
    params(
        ("id" = Uuid, Path, description = "The source's id"),
        ("X-Quarry-Signature" = Option<String>, Header, description = "`t=<unix seconds>,v1=<hex>`"),
    ),
    security(("signature" = [])),
    request_body = Push,
    responses(
        (status = 200, description = "What came of it", body = SourceRun),
        (status = 409, description = "The same request came before", body = crate::problem::ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn push(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    request: Request,
) -> Result<Response, Problem> {
    let sources = state.app.engine.sources();
    let signature = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (parts, body) = request.into_parts();
    let origin = origin::of(&parts);
    let request = Request::from_parts(parts, body);
    let note = |error: EngineError| {
        if error.kind() == ErrorKind::Unauthenticated {
            origin::refused(&state, origin.clone(), "signature");
        }
        error
    };
    if signature.is_none() {
        // Nothing of a stranger's request is read.
        sources.verify_push(&id, None, &Bytes::new()).await.map_err(note)?;
    }
    let Ok(_place) = Arc::clone(&state.pushes).try_acquire_owned() else {
        let detail =
            "as many requests to push sources are being read as the server reads; try again in a moment";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail);
        return Err(problem.retry_after(Duration::from_secs(1)));
    };
    let body = extract::json_bytes(request, &state).await?;
    let grant = sources.verify_push(&id, signature.as_deref(), &body).await.map_err(note)?;
    let grant = grant.with_origin(origin.clone());
    let pushed = unpacked(extract::parse(&body)?)?;
    reply::json(&sources.push(grant, pushed).await?)
}

fn unpacked(push: Push) -> Result<Pushed, Problem> {
    let upserts = push.upserts.into_iter().enumerate().map(|(place, document)| {
        let pointer = format!("/upserts/{place}");
        unpacked_one(document, &pointer)
    });
    Ok(Pushed { upserts: upserts.collect::<Result<_, _>>()?, deletes: push.deletes })
}

fn unpacked_one(document: PushDocument, pointer: &str) -> Result<PushedDocument, Problem> {
    let wrong = |at: String, detail: String| Err(Problem::invalid(detail.clone()).at(at, detail));
    let (bytes, plain) = match (document.text, document.content_base64) {
        (Some(text), None) => (Bytes::from(text), document.name.is_none()),
        (None, Some(encoded)) => match STANDARD.decode(encoded) {
            Ok(bytes) => (Bytes::from(bytes), false),
            Err(error) => {
                let detail = format!("`content_base64` is not base64: {error}");
                return wrong(format!("{pointer}/content_base64"), detail);
            }
        },
        _ => {
            let detail = "a document has either `text` or `content_base64`";
            return wrong(pointer.to_owned(), detail.to_owned());
        }
    };
    // Text that is not a file's and says nothing of itself is plain text, even when it starts like JSON.
    let media_type = document.media_type.or_else(|| plain.then(|| "text/plain".to_owned()));
    Ok(PushedDocument {
        name: document.name.unwrap_or_default(),
        key: document.key,
        title: document.title,
        media_type,
        metadata: document.metadata,
        bytes,
    })
}

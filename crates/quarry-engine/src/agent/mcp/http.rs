//! Streamable HTTP over the guarded client, with bounded answers and no standing connections.
//!
//! The notifications that a server may send unasked are of no use here, so no stream is held open for them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{StreamExt, stream::BoxStream};
use parking_lot::Mutex;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_client::{
        StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
    },
};
use sse_stream::{Error as SseError, Sse, SseStream};

use super::settings::McpServerSettings;
use crate::outbound::{Outbound, OutboundError, OutboundMethod, OutboundRequest, OutboundStream, Purpose};

/// Most bytes of one answer: far beyond what a model is shown.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
const SESSION: &str = "mcp-session-id";

/// Why a request failed, without the address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct HttpFailure(String);

/// The client of one server.
#[derive(Clone)]
pub(super) struct Http {
    outbound: Outbound,
    patience: Duration,
    /// The last failure, in words for a model: `rmcp` wraps errors so that they are not found again.
    last: Arc<Mutex<Option<String>>>,
}

type Failed = StreamableHttpError<HttpFailure>;

impl Http {
    pub(super) fn new(outbound: Outbound, patience: Duration) -> Self {
        Self { outbound, patience, last: Arc::default() }
    }

    /// Why the last request failed, if it did; asked once.
    pub(super) fn last_failure(&self) -> Option<String> {
        self.last.lock().take()
    }

    fn failed(&self, problem: impl Into<String>) -> Failed {
        let problem = problem.into();
        *self.last.lock() = Some(problem.clone());
        StreamableHttpError::Client(HttpFailure(problem))
    }

    /// The headers of the settings, as the transport sends them.
    pub(super) fn headers(settings: &McpServerSettings) -> Result<HashMap<HeaderName, HeaderValue>, String> {
        let header = |name: &String, value: &quarry_core::Secret| {
            let wrong = || format!("the header `{name}` of the MCP server `{}` is not one", settings.name);
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| wrong())?;
            value.set_sensitive(true);
            Ok((name.parse().map_err(|_| wrong())?, value))
        };
        settings.headers.iter().map(|(name, value)| header(name, value)).collect()
    }

    /// Sends a request with the transport's headers.
    async fn send(
        &self,
        mut request: OutboundRequest,
        session: Option<&str>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<OutboundStream, Failed> {
        let given = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let session = session.map(|session| (SESSION, session));
        let all = given.chain(session).map(|(name, value)| (name.to_owned(), value.to_owned()));
        request.headers.extend(all);
        request.most_bytes = Some(MOST_BYTES);
        request.deadline = Some(self.patience);
        request.idle = Some(self.patience);
        self.outbound.open(request).await.map_err(|error| self.failed(error.to_string()))
    }
}

impl StreamableHttpClient for Http {
    type Error = HttpFailure;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let asks = matches!(message, ClientJsonRpcMessage::Request(_));
        let mut request = OutboundRequest::post(uri.as_ref(), serde_json::to_vec(&message)?, Purpose::Mcp);
        request.headers =
            [("accept", "application/json, text/event-stream"), ("content-type", "application/json")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec();
        request.headers.extend(bearer(auth_header));
        let response = self.send(request, session_id.as_deref(), custom_headers).await?;
        if response.status == 404 && session_id.is_some() {
            return Err(StreamableHttpError::SessionExpired);
        }
        if !(200..300).contains(&response.status) {
            return Err(self.failed(refusal(response.status)));
        }
        if !asks {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let session = response.header(SESSION).map(str::to_owned);
        match kind(&response).as_str() {
            "text/event-stream" => {
                let events = SseStream::from_bytes_stream(response.chunks()).boxed();
                Ok(StreamableHttpPostResponse::Sse(events, session))
            }
            "application/json" => {
                let body = body(response).await.map_err(|error| self.failed(error.to_string()))?;
                let message: ServerJsonRpcMessage = serde_json::from_slice(&body)?;
                Ok(StreamableHttpPostResponse::Json(message, session))
            }
            _ => Err(self.failed("it does not speak MCP")),
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failed> {
        let mut request = OutboundRequest::get(uri.as_ref(), Purpose::Mcp);
        request.method = OutboundMethod::Delete;
        request.headers.extend(bearer(auth_header));
        // A server that keeps its sessions says so by its status; there is nothing to do about it.
        self.send(request, Some(&session_id), custom_headers).await.map(drop)
    }

    async fn get_stream(
        &self,
        _uri: Arc<str>,
        _session_id: Option<Arc<str>>,
        _last_event_id: Option<String>,
        _auth_header: Option<String>,
        _custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}

fn bearer(token: Option<String>) -> Option<(String, String)> {
    token.map(|token| ("authorization".to_owned(), format!("Bearer {token}")))
}

fn refusal(status: u16) -> String {
    match status {
        401 | 403 => "it refuses the key; the operator can set `headers` in the configuration".to_owned(),
        _ => format!("it answered with status {status}"),
    }
}

fn kind(response: &OutboundStream) -> String {
    let value = response.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn body(mut response: OutboundStream) -> Result<Vec<u8>, OutboundError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

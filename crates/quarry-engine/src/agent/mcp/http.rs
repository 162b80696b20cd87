//! Streamable HTTP over our client: no redirects, bounded answers, no standing connections.
//!
//! The notifications that a server may send unasked are of no use here, so no stream is held open for them.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Once},
    time::Duration,
};

use futures::{StreamExt, stream::BoxStream};
use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue},
};
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_client::{
        StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
    },
};
use sse_stream::{Error as SseError, Sse, SseStream};

use super::settings::McpServerSettings;

/// Most bytes of one answer: far beyond what a model is shown.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Seconds to wait for a connection.
const CONNECT_SECONDS: u64 = 10;
static TLS: Once = Once::new();
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Why a request failed, without the address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct HttpFailure(String);

/// The client of one server.
#[derive(Clone)]
pub(super) struct Http {
    client: reqwest::Client,
}

type Failed = StreamableHttpError<HttpFailure>;

fn failed(problem: impl Into<String>) -> Failed {
    StreamableHttpError::Client(HttpFailure(problem.into()))
}

impl Http {
    pub(super) fn new(settings: &McpServerSettings) -> Result<Self, String> {
        // An error means that the executable has chosen its provider already, which is as good.
        TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let wait = Duration::from_secs(settings.timeout_seconds.max(1));
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS).min(wait))
            .read_timeout(wait)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("quarry/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| "no HTTP client could be made".to_owned())?;
        Ok(Self { client })
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

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failed> {
        request.send().await.map_err(|error| {
            failed(if error.is_timeout() {
                "it did not answer in time"
            } else if error.is_connect() {
                "no connection could be made"
            } else {
                "the connection broke"
            })
        })
    }
}

fn with(
    request: RequestBuilder,
    session: Option<&str>,
    token: Option<String>,
    headers: HashMap<HeaderName, HeaderValue>,
) -> RequestBuilder {
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let request = match session {
        Some(session) => request.header(SESSION, session),
        None => request,
    };
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
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
        let request = self.client.post(uri.as_ref()).header(ACCEPT, "application/json, text/event-stream");
        let request = with(request, session_id.as_deref(), auth_header, custom_headers).json(&message);
        let response = self.send(request).await?;
        let status = response.status();
        if status == StatusCode::NOT_FOUND && session_id.is_some() {
            return Err(StreamableHttpError::SessionExpired);
        }
        if !status.is_success() {
            return Err(failed(refusal(status)));
        }
        if !asks {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let session = response.headers().get(SESSION).and_then(|id| id.to_str().ok()).map(str::to_owned);
        match kind(&response).as_str() {
            "text/event-stream" => Ok(StreamableHttpPostResponse::Sse(events(response), session)),
            "application/json" => {
                let body = body(response).await?;
                let message: ServerJsonRpcMessage = serde_json::from_slice(&body)?;
                Ok(StreamableHttpPostResponse::Json(message, session))
            }
            _ => Err(StreamableHttpError::UnexpectedServerResponse(Cow::Borrowed("it does not speak MCP"))),
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failed> {
        let request = with(self.client.delete(uri.as_ref()), Some(&session_id), auth_header, custom_headers);
        // A server that keeps its sessions says so by its status; there is nothing to do about it.
        self.send(request).await.map(drop)
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

fn refusal(status: StatusCode) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "it refuses the key; the operator can set `headers` in the configuration".to_owned()
        }
        _ if status.is_redirection() => "it redirects, which is not followed".to_owned(),
        _ => format!("it answered with status {}", status.as_u16()),
    }
}

fn kind(response: &Response) -> String {
    let value =
        response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn body(mut response: Response) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    loop {
        let piece = response.chunk().await.map_err(|_| failed("the connection broke"))?;
        let Some(piece) = piece else { return Ok(body) };
        if body.len() + piece.len() > MOST_BYTES {
            return Err(StreamableHttpError::ResponseBodyTooLarge { max_size: MOST_BYTES });
        }
        body.extend_from_slice(&piece);
    }
}

/// The events of one answer, which together have the size of one.
fn events(response: Response) -> BoxStream<'static, Result<Sse, SseError>> {
    let mut left = MOST_BYTES;
    let bytes = response.bytes_stream().map(move |piece| {
        let piece = piece.map_err(|_| HttpFailure("the connection broke".to_owned()))?;
        left =
            left.checked_sub(piece.len()).ok_or_else(|| HttpFailure("its answer is too long".to_owned()))?;
        Ok::<_, HttpFailure>(piece)
    });
    SseStream::from_bytes_stream(bytes).boxed()
}

//! Requests to a Quarry server, and its problems as failures.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use quarry_server::problem::ProblemBody;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header::ACCEPT};
use serde::{Serialize, de::DeserializeOwned};

use super::{RunStream, events};
use crate::failure::{Exit, Failure, Outcome};

/// A server's address and the key for it.
#[derive(Clone)]
pub(crate) struct Http {
    client: Client,
    url: String,
    key: String,
}

impl Http {
    /// Nothing is sent yet.
    pub(super) fn new(url: &str, key: &str) -> Outcome<Self> {
        let url = url.trim_end_matches('/');
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        // An error means that a provider is there already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("quarry/", env!("CARGO_PKG_VERSION")));
        if url.starts_with("http://") {
            // Reading the system's certificates costs more than the request.
            builder = builder.tls_certs_only([]);
        }
        if ["http://127.", "http://localhost", "http://[::1]"].iter().any(|local| url.starts_with(local)) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            Failure::new(Exit::Failed, "no_http_client", format!("no HTTP client can be made: {error}"))
        })?;
        Ok(Self { client, url, key: key.to_owned() })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Outcome<T> {
        self.read(self.request(Method::GET, path).query(query)).await
    }

    pub(super) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Outcome<T> {
        self.read(self.request(Method::POST, path).json(body)).await
    }

    pub(super) async fn patch<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Outcome<T> {
        self.read(self.request(Method::PATCH, path).json(body)).await
    }

    /// A post whose answer says nothing that is needed.
    pub(super) async fn tell<B: Serialize + Sync>(&self, path: &str, body: &B) -> Outcome<()> {
        self.send(self.request(Method::POST, path).json(body)).await.map(drop)
    }

    /// The events that a post makes.
    pub(super) async fn events_of<B: Serialize + Sync>(&self, path: &str, body: &B) -> Outcome<RunStream> {
        self.stream(self.request(Method::POST, path).json(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Outcome<()> {
        self.send(self.request(Method::DELETE, path)).await.map(drop)
    }

    /// A deletion that says what it did.
    pub(super) async fn delete_all<T: DeserializeOwned>(&self, path: &str) -> Outcome<T> {
        self.read(self.request(Method::DELETE, path)).await
    }

    pub(super) async fn bytes(&self, path: &str) -> Outcome<Bytes> {
        let response = self.send(self.request(Method::GET, path)).await?;
        response.bytes().await.map_err(|error| self.unreachable(&error))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.key)
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Outcome<T> {
        let bytes = self.send(request).await?.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let text = format!(
                "{} answered with something unexpected ({error}); is it a Quarry of this version?",
                self.url
            );
            Failure::new(Exit::Failed, "unexpected_answer", text)
        })
    }

    async fn stream(&self, request: RequestBuilder) -> Outcome<RunStream> {
        let response = self.send(request.header(ACCEPT, "text/event-stream")).await?;
        let http = self.clone();
        Ok(events::read(
            response.bytes_stream().map(move |piece| piece.map_err(|error| http.unreachable(&error))),
        ))
    }

    async fn send(&self, request: RequestBuilder) -> Outcome<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.bytes().await.unwrap_or_default();
        Err(problem(&self.url, status, serde_json::from_slice(&body).ok()))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut cause: &dyn std::error::Error = error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        let cause = cause.to_string();
        let cause = cause.split(" (os error").next().unwrap_or(&cause).to_lowercase();
        let what = if error.is_timeout() {
            "did not answer in time".to_owned()
        } else {
            format!("cannot be reached: {cause}")
        };
        Failure::new(Exit::Unavailable, "server_unreachable", format!("the server at {} {what}", self.url))
    }
}

fn problem(url: &str, status: StatusCode, body: Option<ProblemBody>) -> Failure {
    let exit = match status.as_u16() {
        401 | 403 => Exit::Refused,
        404 => Exit::NotFound,
        409 | 412 => Exit::Conflict,
        400 | 413 | 415 | 422 => Exit::Invalid,
        429 | 503 | 504 => Exit::Unavailable,
        _ => Exit::Failed,
    };
    match body {
        Some(body) if status.is_server_error() => {
            Failure::new(exit, &body.code, format!("{} (request {})", body.detail, body.request_id))
        }
        Some(body) => Failure::new(exit, &body.code, body.detail),
        None => {
            let text = format!(
                "{url} answered {status}, which is not what a Quarry server says; is the address right?"
            );
            Failure::new(exit, "unexpected_answer", text)
        }
    }
}

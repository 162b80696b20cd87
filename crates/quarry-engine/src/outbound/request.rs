//! What is asked of an address, and what it answers.

use std::{
    fmt,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _, try_unfold};

use super::error::OutboundError;

/// What an address is reached for; goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A page for an agent.
    FetchUrl,
    /// A server of tools.
    Mcp,
    /// A message that somebody asked to be told.
    Webhook,
    /// A page that is kept in sync.
    Source,
    /// The keys that an issuer of tokens signs with.
    Keys,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FetchUrl => "fetch_url",
            Self::Mcp => "mcp",
            Self::Webhook => "webhook",
            Self::Source => "source",
            Self::Keys => "keys",
        })
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundMethod {
    /// Reads.
    Get,
    /// Sends.
    Post,
    /// Ends a session of an MCP server.
    Delete,
}

/// A request.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    /// Where to.
    pub url: String,
    /// What is done.
    pub method: OutboundMethod,
    /// Headers. Those that the connection needs for itself are left out; after a redirect to another origin only
    /// `accept`, `accept-language` and `content-type` are sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
    /// What for.
    pub purpose: Purpose,
    /// Media types that are read, as `application/json` or `text/*`; none means all.
    pub content_types: Vec<String>,
    /// Largest answer in bytes, where it is not the setting's.
    pub most_bytes: Option<u64>,
    /// Time for everything (for a stream: until its headers are here), where it is not the setting's.
    pub deadline: Option<Duration>,
    /// Longest silence within the answer, where it is not the setting's.
    pub idle: Option<Duration>,
}

impl OutboundRequest {
    /// Reads an address.
    pub fn get(url: impl Into<String>, purpose: Purpose) -> Self {
        Self {
            url: url.into(),
            method: OutboundMethod::Get,
            headers: Vec::new(),
            body: None,
            purpose,
            content_types: Vec::new(),
            most_bytes: None,
            deadline: None,
            idle: None,
        }
    }

    /// Sends a body to an address.
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>, purpose: Purpose) -> Self {
        Self { method: OutboundMethod::Post, body: Some(body.into()), ..Self::get(url, purpose) }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundResponse {
    /// The HTTP status, whichever it is.
    pub status: u16,
    /// Where the redirects led.
    pub final_url: String,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// All of the body.
    pub body: Bytes,
}

impl OutboundResponse {
    /// The first header with a name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

/// An answer whose body comes piece by piece.
#[derive(Debug)]
pub struct OutboundStream {
    /// The HTTP status, whichever it is.
    pub status: u16,
    /// Where the redirects led.
    pub final_url: String,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    pub(super) body: reqwest::Response,
    pub(super) taken: u64,
    pub(super) most: u64,
    pub(super) idle: Duration,
    pub(super) ends: Option<Instant>,
}

impl OutboundStream {
    /// The first header with a name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// The address is silent for too long, sends too much, or the connection breaks.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError> {
        let left = self.ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        let patience = left.map_or(self.idle, |left| left.min(self.idle));
        let chunk = tokio::time::timeout(patience, self.body.chunk())
            .await
            .map_err(|_| OutboundError::Timeout("fell silent in the middle of its answer".to_owned()))?
            .map_err(|error| OutboundError::from_request(&error))?;
        self.taken = self.taken.saturating_add(chunk.as_ref().map_or(0, |chunk| chunk.len() as u64));
        if self.taken > self.most {
            return Err(OutboundError::TooLarge { most: self.most });
        }
        Ok(chunk)
    }

    /// The pieces as a stream, which ends after an error.
    #[must_use]
    pub fn chunks(self) -> BoxStream<'static, Result<Bytes, OutboundError>> {
        try_unfold(self, |mut stream| async move { Ok(stream.chunk().await?.map(|chunk| (chunk, stream))) })
            .boxed()
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

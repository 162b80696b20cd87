//! Any server that speaks OpenAI's `POST /chat/completions`: OpenAI, Groq, DeepSeek, vLLM, llama.cpp, LM Studio,
//! OpenRouter, Azure's `/openai/v1`.
//!
//! The reply is always asked for as a stream; a server that answers in one piece is understood too. A stream that
//! ends before its finish reason was cut, whatever the connection says, and what cannot be read is never guessed at.

mod assembly;
pub(super) use assembly::distinct;
mod stream;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use reqwest::{Response, Url, header::CONTENT_TYPE};

use self::{assembly::Assembly, stream::Reply};
use super::refusal;
use crate::{
    chat::{ChatInfo, ChatModel, ChatRequest, ChatStream},
    chat_error::ChatError,
    chat_settings::ChatModelSettings,
    http,
};

/// Bytes of an error's body that are read; the sentence in it is shorter.
const REFUSAL_BYTES: usize = 64 * 1024;

/// What stands around the text of an event: ids, names, timestamps, log probabilities.
const ENVELOPE_BYTES: usize = 64 * 1024;

/// A chat model behind OpenAI's dialect.
pub struct OpenAiChat {
    info: ChatInfo,
    settings: ChatModelSettings,
    address: Url,
    client: reqwest::Client,
    tokens_key: wire::TokensKey,
}

impl OpenAiChat {
    /// A client for one model under its name in the configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// `model_settings` for an address that is none; `model_unavailable` when no client can be built.
    pub fn new(name: &str, settings: &ChatModelSettings) -> Result<Self, ChatError> {
        let wrong = || ChatError::Settings {
            key: format!("chat.{name}.base_url"),
            problem: "an address starting with http:// or https:// is needed".to_owned(),
        };
        let mut address = Url::parse(settings.address()).map_err(|_| wrong())?;
        // Segments, and not a longer text: what stands behind a `?` has to stay there.
        address.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(["chat", "completions"]);
        let client = http::chat_client(settings.connect()).map_err(|problem| ChatError::Unavailable {
            name: name.to_owned(),
            problem,
            retry_after: None,
        })?;
        let own = address.host_str() == Some("api.openai.com");
        let tokens_key = if own { wire::TokensKey::Completion } else { wire::TokensKey::Plain };
        Ok(Self { info: settings.info(name), settings: settings.clone(), address, client, tokens_key })
    }

    async fn send(&self, request: &ChatRequest) -> Result<Response, ChatError> {
        let name = &self.info.name;
        let body = wire::Request::new(&self.settings, request, self.tokens_key);
        let mut call = self.client.post(self.address.clone()).json(&body);
        if let Some(key) = &self.settings.api_key {
            call = call.bearer_auth(key.expose());
        }
        let response = call
            .send()
            .await
            .map_err(|error| refusal::no_answer(name, &error.without_url(), self.settings.connect()))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let body = beginning(response).await;
        Err(refusal::refused(name, status, &headers, &body))
    }

    /// A reply in one piece, as servers send that do not stream.
    async fn plain(&self, response: Response) -> Result<Assembly, ChatError> {
        let name = &self.info.name;
        let limit = self.settings.max_reply_bytes;
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| ChatError::cut(name, http::explain(&error.without_url())))?;
            if body.len() + piece.len() > limit.saturating_add(ENVELOPE_BYTES) {
                return Err(ChatError::TooLarge { name: name.clone(), limit });
            }
            body.extend_from_slice(&piece);
        }
        let mut assembly = Assembly::new(name, limit);
        assembly.take_whole(&body)?;
        Ok(assembly)
    }
}

/// As much of a refusal as its sentence can need; a broken body gives what had come.
async fn beginning(response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    // A server that refuses and then dawdles must not hold the call: the status alone says enough.
    let read = async {
        while let Some(Ok(piece)) = pieces.next().await {
            body.extend_from_slice(&piece);
            if body.len() > REFUSAL_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), read).await;
    body.truncate(REFUSAL_BYTES);
    body
}

#[async_trait]
impl ChatModel for OpenAiChat {
    fn info(&self) -> &ChatInfo {
        &self.info
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let response = self.send(request).await?;
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/json") {
            return Ok(Box::pin(self.plain(response).await?.into_stream()));
        }
        if kind.starts_with("text/html") {
            let problem = "it answers with a web page; check `base_url`, which usually ends in /v1";
            return Err(ChatError::malformed(&self.info.name, problem));
        }
        Ok(Box::pin(Reply::new(&self.info.name, response, self.settings.max_reply_bytes)))
    }
}

#[cfg(test)]
mod tests;

//! Providers with a dialect of their own, through the crate `genai`: Anthropic, Gemini, Bedrock, Ollama.
//!
//! The crate shapes requests and reads streams; address, key and HTTP client are given to it, so that it neither reads
//! the environment nor opens a client of its own. ADR 0007 says why OpenAI's dialect does not come through here.

mod asking;
mod failing;

use async_trait::async_trait;
use futures::{Stream, StreamExt};
use genai::{
    Client as GenAi, ModelIden, ServiceTarget,
    adapter::AdapterKind,
    chat::{ChatOptions, ChatStreamEvent, StopReason, StreamEnd},
    resolver::{AuthData, Endpoint},
};

use super::openai_chat::distinct;
use crate::{
    chat::{ChatEvent, ChatInfo, ChatModel, ChatRequest, ChatStream, FinishReason, ToolCall, Usage},
    chat_error::ChatError,
    chat_settings::ChatModelSettings,
    http,
};

/// A chat model behind `genai`.
pub struct GenAiChat {
    info: ChatInfo,
    settings: ChatModelSettings,
    client: GenAi,
    target: ServiceTarget,
}

impl GenAiChat {
    /// A client for one model under its name in the configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// `model_settings` for a provider that does not come through here; `model_unavailable` when no client can be
    /// built.
    pub fn new(name: &str, settings: &ChatModelSettings) -> Result<Self, ChatError> {
        let kind = match settings.provider.as_str() {
            "anthropic" => AdapterKind::Anthropic,
            "gemini" => AdapterKind::Gemini,
            "bedrock" => AdapterKind::BedrockApi,
            "ollama" => AdapterKind::Ollama,
            other => {
                let problem = format!("`{other}` is not a provider with a dialect of its own");
                return Err(ChatError::Settings { key: format!("chat.{name}.provider"), problem });
            }
        };
        let client = http::chat_client(settings.connect()).map_err(|problem| ChatError::Unavailable {
            name: name.to_owned(),
            problem,
            retry_after: None,
        })?;
        let key = settings.api_key.as_ref().map(|key| key.expose().to_owned());
        let target = ServiceTarget {
            // The crate appends without a slash of its own.
            endpoint: Endpoint::from_owned(format!("{}/", settings.address())),
            // Never `None`: the crate would look into the environment for it.
            auth: AuthData::Key(key.unwrap_or_default()),
            model: ModelIden::new(kind, settings.model.clone()),
        };
        let client = GenAi::builder()
            .with_reqwest(client)
            .build()
            .map_err(|error| failing::failed(name, error, settings))?;
        Ok(Self { info: settings.info(name), settings: settings.clone(), client, target })
    }

    fn options(&self, request: &ChatRequest) -> ChatOptions {
        let mut options = ChatOptions::default().with_capture_usage(true).with_capture_tool_calls(true);
        options.temperature = request.temperature.or(self.settings.temperature).map(f64::from);
        options.max_tokens = request.max_tokens.or(self.settings.max_tokens);
        options.stop_sequences.clone_from(&request.stop);
        options
    }
}

#[async_trait]
impl ChatModel for GenAiChat {
    fn info(&self) -> &ChatInfo {
        &self.info
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let name = &self.info.name;
        let options = self.options(request);
        let asked = asking::translate(request);
        let begun = self.client.exec_chat_stream(self.target.clone(), asked, Some(&options)).await;
        let mut pieces = begun.map_err(|error| failing::failed(name, error, &self.settings))?.stream;
        // The crate sends with the first poll and says `Start` before it: what counts comes second.
        let first = loop {
            match pieces.next().await {
                Some(Ok(ChatStreamEvent::Start)) => {}
                Some(Ok(event)) => break Ok(event),
                Some(Err(error)) => return Err(failing::failed(name, error, &self.settings)),
                None => return Err(ChatError::cut(name, "the connection ended before the reply began")),
            }
        };
        let reply = Reply { name: name.clone(), settings: self.settings.clone(), bytes: 0, over: false };
        let pieces = futures::stream::iter([first]).chain(pieces);
        Ok(Box::pin(events(reply, Box::pin(pieces))))
    }
}

/// What is known while a reply comes.
struct Reply {
    name: String,
    settings: ChatModelSettings,
    bytes: usize,
    over: bool,
}

fn events(
    mut reply: Reply,
    pieces: impl Stream<Item = genai::Result<ChatStreamEvent>> + Send + Unpin,
) -> impl Stream<Item = Result<ChatEvent, ChatError>> + Send {
    let started = Ok(ChatEvent::Started(reply.name.clone()));
    let cut = ChatError::cut(&reply.name, "the connection ended before the reply did");
    // The last item stands for the connection's end; it is reached only by a reply that did not end itself.
    let pieces = pieces.map(Some).chain(futures::stream::iter([None]));
    let events = pieces.map(move |piece| {
        let taken = match piece {
            _ if reply.over => Ok(Vec::new()),
            Some(Ok(event)) => reply.take(event),
            Some(Err(error)) => Err(failing::failed(&reply.name, error, &reply.settings)),
            None => Err(cut.clone()),
        };
        reply.over |= taken.is_err();
        (reply.over, taken)
    });
    // Nothing is read behind the end: providers keep connections open.
    let events = events.scan(false, |over, (last, taken)| {
        let before = std::mem::replace(over, last);
        std::future::ready((!before).then_some(taken))
    });
    let flat = events.flat_map(|taken| {
        futures::stream::iter(match taken {
            Ok(events) => events.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    });
    futures::stream::iter([started]).chain(flat)
}

impl Reply {
    fn take(&mut self, event: ChatStreamEvent) -> Result<Vec<ChatEvent>, ChatError> {
        match event {
            ChatStreamEvent::Chunk(chunk) if !chunk.content.is_empty() => {
                self.weigh(chunk.content.len())?;
                Ok(vec![ChatEvent::Text(chunk.content)])
            }
            ChatStreamEvent::ToolCallChunk(chunk) => {
                // The arguments so far: they replace each other and are weighed for themselves.
                let so_far = chunk.tool_call.size();
                if self.bytes.saturating_add(so_far) > self.settings.max_reply_bytes {
                    return Err(self.too_large());
                }
                Ok(vec![ChatEvent::Working])
            }
            ChatStreamEvent::End(end) => {
                self.over = true;
                self.end(end)
            }
            _ => Ok(vec![ChatEvent::Working]),
        }
    }

    fn end(&self, end: StreamEnd) -> Result<Vec<ChatEvent>, ChatError> {
        // The crate ends the streams of some providers itself when their connection breaks; no reason was given then.
        let Some(stop) = &end.captured_stop_reason else {
            return Err(ChatError::cut(&self.name, "it ended without a finish reason"));
        };
        let reason = match stop {
            StopReason::MaxTokens(_) => FinishReason::Length,
            StopReason::ContentFilter(_) => FinishReason::ContentFilter,
            StopReason::ToolCall(_) => FinishReason::ToolCalls,
            StopReason::Other(word) if word == "MALFORMED_FUNCTION_CALL" => {
                return Err(ChatError::malformed(
                    &self.name,
                    "the model wrote a call that its provider cannot read",
                ));
            }
            StopReason::Completed(_) | StopReason::StopSequence(_) | StopReason::Other(_) => {
                FinishReason::Stop
            }
        };
        let usage = end.captured_usage.as_ref().and_then(|usage| {
            let count = |tokens: Option<i32>| tokens.and_then(|count| u64::try_from(count).ok());
            let (prompt, completion) = (count(usage.prompt_tokens), count(usage.completion_tokens));
            (prompt.is_some() || completion.is_some()).then(|| Usage {
                prompt_tokens: prompt.unwrap_or(0),
                completion_tokens: completion.unwrap_or(0),
                estimated: false,
            })
        });
        let calls = end.captured_into_tool_calls().unwrap_or_default().into_iter().map(|call| ToolCall {
            id: call.call_id,
            name: call.fn_name,
            arguments: match call.fn_arguments {
                serde_json::Value::String(text) => text,
                json => json.to_string(),
            },
        });
        let calls = distinct(calls.collect());
        let called = !calls.is_empty() && reason == FinishReason::Stop;
        let reason = if called { FinishReason::ToolCalls } else { reason };
        let usage = usage.unwrap_or(Usage { estimated: true, ..Usage::default() });
        let end = ChatEvent::Finished { reason, usage };
        Ok(calls.into_iter().map(ChatEvent::ToolCall).chain([end]).collect())
    }

    fn weigh(&mut self, more: usize) -> Result<(), ChatError> {
        self.bytes = self.bytes.saturating_add(more);
        if self.bytes > self.settings.max_reply_bytes { Err(self.too_large()) } else { Ok(()) }
    }

    fn too_large(&self) -> ChatError {
        ChatError::TooLarge { name: self.name.clone(), limit: self.settings.max_reply_bytes }
    }
}

#[cfg(test)]
mod tests;

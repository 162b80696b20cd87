//! The contract of everything that talks: what is asked of a chat model and what it streams back.
//!
//! Providers live in [`crate::providers`], behaviour around a call (retry, breaker, limit, deadlines, fallback, meter)
//! in `resilience`; both speak only these words, so a vendor's wire types never leave its file.

use std::pin::Pin;

use async_trait::async_trait;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

use crate::chat_error::ChatError;

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The operator: instructions.
    System,
    /// The person who asks.
    User,
    /// The model.
    Assistant,
    /// A tool's result, in answer to a call of the assistant's.
    Tool,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who says it.
    pub role: Role,
    /// The text; may be empty where the assistant only calls tools.
    pub content: String,
    /// Calls the assistant makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// For [`Role::Tool`]: the call this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl ChatMessage {
    /// A message of text alone.
    pub fn text(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// A tool's result.
    pub fn result(call: impl Into<String>, content: impl Into<String>) -> Self {
        let tool_call_id = Some(call.into());
        Self { role: Role::Tool, content: content.into(), tool_calls: Vec::new(), tool_call_id }
    }
}

/// A call the model wants made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call, or one made up where it gave none; unique within a reply.
    pub id: String,
    /// The tool's name as the model wrote it; it may not exist.
    pub name: String,
    /// The arguments as the model wrote them: meant to be JSON, not checked.
    pub arguments: String,
}

/// A tool a model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for, to the model.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: serde_json::Value,
}

/// What is asked of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<ChatMessage>,
    /// Tools it may call. Leave empty for a model whose capabilities lack `tools`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolSpec>,
    /// 0 to 2; the provider's default where none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Most tokens of the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Texts that end the reply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
}

/// Tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// Whether the provider said so (`false`) or they were counted here (`true`).
    pub estimated: bool,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// The limit of tokens was reached.
    Length,
    /// It waits for the results of its calls.
    ToolCalls,
    /// The provider held text back.
    ContentFilter,
}

/// One piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatEvent {
    /// First, exactly once: the configured name of the model that answers (another than asked after a fallback).
    Started(String),
    /// More text, never empty.
    Text(String),
    /// A whole call; pieces are put together by the provider's adapter.
    ToolCall(ToolCall),
    /// Nothing to show, but the model is at work: it thinks, or writes the arguments of a call. Only between
    /// [`ChatEvent::Started`] and [`ChatEvent::Finished`]; the deadlines take it as a sign of life and let none through.
    Working,
    /// Last, exactly once.
    Finished {
        /// Why it ended.
        reason: FinishReason,
        /// What it took.
        usage: Usage,
    },
}

/// A reply as it comes. Dropping it ends the provider's call.
pub type ChatStream = Pin<Box<dyn Stream<Item = Result<ChatEvent, ChatError>> + Send>>;

/// What a model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatCapabilities {
    /// It takes tools and calls them natively; without it the run falls back to textual ReAct.
    pub tools: bool,
    /// Tokens of prompt and reply together.
    pub context_window: u32,
}

/// Money per million tokens, in the currency the operator thinks in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// For tokens read.
    pub input_per_million: f64,
    /// For tokens written.
    pub output_per_million: f64,
}

impl Price {
    /// What a call costs.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn of(&self, usage: Usage) -> f64 {
        (usage.prompt_tokens as f64)
            .mul_add(self.input_per_million, usage.completion_tokens as f64 * self.output_per_million)
            / 1e6
    }
}

/// What a chat model is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatInfo {
    /// Its name in the configuration.
    pub name: String,
    /// `openai`, `anthropic`, `ollama`, ...
    pub provider: String,
    /// The provider's name of it.
    pub model: String,
    /// What it can do.
    pub capabilities: ChatCapabilities,
    /// What it costs.
    pub price: Price,
}

/// Talks.
///
/// Contract (checked by `testing::chat_contract`): the stream gives [`ChatEvent::Started`], then text and calls, then
/// [`ChatEvent::Finished`], and nothing after it; an error is the last item; a reply that was cut before its end is an
/// error and never a short `Finished`; dropping the stream ends the provider's call; several calls may run at once.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// What it is.
    fn info(&self) -> &ChatInfo;

    /// Begins a reply. Returns once the provider has accepted the request, or at the latest with its first piece.
    ///
    /// # Errors
    /// See [`ChatError`]; those that pass are worth another try.
    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError>;
}

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The configured name of the model that answered.
    pub model: String,
    /// All text.
    pub text: String,
    /// All calls.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub reason: FinishReason,
    /// What it took.
    pub usage: Usage,
}

/// A reply from its first piece to its last.
///
/// # Errors
/// Those of the call and of the stream.
pub async fn complete(model: &dyn ChatModel, request: &ChatRequest) -> Result<ChatReply, ChatError> {
    let mut stream = model.chat(request).await?;
    let mut reply = ChatReply {
        model: model.info().name.clone(),
        text: String::new(),
        tool_calls: Vec::new(),
        reason: FinishReason::Stop,
        usage: Usage::default(),
    };
    while let Some(event) = stream.next().await {
        match event? {
            ChatEvent::Started(name) => reply.model = name,
            ChatEvent::Text(text) => reply.text.push_str(&text),
            ChatEvent::ToolCall(call) => reply.tool_calls.push(call),
            ChatEvent::Working => {}
            ChatEvent::Finished { reason, usage } => {
                reply.reason = reason;
                reply.usage = usage;
            }
        }
    }
    Ok(reply)
}

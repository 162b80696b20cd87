//! What goes over the wire in OpenAI's dialect. Requests borrow, so that a long conversation is not copied to be sent.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    chat::{ChatMessage, ChatRequest, Role, ToolSpec},
    chat_settings::ChatModelSettings,
};

/// How the limit of tokens is called: OpenAI's own address refuses the name that every other server knows.
#[derive(Clone, Copy, Debug)]
pub(super) enum TokensKey {
    Plain,
    Completion,
}

#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    role: Role,
    /// Null beside calls: an empty text is refused by some servers.
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: CallFunction<'a>,
}

#[derive(Serialize)]
struct CallFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: &'a ToolSpec,
}

impl<'a> Request<'a> {
    pub(super) fn new(settings: &'a ChatModelSettings, request: &'a ChatRequest, key: TokensKey) -> Self {
        let tokens = request.max_tokens.or(settings.max_tokens);
        let (max_tokens, max_completion_tokens) = match key {
            TokensKey::Plain => (tokens, None),
            TokensKey::Completion => (None, tokens),
        };
        Self {
            model: &settings.model,
            messages: request.messages.iter().map(Message::new).collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            tools: request.tools.iter().map(|function| Tool { r#type: "function", function }).collect(),
            temperature: request.temperature.or(settings.temperature),
            max_tokens,
            max_completion_tokens,
            stop: &request.stop,
        }
    }
}

impl<'a> Message<'a> {
    fn new(message: &'a ChatMessage) -> Self {
        let call = |call: &'a crate::chat::ToolCall| Call {
            id: &call.id,
            r#type: "function",
            function: CallFunction { name: &call.name, arguments: &call.arguments },
        };
        let silent = message.content.is_empty() && !message.tool_calls.is_empty();
        Self {
            role: message.role,
            content: (!silent).then_some(message.content.as_str()),
            tool_calls: message.tool_calls.iter().map(call).collect(),
            tool_call_id: message.tool_call_id.as_deref(),
        }
    }
}

/// One event of a stream, or a whole reply: they differ in `delta` and `message` alone.
#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    pub(super) choices: Option<Vec<Choice<'a>>>,
    pub(super) usage: Option<Tokens>,
    /// Where Groq puts the usage of a stream.
    pub(super) x_groq: Option<Groq>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Groq {
    pub(super) usage: Option<Tokens>,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    pub(super) prompt_tokens: Option<u64>,
    #[serde(default)]
    pub(super) completion_tokens: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(borrow, alias = "message")]
    pub(super) delta: Option<Delta<'a>>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    pub(super) content: Option<String>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<Piece<'a>>>,
}

/// A piece of a call: the first has id and name, the others more of the arguments.
#[derive(Deserialize)]
pub(super) struct Piece<'a> {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    #[serde(borrow)]
    pub(super) function: Option<PieceFunction<'a>>,
}

#[derive(Deserialize)]
pub(super) struct PieceFunction<'a> {
    pub(super) name: Option<String>,
    /// A string of JSON by the dialect, an object from some servers.
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

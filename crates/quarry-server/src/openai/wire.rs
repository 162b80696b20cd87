//! The shapes of answers in this dialect, with our extensions: `citations` and `quarry`.

use quarry_core::RunId;
use quarry_engine::agent::{RunAnswer, RunCitation, RunSentence};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{Citation, RunSentence as SentenceSchema};

/// A completed answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatCompletion {
    /// `chatcmpl-` and the run's id.
    id: String,
    /// `chat.completion`
    #[schema(example = "chat.completion")]
    object: &'static str,
    /// Seconds since 1970.
    created: u64,
    /// The agent.
    #[schema(example = "default")]
    model: String,
    /// The one answer.
    choices: Vec<ChatChoice>,
    /// Tokens.
    usage: TokenUsage,
    /// What OpenAI does not say.
    quarry: AnswerExtension,
}

/// The answer.
#[derive(Serialize, ToSchema)]
struct ChatChoice {
    /// 0
    index: u32,
    /// What the agent says.
    message: AnswerMessage,
    /// `stop`, or `length` where the budget of tokens ended the run.
    #[schema(example = "stop")]
    finish_reason: &'static str,
    /// Always null.
    #[schema(value_type = Option<Object>)]
    logprobs: Option<()>,
}

/// What the agent says.
#[derive(Serialize, ToSchema)]
struct AnswerMessage {
    /// `assistant`
    #[schema(example = "assistant")]
    role: &'static str,
    /// The answer, with `[n]` where it cites.
    content: String,
    /// Always null.
    refusal: Option<String>,
    /// Where each `[n]` leads.
    #[schema(value_type = Vec<Citation>)]
    citations: Vec<RunCitation>,
}

/// Tokens.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(super) struct TokenUsage {
    /// Read, all replies together.
    prompt_tokens: u64,
    /// Written.
    completion_tokens: u64,
    /// Both.
    total_tokens: u64,
}

/// What OpenAI does not say of an answer.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct AnswerExtension {
    /// The run: `GET /v1/runs/{id}`.
    #[schema(value_type = Uuid)]
    run_id: RunId,
    /// Whether the documents answer.
    answered: bool,
    /// The configured name of the model that wrote it, or `extractive`.
    model: String,
    /// Whether no model could answer, so that the answer is quoted from the documents.
    degraded: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_reason: Option<String>,
    /// The budget that ended the run early.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_by: Option<String>,
    /// Each sentence's support.
    #[schema(value_type = Vec<SentenceSchema>)]
    sentences: Vec<RunSentence>,
    /// In the last chunk of a stream, the answer, where it is not what the stream said: a beginning was taken back, or a
    /// mark taken out that leads nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<String>,
}

/// A piece of an answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatCompletionChunk {
    /// As of a [`ChatCompletion`].
    pub(super) id: String,
    /// `chat.completion.chunk`
    #[schema(example = "chat.completion.chunk")]
    pub(super) object: &'static str,
    /// Seconds since 1970.
    pub(super) created: u64,
    /// The agent.
    pub(super) model: String,
    /// What comes; empty in the chunk that says the usage.
    pub(super) choices: Vec<ChunkChoice>,
    /// Tokens, in the chunk that says them; null in the others where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TokenUsage>)]
    pub(super) usage: Option<Option<TokenUsage>>,
    /// Where each `[n]` leads, in the chunk that says why the answer ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Citation>>)]
    pub(super) citations: Option<Vec<RunCitation>>,
    /// What OpenAI does not say, in the same chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quarry: Option<AnswerExtension>,
}

/// What comes.
#[derive(Serialize, ToSchema)]
pub(super) struct ChunkChoice {
    /// 0
    pub(super) index: u32,
    /// More of the message.
    pub(super) delta: ChunkDelta,
    /// In the last chunk, why the answer ended.
    pub(super) finish_reason: Option<&'static str>,
}

/// More of a message.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct ChunkDelta {
    /// `assistant`, in the first chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<&'static str>,
    /// More text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
}

/// An answer's id.
pub(super) fn id(run: RunId) -> String {
    format!("chatcmpl-{}", run.uuid().simple())
}

/// When a run began, in seconds since 1970: its id says so.
pub(super) fn created(run: RunId) -> u64 {
    run.uuid().get_timestamp().map_or(0, |moment| moment.to_unix().0)
}

pub(super) fn finish_reason(answer: &RunAnswer) -> &'static str {
    if answer.stopped_by.as_deref() == Some("tokens") { "length" } else { "stop" }
}

impl TokenUsage {
    pub(super) const fn of(answer: &RunAnswer) -> Self {
        let (prompt_tokens, completion_tokens) = (answer.usage.prompt_tokens, answer.usage.completion_tokens);
        Self { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
    }
}

impl AnswerExtension {
    pub(super) fn of(answer: &RunAnswer) -> Self {
        Self {
            run_id: answer.run_id,
            answered: answer.answered,
            model: answer.model.clone(),
            degraded: answer.degraded,
            degraded_reason: answer.degraded_reason.clone(),
            stopped_by: answer.stopped_by.clone(),
            sentences: answer.sentences.clone(),
            answer: None,
        }
    }
}

impl ChatCompletion {
    pub(super) fn new(agent: String, answer: RunAnswer) -> Self {
        Self {
            id: id(answer.run_id),
            object: "chat.completion",
            created: created(answer.run_id),
            model: agent,
            usage: TokenUsage::of(&answer),
            quarry: AnswerExtension::of(&answer),
            choices: vec![ChatChoice {
                index: 0,
                finish_reason: finish_reason(&answer),
                logprobs: None,
                message: AnswerMessage {
                    role: "assistant",
                    content: answer.text,
                    refusal: None,
                    citations: answer.citations,
                },
            }],
        }
    }
}

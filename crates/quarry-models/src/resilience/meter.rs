//! What calls cost: tokens, money, time to the first token, how they ended.

use std::sync::Arc;

use async_trait::async_trait;
use quarry_core::Fault;
use tokio::time::Instant;

use super::watch::{Watch, watched};
use crate::{
    chat::{ChatEvent, ChatInfo, ChatModel, ChatRequest, ChatStream, Usage},
    chat_error::ChatError,
    events::{self, MeteredCall},
};

/// Characters of a token, where the provider does not count.
const CHARACTERS_A_TOKEN: u64 = 4;

/// A model whose calls are counted.
///
/// Where the provider does not say what a call took, the usage in [`ChatEvent::Finished`] is estimated here, for the
/// budgets of whoever asked as for the metrics.
pub struct Meter {
    inner: Arc<dyn ChatModel>,
    info: Arc<ChatInfo>,
}

impl Meter {
    /// Around a model.
    #[must_use]
    pub fn new(inner: Arc<dyn ChatModel>) -> Self {
        let info = Arc::new(inner.info().clone());
        Self { inner, info }
    }
}

#[async_trait]
impl ChatModel for Meter {
    fn info(&self) -> &ChatInfo {
        &self.info
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let mut call = Call {
            info: Arc::clone(&self.info),
            begun: Instant::now(),
            first: None,
            prompt: tokens(request_characters(request)),
            characters: 0,
            ended: false,
        };
        match self.inner.chat(request).await {
            Ok(stream) => Ok(watched(stream, call)),
            Err(error) => {
                call.end(error.code(), Usage::default());
                Err(error)
            }
        }
    }
}

struct Call {
    info: Arc<ChatInfo>,
    begun: Instant,
    first: Option<Instant>,
    prompt: u64,
    characters: u64,
    ended: bool,
}

impl Call {
    fn estimate(&self) -> Usage {
        let completion_tokens = tokens(self.characters);
        Usage { prompt_tokens: self.prompt, completion_tokens, estimated: true }
    }

    fn end(&mut self, outcome: &'static str, usage: Usage) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        events::chat_ended(&MeteredCall {
            model: &self.info.name,
            outcome,
            usage,
            cost: self.info.price.of(usage),
            first_token: self.first.map(|first| first - self.begun),
            took: self.begun.elapsed(),
        });
    }

    /// What was spent by a reply that did not end as it should: if anything came, the prompt was read.
    fn spent(&self) -> Usage {
        if self.first.is_some() { self.estimate() } else { Usage::default() }
    }

    fn spoke(&mut self, characters: usize) {
        self.first.get_or_insert_with(Instant::now);
        self.characters += characters as u64;
    }
}

impl Watch for Call {
    fn see(&mut self, item: &mut Result<ChatEvent, ChatError>) {
        match item {
            Ok(ChatEvent::Text(text)) => self.spoke(text.chars().count()),
            Ok(ChatEvent::ToolCall(call)) => self.spoke(call.name.len() + call.arguments.chars().count()),
            Ok(ChatEvent::Finished { usage, .. }) => {
                // A provider that counts nothing at all has not counted.
                if usage.estimated || (usage.prompt_tokens == 0 && usage.completion_tokens == 0) {
                    *usage = self.estimate();
                }
                self.end("ok", *usage);
            }
            Ok(ChatEvent::Started(_) | ChatEvent::Working) => {}
            Err(error) => self.end(error.code(), self.spent()),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end("cancelled", self.spent());
    }
}

fn tokens(characters: u64) -> u64 {
    characters.div_ceil(CHARACTERS_A_TOKEN)
}

fn request_characters(request: &ChatRequest) -> u64 {
    let said = request.messages.iter().map(|message| {
        let calls = message.tool_calls.iter().map(|call| call.name.len() + call.arguments.len());
        message.content.chars().count() + calls.sum::<usize>()
    });
    let tools =
        request.tools.iter().map(|tool| tool.name.len() + tool.description.len() + size(&tool.parameters));
    said.chain(tools).sum::<usize>() as u64
}

/// Roughly the length of a schema as JSON, without writing it.
fn size(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => text.len() + 2,
        serde_json::Value::Array(items) => items.iter().map(|item| size(item) + 1).sum(),
        serde_json::Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + 4 + size(value)).sum()
        }
        _ => 4,
    }
}

#[cfg(test)]
mod tests;

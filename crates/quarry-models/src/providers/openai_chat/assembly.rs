//! From the pieces of a stream to events: text at once, calls when they are whole, the end when it is certain.

use std::collections::VecDeque;

use futures::Stream;
use serde_json::value::RawValue;

use super::{
    super::refusal,
    wire::{Chunk, Delta, Piece, Tokens},
};
use crate::{
    chat::{ChatEvent, FinishReason, ToolCall, Usage},
    chat_error::ChatError,
};

/// Calls in one reply; a larger number is a server gone wild.
const MOST_CALLS: usize = 128;

/// What a reply has become so far.
pub(super) struct Assembly {
    name: String,
    limit: usize,
    /// Bytes of text and arguments.
    bytes: usize,
    calls: Vec<ToolCall>,
    reason: Option<FinishReason>,
    usage: Option<Tokens>,
    ready: VecDeque<ChatEvent>,
}

impl Assembly {
    pub(super) fn new(name: &str, limit: usize) -> Self {
        let ready = VecDeque::from([ChatEvent::Started(name.to_owned())]);
        Self { name: name.to_owned(), limit, bytes: 0, calls: Vec::new(), reason: None, usage: None, ready }
    }

    pub(super) fn next(&mut self) -> Option<ChatEvent> {
        self.ready.pop_front()
    }

    /// Whether the provider has said why the reply ends, so that nothing of it can be missing.
    pub(super) const fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    /// Takes the data of one event.
    pub(super) fn take(&mut self, data: &[u8]) -> Result<(), ChatError> {
        let chunk: Chunk<'_> = serde_json::from_slice(data).map_err(|error| {
            ChatError::malformed(&self.name, format!("an event is not the expected JSON ({error})"))
        })?;
        self.take_chunk(chunk)
    }

    /// Takes a reply in one piece.
    pub(super) fn take_whole(&mut self, body: &[u8]) -> Result<(), ChatError> {
        let chunk: Chunk<'_> = serde_json::from_slice(body).map_err(|error| {
            ChatError::malformed(&self.name, format!("the reply is not the expected JSON ({error})"))
        })?;
        self.take_chunk(chunk)?;
        self.finish()
    }

    /// The reply is over.
    pub(super) fn finish(&mut self) -> Result<(), ChatError> {
        let Some(reason) = self.reason else {
            return Err(ChatError::cut(&self.name, "it ended without a finish reason"));
        };
        let calls = std::mem::take(&mut self.calls);
        let called = !calls.is_empty();
        for (position, call) in calls.iter().enumerate() {
            if call.name.is_empty() {
                return Err(ChatError::malformed(&self.name, format!("call {position} has no name")));
            }
        }
        self.ready.extend(distinct(calls).into_iter().map(ChatEvent::ToolCall));
        // Some servers say `stop` where they mean that they wait for results.
        let reason = if called && reason == FinishReason::Stop { FinishReason::ToolCalls } else { reason };
        let usage = self.usage.map_or(Usage { estimated: true, ..Usage::default() }, |tokens| Usage {
            prompt_tokens: tokens.prompt_tokens.unwrap_or(0),
            completion_tokens: tokens.completion_tokens.unwrap_or(0),
            estimated: false,
        });
        self.ready.push_back(ChatEvent::Finished { reason, usage });
        Ok(())
    }

    fn take_chunk(&mut self, chunk: Chunk<'_>) -> Result<(), ChatError> {
        if let Some(error) = chunk.error {
            // Wrapped again, so that it is read like the body of a refusal.
            let body = format!(r#"{{"error":{}}}"#, error.get());
            return Err(refusal::broke(&self.name, body.as_bytes()));
        }
        let usage = chunk.usage.or_else(|| chunk.x_groq.and_then(|groq| groq.usage));
        let Some(choices) = chunk.choices else {
            if usage.is_some() {
                self.usage = usage;
                return Ok(());
            }
            return Err(ChatError::malformed(&self.name, "an event has no `choices`"));
        };
        self.usage = usage.or(self.usage);
        // One choice is asked for; a second would be another reply.
        let Some(choice) = choices.into_iter().next() else { return Ok(()) };
        let said = self.ready.len();
        if let Some(delta) = choice.delta {
            self.take_delta(delta)?;
        }
        if let Some(reason) = choice.finish_reason {
            self.reason = Some(reason_of(&reason));
        }
        if said == self.ready.len() {
            self.ready.push_back(ChatEvent::Working);
        }
        Ok(())
    }

    fn take_delta(&mut self, delta: Delta<'_>) -> Result<(), ChatError> {
        if let Some(text) = delta.content.filter(|text| !text.is_empty()) {
            self.weigh(text.len())?;
            self.ready.push_back(ChatEvent::Text(text));
        }
        for piece in delta.tool_calls.into_iter().flatten() {
            self.take_piece(piece)?;
        }
        Ok(())
    }

    fn take_piece(&mut self, piece: Piece<'_>) -> Result<(), ChatError> {
        let position = self.position(&piece);
        if position >= MOST_CALLS {
            return Err(ChatError::malformed(&self.name, format!("it makes more than {MOST_CALLS} calls")));
        }
        let (name, arguments) = match piece.function {
            Some(function) => (function.name, function.arguments.map(arguments)),
            None => (None, None),
        };
        let added = name.as_ref().map_or(0, String::len) + arguments.as_ref().map_or(0, String::len);
        self.weigh(added)?;
        while self.calls.len() <= position {
            self.calls.push(ToolCall { id: String::new(), name: String::new(), arguments: String::new() });
        }
        let Some(call) = self.calls.get_mut(position) else { return Ok(()) };
        if let Some(id) = piece.id.filter(|id| !id.is_empty()) {
            call.id = id;
        }
        // The name comes whole; a server that repeats it with each piece must not make it longer.
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            call.name = name;
        }
        call.arguments.push_str(arguments.as_deref().unwrap_or_default());
        Ok(())
    }

    /// The call a piece belongs to. Without a number, a new id begins a new call.
    fn position(&self, piece: &Piece<'_>) -> usize {
        let last = self.calls.len().saturating_sub(1);
        piece.index.unwrap_or_else(|| match (&piece.id, self.calls.last()) {
            (Some(id), Some(call)) if !id.is_empty() && *id != call.id => last + 1,
            _ => last,
        })
    }

    fn weigh(&mut self, more: usize) -> Result<(), ChatError> {
        self.bytes = self.bytes.saturating_add(more);
        if self.bytes > self.limit {
            return Err(ChatError::TooLarge { name: self.name.clone(), limit: self.limit });
        }
        Ok(())
    }

    /// What is ready, as a stream.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<ChatEvent, ChatError>> + Send {
        futures::stream::iter(self.ready.into_iter().map(Ok))
    }
}

/// Arguments as text: the string itself, or the JSON that stands where the string should.
fn arguments(raw: &RawValue) -> String {
    match raw.get() {
        "null" => String::new(),
        text => serde_json::from_str(text).unwrap_or_else(|_| text.to_owned()),
    }
}

/// Calls whose ids are there and differ, as results are matched by them.
pub(in crate::providers) fn distinct(calls: Vec<ToolCall>) -> Vec<ToolCall> {
    let mut seen = std::collections::HashSet::new();
    let renamed = calls.into_iter().map(|mut call| {
        if call.id.is_empty() || seen.contains(&call.id) {
            // Random, since a conversation holds the calls of many replies.
            call.id = format!("call_{:016x}", fastrand::u64(..));
        }
        seen.insert(call.id.clone());
        call
    });
    renamed.collect()
}

fn reason_of(word: &str) -> FinishReason {
    match word {
        "length" | "max_tokens" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        // `stop`, and what servers invent for it: `eos`, `end_turn`, `stop_sequence`.
        _ => FinishReason::Stop,
    }
}

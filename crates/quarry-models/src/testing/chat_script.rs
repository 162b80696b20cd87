//! A chat model in this process that answers by a script: no HTTP, no waiting unless the script says so.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use futures::StreamExt;
use parking_lot::Mutex;

use crate::{
    chat::{
        ChatCapabilities, ChatEvent, ChatInfo, ChatModel, ChatRequest, ChatStream, FinishReason, Price,
        ToolCall, Usage,
    },
    chat_error::ChatError,
};

/// One reply, built from what it does in order.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    refused: Option<ChatError>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Say(String),
    Call(ToolCall),
    Work,
    Wait(Duration),
    Hang,
    Fail(ChatError),
    Finish(FinishReason, Option<Usage>),
}

impl Turn {
    /// Says these pieces and stops.
    pub fn text<T: Into<String>>(pieces: impl IntoIterator<Item = T>) -> Self {
        Self::default().say(pieces).finish(FinishReason::Stop)
    }

    /// Makes calls, each a name and its arguments, and waits for their results. Ids are `call_1`, `call_2`, ...
    #[must_use]
    pub fn calls(calls: &[(&str, &str)]) -> Self {
        let turn = calls.iter().enumerate().fold(Self::default(), |turn, (position, (name, arguments))| {
            turn.call(&format!("call_{}", position + 1), name, arguments)
        });
        turn.finish(FinishReason::ToolCalls)
    }

    /// Fails before anything comes.
    #[must_use]
    pub fn refused(error: ChatError) -> Self {
        Self { refused: Some(error), ..Self::default() }
    }

    /// Says these pieces and fails.
    pub fn failing_after<T: Into<String>>(pieces: impl IntoIterator<Item = T>, error: ChatError) -> Self {
        Self::default().say(pieces).fail(error)
    }

    /// Says these pieces and then nothing, for ever.
    pub fn hanging_after<T: Into<String>>(pieces: impl IntoIterator<Item = T>) -> Self {
        Self::default().say(pieces).then(Step::Hang)
    }

    /// More text.
    #[must_use]
    pub fn say<T: Into<String>>(self, pieces: impl IntoIterator<Item = T>) -> Self {
        pieces.into_iter().fold(self, |turn, piece| turn.then(Step::Say(piece.into())))
    }

    /// One more call.
    #[must_use]
    pub fn call(self, id: &str, name: &str, arguments: &str) -> Self {
        let (id, name, arguments) = (id.to_owned(), name.to_owned(), arguments.to_owned());
        self.then(Step::Call(ToolCall { id, name, arguments }))
    }

    /// A sign of life without content.
    #[must_use]
    pub fn work(self) -> Self {
        self.then(Step::Work)
    }

    /// A pause.
    #[must_use]
    pub fn wait(self, pause: Duration) -> Self {
        self.then(Step::Wait(pause))
    }

    /// The end, with usage estimated from what was said.
    #[must_use]
    pub fn finish(self, reason: FinishReason) -> Self {
        self.then(Step::Finish(reason, None))
    }

    /// The end, with this usage.
    #[must_use]
    pub fn finish_using(self, reason: FinishReason, usage: Usage) -> Self {
        self.then(Step::Finish(reason, Some(usage)))
    }

    /// An error.
    #[must_use]
    pub fn fail(self, error: ChatError) -> Self {
        self.then(Step::Fail(error))
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

type Script = dyn FnMut(&ChatRequest) -> Turn + Send;

/// A model that plays turns and keeps every request.
pub struct ScriptedChat {
    info: ChatInfo,
    script: Mutex<Box<Script>>,
    requests: Mutex<Vec<ChatRequest>>,
    dropped: std::sync::Arc<AtomicUsize>,
}

impl ScriptedChat {
    /// Plays these turns in order; a call behind the last is refused.
    #[must_use]
    pub fn playing(name: &str, turns: Vec<Turn>) -> Self {
        let mut turns = turns.into_iter();
        let over = ChatError::Rejected {
            name: name.to_owned(),
            status: 400,
            problem: "the script has ended".to_owned(),
        };
        Self::answering(name, move |_| turns.next().unwrap_or_else(|| Turn::refused(over.clone())))
    }

    /// Answers each request by a function.
    #[must_use]
    pub fn answering(name: &str, script: impl FnMut(&ChatRequest) -> Turn + Send + 'static) -> Self {
        let info = ChatInfo {
            name: name.to_owned(),
            provider: "scripted".to_owned(),
            model: "scripted-1".to_owned(),
            capabilities: ChatCapabilities { tools: true, context_window: 8192 },
            price: Price::default(),
        };
        let script: Box<Script> = Box::new(script);
        Self {
            info,
            script: Mutex::new(script),
            requests: Mutex::default(),
            dropped: std::sync::Arc::default(),
        }
    }

    /// The same with other capabilities.
    #[must_use]
    pub fn capable(mut self, capabilities: ChatCapabilities) -> Self {
        self.info.capabilities = capabilities;
        self
    }

    /// The same with a price.
    #[must_use]
    pub fn priced(mut self, price: Price) -> Self {
        self.info.price = price;
        self
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.requests.lock().clone()
    }

    /// Replies that were dropped before their end.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

/// Counts a reply that was dropped before its end.
struct Playing {
    over: bool,
    dropped: std::sync::Arc<AtomicUsize>,
}

impl Playing {
    fn see(&mut self, event: Option<&Result<ChatEvent, ChatError>>) {
        self.over |= matches!(event, Some(Err(_) | Ok(ChatEvent::Finished { .. })));
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if !self.over {
            self.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// About what a provider would count: a token for every four bytes.
fn tokens(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

#[async_trait]
impl ChatModel for ScriptedChat {
    fn info(&self) -> &ChatInfo {
        &self.info
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        self.requests.lock().push(request.clone());
        let turn = (self.script.lock())(request);
        if let Some(error) = turn.refused {
            return Err(error);
        }
        let prompt_tokens = tokens(request.messages.iter().map(|message| message.content.len()).sum());
        let mut playing = Playing { over: false, dropped: std::sync::Arc::clone(&self.dropped) };
        let mut said = 0;
        let steps = futures::stream::iter(turn.steps).then(|step| async move {
            match step {
                Step::Wait(pause) => tokio::time::sleep(pause).await,
                Step::Hang => std::future::pending().await,
                _ => {}
            }
            step
        });
        let events = steps.filter_map(move |step| {
            let event = match step {
                Step::Say(text) => {
                    said += text.len();
                    Some(Ok(ChatEvent::Text(text)))
                }
                Step::Call(call) => {
                    said += call.name.len() + call.arguments.len();
                    Some(Ok(ChatEvent::ToolCall(call)))
                }
                Step::Work => Some(Ok(ChatEvent::Working)),
                Step::Fail(error) => Some(Err(error)),
                Step::Finish(reason, usage) => {
                    let completion_tokens = tokens(said);
                    let counted = Usage { prompt_tokens, completion_tokens, estimated: false };
                    Some(Ok(ChatEvent::Finished { reason, usage: usage.unwrap_or(counted) }))
                }
                Step::Wait(_) | Step::Hang => None,
            };
            playing.see(event.as_ref());
            std::future::ready(event)
        });
        let started = futures::stream::iter([Ok(ChatEvent::Started(self.info.name.clone()))]);
        Ok(Box::pin(started.chain(events)))
    }
}

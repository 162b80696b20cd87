//! A model that says what a test tells it to, and small tools.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use quarry_engine::{
    SearchRequest,
    agent::{
        AgentEvent,
        live::RunEvents,
        source::Source,
        tool::{Tool, ToolContext, ToolFailure, ToolOutput},
    },
};
use quarry_models::{
    ChatError, ChatEvent, ChatInfo, ChatModel, ChatModels, ChatRequest, ChatStream,
    chat::{ChatCapabilities, FinishReason, Price, Role, ToolCall, ToolSpec, Usage},
};
use serde_json::{Value, json};

/// What a scripted model does when it is asked.
pub enum Reply {
    /// Text in pieces.
    Text(&'static [&'static str]),
    /// Text, then calls.
    Calls(&'static str, Vec<(&'static str, Value)>),
    /// A call with arguments that may not be JSON.
    Raw(&'static str, &'static str),
    /// Text, then the stream breaks off.
    Cut(&'static str),
    /// No reply at all.
    Down,
    /// Text, then nothing more, for ever.
    Stall(&'static str),
}

type Improvise = dyn Fn(&ChatRequest, usize) -> Reply + Send + Sync;

pub struct Scripted {
    info: ChatInfo,
    script: Mutex<VecDeque<Reply>>,
    improvise: Option<Box<Improvise>>,
    pub asked: Mutex<Vec<ChatRequest>>,
    /// Streams that are open.
    pub open: Arc<AtomicUsize>,
}

impl Scripted {
    fn build(tools: bool, script: Vec<Reply>, improvise: Option<Box<Improvise>>) -> Arc<Self> {
        Arc::new(Self {
            info: ChatInfo {
                name: "scripted".to_owned(),
                provider: "test".to_owned(),
                model: "scripted".to_owned(),
                capabilities: ChatCapabilities { tools, context_window: 16_000 },
                price: Price { input_per_million: 1.0, output_per_million: 2.0 },
            },
            script: Mutex::new(script.into()),
            improvise,
            asked: Mutex::default(),
            open: Arc::default(),
        })
    }

    pub fn native(script: Vec<Reply>) -> Arc<Self> {
        Self::build(true, script, None)
    }

    pub fn textual(script: Vec<Reply>) -> Arc<Self> {
        Self::build(false, script, None)
    }

    pub fn improvising(
        improvise: impl Fn(&ChatRequest, usize) -> Reply + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::build(true, Vec::new(), Some(Box::new(improvise)))
    }

    pub fn models(self: &Arc<Self>) -> ChatModels {
        ChatModels::new(vec![Arc::clone(self) as Arc<dyn ChatModel>], None)
    }

    /// What the model read as a request's last message.
    pub fn read(&self, request: usize) -> String {
        self.asked.lock()[request].messages.last().unwrap().content.clone()
    }
}

struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn info(&self) -> &ChatInfo {
        &self.info
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let turn = {
            let mut asked = self.asked.lock();
            asked.push(request.clone());
            asked.len() - 1
        };
        let reply = match &self.improvise {
            Some(improvise) => improvise(request, turn),
            None => self.script.lock().pop_front().expect("the script is too short"),
        };
        let name = self.info.name.clone();
        let usage = Usage { prompt_tokens: 100, completion_tokens: 10, estimated: false };
        let finished = |reason| Ok(ChatEvent::Finished { reason, usage });
        let text = |text: &str| Ok(ChatEvent::Text(text.to_owned()));
        let mut events = vec![Ok(ChatEvent::Started(name.clone()))];
        let mut stalls = false;
        match reply {
            Reply::Text(pieces) => {
                events.extend(pieces.iter().map(|piece| text(piece)));
                events.push(finished(FinishReason::Stop));
            }
            Reply::Calls(said, calls) => {
                if !said.is_empty() {
                    events.push(text(said));
                }
                events.extend(calls.into_iter().enumerate().map(|(place, (name, arguments))| {
                    let id = format!("provider_{place}");
                    Ok(ChatEvent::ToolCall(ToolCall {
                        id,
                        name: name.to_owned(),
                        arguments: arguments.to_string(),
                    }))
                }));
                events.push(finished(FinishReason::ToolCalls));
            }
            Reply::Raw(name, arguments) => {
                let call =
                    ToolCall { id: "x".to_owned(), name: name.to_owned(), arguments: arguments.to_owned() };
                events.push(Ok(ChatEvent::ToolCall(call)));
                events.push(finished(FinishReason::ToolCalls));
            }
            Reply::Cut(said) => {
                events.push(text(said));
                events.push(Err(ChatError::Cut { name, problem: "the connection was closed".to_owned() }));
            }
            Reply::Down => {
                let problem = "HTTP 503".to_owned();
                return Err(ChatError::Unavailable { name, problem, retry_after: None });
            }
            Reply::Stall(said) => {
                events.push(text(said));
                stalls = true;
            }
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        let open = Open(Arc::clone(&self.open));
        let rest = if stalls { stream::pending().boxed() } else { stream::empty().boxed() };
        let stream = stream::iter(events).chain(rest).map(move |event| {
            let _open = &open;
            event
        });
        Ok(stream.boxed())
    }
}

/// Finds passages of the agent's collections, as the real one does, in few words.
pub struct SmallSearch(ToolSpec);

impl SmallSearch {
    pub fn tool() -> Arc<dyn Tool> {
        Arc::new(Self(ToolSpec {
            name: "search".to_owned(),
            description: "Finds passages.".to_owned(),
            parameters: json!({
                "type": "object", "required": ["query"], "additionalProperties": false,
                "properties": {"query": {"type": "string", "minLength": 1}, "collection": {"type": "string"}}
            }),
        }))
    }
}

#[async_trait]
impl Tool for SmallSearch {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let own = &context.agent.collections;
        let asked = arguments["collection"].as_str();
        if let Some(asked) = asked.filter(|asked| !own.iter().any(|name| name.as_str() == *asked)) {
            return Err(ToolFailure(format!("there is no collection `{asked}`")));
        }
        let mut output = ToolOutput::default();
        for name in own.iter().filter(|name| asked.is_none_or(|asked| name.as_str() == asked)) {
            let mut search = SearchRequest::new(name.clone(), arguments["query"].as_str().unwrap());
            search.k = 3;
            search.filter = context.filter.cloned();
            let found = context.engine.search(context.access, search).await;
            for hit in found.map_err(|error| ToolFailure(error.to_string()))?.hits {
                let text = hit.text.clone();
                let number = context.sources.add(Source::from_hit(name.clone(), hit));
                output.text.push_str(&format!("[{number}] {text}\n"));
                output.sources.push(number);
            }
        }
        Ok(output)
    }
}

/// A tool that counts its calls and says something.
pub struct Counted {
    spec: ToolSpec,
    says: Result<&'static str, &'static str>,
    pub calls: AtomicUsize,
}

impl Counted {
    pub fn new(name: &str, says: Result<&'static str, &'static str>) -> Arc<Self> {
        let parameters = json!({"type": "object", "properties": {"x": {"type": "string"}}});
        let spec = ToolSpec { name: name.to_owned(), description: "Does it.".to_owned(), parameters };
        Arc::new(Self { spec, says, calls: AtomicUsize::new(0) })
    }

    pub fn count(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Tool for Counted {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, _: &ToolContext<'_>, _: &Value) -> Result<ToolOutput, ToolFailure> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.says.map(ToolOutput::text).map_err(|text| ToolFailure(text.to_owned()))
    }
}

pub async fn all(events: RunEvents) -> Vec<AgentEvent> {
    events.map(|(_, event)| event).collect().await
}

/// An event in a word or two, so that a run reads as a line.
pub fn told(events: &[AgentEvent]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for event in events {
        let words = match event {
            AgentEvent::Started { model, .. } => format!("started {model}"),
            AgentEvent::Step { step, .. } => format!("step {step}"),
            AgentEvent::Thought { text } => format!("thought {text}"),
            AgentEvent::ToolCalled { tool, arguments, .. } => format!("called {tool} {arguments}"),
            AgentEvent::ApprovalRequired { call_id, .. } => format!("asks {call_id}"),
            AgentEvent::ApprovalDecided { approved, .. } => format!("decided {approved}"),
            AgentEvent::ToolReturned { ok, .. } => format!("returned {ok}"),
            AgentEvent::Retrieved { sources, .. } => format!("retrieved {}", sources.len()),
            AgentEvent::Said { text } => match told.last_mut().filter(|last| last.starts_with("said ")) {
                Some(last) => {
                    last.push_str(text);
                    continue;
                }
                None => format!("said {text}"),
            },
            AgentEvent::StepFinished { step, .. } => format!("end {step}"),
            AgentEvent::Degraded { .. } => "degraded".to_owned(),
            AgentEvent::Recorded(_) => "recorded".to_owned(),
            AgentEvent::Finished(answer) => format!("finished {}", answer.text),
            AgentEvent::Failed { code, .. } => format!("failed {code}"),
        };
        told.push(words);
    }
    told
}

/// Whether a request offers a last answer only.
pub fn is_last(request: &ChatRequest) -> bool {
    request.tools.is_empty()
        && request
            .messages
            .last()
            .is_some_and(|last| last.role == Role::User && last.content.contains("cannot call tools"))
}

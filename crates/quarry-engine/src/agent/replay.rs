//! A stored run, run again with what models and tools said then. The code and the prompts are today's; the first thing
//! that comes out otherwise is named.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use quarry_core::{Access, RunId};
use quarry_models::{
    ChatError, ChatEvent, ChatInfo, ChatModel, ChatRequest, ChatStream,
    chat::{ChatCapabilities, Price, ToolSpec},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    event::AgentEvent,
    live::LiveRun,
    recorded::Recorded,
    run::{Again, Extracted, Plan, Progress, Work},
    source::{Source, Sources},
    tool::{Tool, ToolContext, ToolFailure, ToolOutput},
    toolset::Tools,
};
use crate::{engine::Engine, error::EngineError};

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The run.
    pub run_id: RunId,
    /// Steps of the trace that came out as they did then.
    pub same: usize,
    /// The first that did not.
    pub difference: Option<Difference>,
}

/// Where a run came out otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// `prompt`, `request`, `tools`, `call`, `result`, `answer`, or `end` where one side has nothing more.
    pub what: String,
    /// The reply it belongs to, from 1; 0 before the first.
    pub step: u32,
    /// What came then.
    pub then: String,
    /// What comes now.
    pub now: String,
}

/// What a trace comes down to, to be compared.
#[derive(Clone, Debug, PartialEq)]
struct Moment {
    what: &'static str,
    step: u32,
    text: String,
}

pub(crate) async fn replay(engine: &Engine, access: &Access, id: RunId) -> Result<Replay, EngineError> {
    let rows = engine.runs().trace(access, id).await?;
    let events: Vec<AgentEvent> =
        rows.into_iter().filter_map(|row| serde_json::from_value(row.event).ok()).collect();
    let plan = events.iter().find_map(|event| match event {
        AgentEvent::Recorded(recorded) => match recorded.as_ref() {
            Recorded::Plan(plan) => Some(plan.as_ref().clone()),
            _ => None,
        },
        _ => None,
    });
    let Some(mut plan) = plan else {
        let problem = "the run's trace does not say how it was planned, so it cannot be run again";
        return Err(EngineError::invalid("run_not_replayable", "", problem));
    };
    // Time does not repeat itself: a run that time ended is compared up to there.
    plan.definition.budgets.seconds = u64::from(u32::MAX);
    let run = Arc::new(LiveRun::new(
        (access.tenant(), plan.user.clone()),
        id,
        Arc::clone(&engine.inner().clock),
        Vec::new(),
    ));
    let work = work(engine, access, plan, &events, &run).await;
    let end = work.drive(Progress::default()).await;
    let mut again = Vec::new();
    run.each(|event| again.push(event.clone()));
    if let Ok(super::run::End::Answered(answer)) = end {
        again.push(AgentEvent::Finished(answer));
    }
    Ok(compare(id, &moments(&events), &moments(&again)))
}

async fn work(
    engine: &Engine,
    access: &Access,
    plan: Plan,
    events: &[AgentEvent],
    run: &Arc<LiveRun>,
) -> Work {
    let mut replies = VecDeque::new();
    let mut outputs: HashMap<String, VecDeque<Result<ToolOutput, String>>> = HashMap::new();
    let mut sources: Vec<Source> = Vec::new();
    let mut again = Again::default();
    for (place, event) in events.iter().enumerate() {
        match event {
            AgentEvent::Recorded(recorded) => match recorded.as_ref() {
                Recorded::Replied { .. } | Recorded::Broke { .. } => {
                    replies.push_back(recorded.as_ref().clone())
                }
                Recorded::Extracted { text, answered } => {
                    again.extracted = Some(Extracted { text: text.clone(), answered: *answered });
                }
                _ => {}
            },
            AgentEvent::ToolReturned { call_id, tool, ok, output, .. } => {
                let brought = match events.get(place + 1) {
                    Some(AgentEvent::Retrieved { call_id: of, sources }) if of == call_id => {
                        sources.iter().map(|source| source.number).collect()
                    }
                    _ => Vec::new(),
                };
                let output = if *ok {
                    Ok(ToolOutput { text: output.clone(), sources: brought })
                } else {
                    Err(output.clone())
                };
                outputs.entry(tool.clone()).or_default().push_back(output);
            }
            AgentEvent::Retrieved { sources: brought, .. } => sources.extend(brought.iter().cloned()),
            AgentEvent::ApprovalDecided { call_id, approved, .. } => {
                again.decisions.insert(call_id.clone(), *approved);
            }
            _ => {}
        }
    }
    let model =
        plan.model.clone().map(|name| Arc::new(Spoken::new(name, &plan, replies)) as Arc<dyn ChatModel>);
    let tools = tools(engine, &plan, outputs).await;
    Work {
        engine: engine.clone(),
        access: access.clone(),
        model,
        tools,
        search: None,
        sources: Sources::restored(sources),
        run: Arc::clone(run),
        asked: Mutex::default(),
        again: Some(again),
        plan,
    }
}

/// Today's descriptions with the results of then.
async fn tools(
    engine: &Engine,
    plan: &Plan,
    mut outputs: HashMap<String, VecDeque<Result<ToolOutput, String>>>,
) -> Tools {
    let known = engine.inner().tools.select(&plan.definition).await.unwrap_or_default();
    let done = |tool: &Arc<dyn Tool>| {
        let outputs = Mutex::new(outputs.remove(&tool.spec().name).unwrap_or_default());
        Arc::new(Done { spec: tool.spec().clone(), outputs }) as Arc<dyn Tool>
    };
    Tools::new(known.iter().map(done).collect())
}

/// A model that says what it said.
struct Spoken {
    info: ChatInfo,
    replies: Mutex<VecDeque<Recorded>>,
}

impl Spoken {
    fn new(name: String, plan: &Plan, replies: VecDeque<Recorded>) -> Self {
        let capabilities = ChatCapabilities { tools: !plan.react, context_window: plan.window };
        let info = ChatInfo {
            provider: "replay".to_owned(),
            model: name.clone(),
            name,
            capabilities,
            price: Price::default(),
        };
        Self { info, replies: Mutex::new(replies) }
    }
}

#[async_trait]
impl ChatModel for Spoken {
    fn info(&self) -> &ChatInfo {
        &self.info
    }

    async fn chat(&self, _: &ChatRequest) -> Result<ChatStream, ChatError> {
        let name = self.info.name.clone();
        let reply = self.replies.lock().pop_front();
        let mut events: Vec<Result<ChatEvent, ChatError>> = Vec::new();
        match reply {
            Some(Recorded::Replied { model, text, calls, reason, usage, .. }) => {
                events.push(Ok(ChatEvent::Started(model)));
                if !text.is_empty() {
                    events.push(Ok(ChatEvent::Text(text)));
                }
                events.extend(calls.into_iter().map(|call| Ok(ChatEvent::ToolCall(call))));
                events.push(Ok(ChatEvent::Finished { reason, usage }));
            }
            Some(Recorded::Broke { text, problem, .. }) => {
                events.push(Ok(ChatEvent::Started(name.clone())));
                if !text.is_empty() {
                    events.push(Ok(ChatEvent::Text(text)));
                }
                events.push(Err(ChatError::Cut { name, problem }));
            }
            _ => {
                let problem = "the trace has no reply for this request".to_owned();
                return Err(ChatError::Unavailable { name, problem, retry_after: None });
            }
        }
        Ok(stream::iter(events).boxed())
    }
}

/// A tool that returns what it returned.
struct Done {
    spec: ToolSpec,
    outputs: Mutex<VecDeque<Result<ToolOutput, String>>>,
}

#[async_trait]
impl Tool for Done {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, _: &ToolContext<'_>, _: &Value) -> Result<ToolOutput, ToolFailure> {
        let output = self.outputs.lock().pop_front();
        output.unwrap_or_else(|| Err("the trace has no result of this call".to_owned())).map_err(ToolFailure)
    }
}

fn moments(events: &[AgentEvent]) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut step = 0;
    for event in events {
        let mut add = |what, step, text: String| moments.push(Moment { what, step, text });
        match event {
            AgentEvent::Recorded(recorded) => match recorded.as_ref() {
                Recorded::Asked { step: asked, prompt, kept, messages, tools } => {
                    step = *asked;
                    add("prompt", step, prompt.clone());
                    add("tools", step, tools.join(", "));
                    add("request", step, json!({"kept": kept, "messages": messages}).to_string());
                }
                // A run that was ended by time or by its caller has no more to compare.
                Recorded::Stopped { limit, .. } if limit == "seconds" => return moments,
                Recorded::Stopped { limit, .. } => add("stopped", step, limit.clone()),
                _ => {}
            },
            AgentEvent::ToolCalled { tool, arguments, .. } => {
                add("call", step, format!("{tool} {arguments}"))
            }
            AgentEvent::ToolReturned { tool, ok, output, .. } => {
                add("result", step, format!("{tool} {ok} {output}"))
            }
            AgentEvent::Finished(answer) => add("answer", step, answer.text.clone()),
            AgentEvent::Failed { .. } => return moments,
            _ => {}
        }
    }
    moments
}

/// The first difference. What the trace does not have any more, because the run was cut short, is none.
fn compare(run_id: RunId, then: &[Moment], now: &[Moment]) -> Replay {
    let finished = then.last().is_some_and(|moment| moment.what == "answer");
    for (place, one) in then.iter().enumerate() {
        let (what, text) = match now.get(place) {
            Some(two) if one == two => continue,
            Some(two) if one.what == two.what => (one.what, two.text.clone()),
            Some(two) => (one.what, format!("{}: {}", two.what, two.text)),
            None => ("end", String::new()),
        };
        let difference =
            Difference { what: what.to_owned(), step: one.step, then: one.text.clone(), now: text };
        return Replay { run_id, same: place, difference: Some(difference) };
    }
    let more = now.get(then.len()).filter(|_| finished);
    let difference = more.map(|more| Difference {
        what: "end".to_owned(),
        step: more.step,
        then: String::new(),
        now: format!("{}: {}", more.what, more.text),
    });
    Replay { run_id, same: then.len(), difference }
}

//! One reply, while it comes.

use futures::StreamExt;
use quarry_core::Usage as Used;
use quarry_models::{
    ChatError, ChatEvent, ChatMessage, ChatModel, ChatRequest,
    chat::{FinishReason, ToolCall, ToolSpec, Usage},
};
use tokio::time::Instant;

use super::{
    dialect::{self, Turn},
    drive::Work,
    progress::Progress,
};
use crate::agent::{
    budget::{Budget, tokens_in, tokens_of},
    event::AgentEvent,
    react::{self, Reader, writer},
    recorded::Recorded,
};

/// Why a reply did not come to its end.
#[derive(Debug)]
pub(crate) enum Broke {
    /// The model failed.
    Model(ChatError),
    /// The run's time was over.
    Late,
}

/// What is asked for.
pub(crate) struct Asking<'a> {
    /// The conversation.
    pub(crate) messages: Vec<ChatMessage>,
    /// The tools offered.
    pub(crate) tools: &'a [ToolSpec],
    /// The prompt and its version.
    pub(crate) prompt: String,
    /// Whether the reply is read as `ReAct`.
    pub(crate) react: bool,
    /// When it must have come.
    pub(crate) by: Instant,
}

/// What was heard so far; it outlives a reply that is cut off.
struct Hearing {
    model: String,
    text: String,
    calls: Vec<ToolCall>,
    reader: Option<Reader>,
    thought: bool,
    began: bool,
    ended: Option<(FinishReason, Usage)>,
}

impl Work {
    /// Asks for one reply and gives its text out while it comes.
    pub(crate) async fn reply(
        &self,
        model: &dyn ChatModel,
        progress: &mut Progress,
        budget: &Budget,
        asking: Asking<'_>,
    ) -> Result<Turn, Broke> {
        let prompt_tokens = tokens_in(&asking.messages, asking.tools);
        progress.spent.steps += 1;
        let step = progress.spent.steps;
        self.record_asked(step, &asking);
        let request = ChatRequest {
            max_tokens: budget.reply_tokens(&progress.spent, prompt_tokens),
            tools: if asking.react { Vec::new() } else { asking.tools.to_vec() },
            stop: if asking.react { vec![writer::STOP.to_owned()] } else { Vec::new() },
            messages: asking.messages,
            temperature: None,
        };
        let mut hearing = Hearing::new(model.info().name.clone(), asking.react);
        let began = Instant::now();
        let heard = tokio::time::timeout_at(asking.by, self.hear(model, &request, step, &mut hearing)).await;
        let usage = hearing.usage(prompt_tokens);
        let cost = self.price(model, &hearing.model).of(usage);
        progress.spent.reply(usage, cost);
        // What is run again from its trace costs nothing.
        if hearing.began && self.again.is_none() {
            let tokens = usage.prompt_tokens + usage.completion_tokens;
            let inner = self.engine.inner();
            inner.spending.count(inner, self.access.tenant(), Used { requests: 0, tokens, cost });
        }
        let outcome = match heard {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Broke::Model(error)),
            Err(_) => Err(Broke::Late),
        };
        if let Err(broke) = outcome {
            let problem = match &broke {
                Broke::Model(error) => error.to_string(),
                Broke::Late => "time".to_owned(),
            };
            self.record(Recorded::Broke { step, text: hearing.text.clone(), problem });
            if hearing.began {
                self.say(AgentEvent::StepFinished { step, usage, cost, took_ms: milliseconds(began) });
            }
            return Err(broke);
        }
        self.record(Recorded::Replied {
            step,
            model: hearing.model.clone(),
            text: hearing.text.clone(),
            calls: hearing.calls.clone(),
            reason: hearing.ended.map_or(FinishReason::Stop, |(reason, _)| reason),
            usage,
        });
        let turn = self.turn(hearing, asking.tools);
        self.say(AgentEvent::StepFinished { step, usage, cost, took_ms: milliseconds(began) });
        Ok(number(turn, step))
    }

    async fn hear(
        &self,
        model: &dyn ChatModel,
        request: &ChatRequest,
        step: u32,
        hearing: &mut Hearing,
    ) -> Result<(), ChatError> {
        let mut stream = model.chat(request).await?;
        while let Some(event) = stream.next().await {
            match event? {
                ChatEvent::Started(name) => {
                    hearing.model.clone_from(&name);
                    hearing.began = true;
                    self.say(AgentEvent::Step { step, model: name });
                }
                ChatEvent::Text(text) => {
                    hearing.text.push_str(&text);
                    self.hear_text(text, hearing);
                    if hearing.reader.as_ref().is_some_and(Reader::is_over) {
                        // The rest is what the model imagines the tool to say; dropping the stream ends it.
                        hearing.ended = Some((FinishReason::Stop, Usage::default()));
                        return Ok(());
                    }
                }
                ChatEvent::ToolCall(call) => hearing.calls.push(call),
                ChatEvent::Working => {}
                ChatEvent::Finished { reason, usage } => hearing.ended = Some((reason, usage)),
            }
        }
        if hearing.ended.is_some() {
            return Ok(());
        }
        let problem = "the stream ended before the reply did".to_owned();
        Err(ChatError::Cut { name: hearing.model.clone(), problem })
    }

    fn hear_text(&self, text: String, hearing: &mut Hearing) {
        let Some(reader) = &mut hearing.reader else {
            self.say(AgentEvent::Said { text });
            return;
        };
        let certain = reader.push(&text);
        if certain.is_empty() {
            return;
        }
        if !hearing.thought {
            hearing.thought = true;
            self.think(&reader.thought());
        }
        self.say(AgentEvent::Said { text: certain });
    }

    fn think(&self, thought: &str) {
        if !thought.is_empty() {
            self.say(AgentEvent::Thought { text: thought.to_owned() });
        }
    }

    fn turn(&self, hearing: Hearing, tools: &[ToolSpec]) -> Turn {
        let Some(reader) = hearing.reader else {
            let text = hearing.text.trim().to_owned();
            if !hearing.calls.is_empty() {
                self.think(&text);
                return Turn::Calls { said: text, calls: hearing.calls };
            }
            let held = matches!(hearing.ended, Some((FinishReason::ContentFilter, _)));
            return match text.is_empty() {
                true if held => Turn::Unreadable { text, problem: "the provider held it back" },
                true => Turn::Unreadable { text, problem: "it was empty" },
                false => Turn::Answer(text),
            };
        };
        let (rest, turn) = reader.finish();
        let thought = match &turn {
            react::Turn::Act { thought, .. } | react::Turn::Answer { thought, .. } => thought.as_str(),
            react::Turn::Unreadable { text, .. } => text.as_str(),
        };
        if !hearing.thought {
            self.think(thought);
        }
        if !rest.is_empty() {
            self.say(AgentEvent::Said { text: rest });
        }
        match turn {
            react::Turn::Answer { text, .. } => Turn::Answer(text),
            react::Turn::Act { thought, action } => {
                Turn::Calls { said: thought, calls: vec![dialect::call_of(action, tools)] }
            }
            react::Turn::Unreadable { text, problem } => Turn::Unreadable { text, problem },
        }
    }

    /// What a request adds to the one before it.
    fn record_asked(&self, step: u32, asking: &Asking<'_>) {
        let mut before = self.asked.lock();
        let kept = before.iter().zip(&asking.messages).take_while(|(one, two)| one == two).count();
        let messages = asking.messages.get(kept..).unwrap_or_default().to_vec();
        before.truncate(kept);
        before.extend(messages.iter().cloned());
        drop(before);
        let tools = asking.tools.iter().map(|tool| tool.name.clone()).collect();
        self.record(Recorded::Asked { step, prompt: asking.prompt.clone(), kept, messages, tools });
    }
}

impl Hearing {
    fn new(model: String, react: bool) -> Self {
        Self {
            model,
            text: String::new(),
            calls: Vec::new(),
            reader: react.then(Reader::default),
            thought: false,
            began: false,
            ended: None,
        }
    }

    /// What the provider counted, or an estimate where it did not.
    fn usage(&self, prompt_tokens: u64) -> Usage {
        match self.ended {
            Some((_, usage)) if usage.prompt_tokens > 0 || usage.completion_tokens > 0 => usage,
            _ if !self.began => Usage::default(),
            _ => Usage { prompt_tokens, completion_tokens: tokens_of(&self.text), estimated: true },
        }
    }
}

/// Calls with ids that are unique in the run.
fn number(turn: Turn, step: u32) -> Turn {
    match turn {
        Turn::Calls { said, mut calls } => {
            for (place, call) in calls.iter_mut().enumerate() {
                call.id = format!("call_{step}_{}", place + 1);
            }
            Turn::Calls { said, calls }
        }
        other => other,
    }
}

pub(super) fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0
}

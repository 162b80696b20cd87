//! The loop of a run.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use quarry_core::Access;
use quarry_models::{ChatMessage, ChatModel, chat::Price};

use super::{
    dialect::{self, Turn},
    ending::Extracted,
    plan::{Kind, Plan},
    progress::{Pending, Progress},
    step::{Asking, Broke},
};
use crate::{
    agent::{
        budget::{Budget, Limit, tokens_in},
        event::{AgentEvent, RunAnswer},
        live::LiveRun,
        memory::pack,
        recorded::Recorded,
        source::Sources,
        toolset::Tools,
    },
    engine::Engine,
    error::EngineError,
    retrieve::SearchRequest,
};

/// Replies that cannot be read before what was written is taken as the answer.
const REPAIRS: u32 = 2;

/// Everything a run works with. None of it changes while it goes.
pub(crate) struct Work {
    pub(crate) engine: Engine,
    pub(crate) access: Access,
    pub(crate) plan: Plan,
    pub(crate) model: Option<Arc<dyn ChatModel>>,
    pub(crate) tools: Tools,
    /// What a query retrieves; none for an agent, and none where passages are given.
    pub(crate) search: Option<SearchRequest>,
    pub(crate) sources: Sources,
    pub(crate) run: Arc<LiveRun>,
    /// The messages of the last request, so that the trace only keeps what is new.
    pub(crate) asked: Mutex<Vec<ChatMessage>>,
    /// For a run that is run again: what was decided and extracted then.
    pub(crate) again: Option<Again>,
}

/// What a run that is run again takes from its trace.
#[derive(Default)]
pub(crate) struct Again {
    pub(crate) decisions: HashMap<String, bool>,
    pub(crate) extracted: Option<Extracted>,
}

/// How a stretch of a run ends.
pub(crate) enum End {
    /// With an answer.
    Answered(Box<RunAnswer>),
    /// Waiting for a person.
    Waiting(Box<Progress>),
}

impl Work {
    pub(crate) fn say(&self, event: AgentEvent) {
        self.run.say(event);
    }

    pub(crate) fn record(&self, recorded: Recorded) {
        self.run.say(AgentEvent::Recorded(Box::new(recorded)));
    }

    /// The price of the model that answers, which after a fallback is another than was asked.
    pub(crate) fn price(&self, model: &dyn ChatModel, answering: &str) -> Price {
        if model.info().name == answering {
            return model.info().price;
        }
        let other = self.engine.inner().chat.find(Some(answering)).ok().flatten();
        other.map_or(model.info().price, |other| other.info().price)
    }

    /// From the start, or from where a waiting run stopped, to the answer or the next wait.
    pub(crate) async fn drive(&self, mut progress: Progress) -> Result<End, EngineError> {
        let budget = Budget::new(self.plan.definition.budgets.clone(), &progress.spent);
        let Some(model) = self.model.clone() else {
            return self.without_model(progress, &budget).await;
        };
        if self.plan.kind == Kind::Query {
            return self.ask(model.as_ref(), progress, &budget).await;
        }
        let specs = self.tools.specs();
        if progress.messages.is_empty() {
            progress.messages = dialect::opening(&self.plan, &specs);
        }
        if !progress.pending.is_empty() {
            self.make_calls(&mut progress, &budget).await;
        }
        loop {
            pack::fit(&mut progress.messages, self.plan.window);
            let prompt_tokens = tokens_in(&progress.messages, &specs);
            if let Some(limit) = budget.ended(&progress.spent, prompt_tokens) {
                return self.last(model.as_ref(), progress, &budget, limit).await;
            }
            let asking = Asking {
                messages: progress.messages.clone(),
                tools: &specs,
                prompt: dialect::prompt_of(&self.plan).version(),
                react: self.plan.react,
                by: budget.steps_by(),
            };
            let turn = match self.reply(model.as_ref(), &mut progress, &budget, asking).await {
                Ok(turn) => turn,
                Err(Broke::Late) => {
                    return self.last(model.as_ref(), progress, &budget, Limit::Seconds).await;
                }
                Err(Broke::Model(error)) => return self.degrade(progress, &budget, error.to_string()).await,
            };
            match turn {
                Turn::Answer(text) => return Ok(self.finish(&progress, &budget, text, None)),
                Turn::Unreadable { text, problem } => {
                    progress.unreadable += 1;
                    if progress.unreadable > REPAIRS {
                        return self.give_up(progress, &budget, text, problem).await;
                    }
                    progress.messages.extend(dialect::repair(&self.plan, &text, problem));
                }
                Turn::Calls { said, calls } => {
                    progress.unreadable = 0;
                    progress.messages.push(dialect::called(&self.plan, &said, &calls));
                    progress.pending = self.plan_calls(&mut progress, &budget, calls);
                    if self.waits(&mut progress) {
                        progress.spent.seconds = budget.seconds();
                        return Ok(End::Waiting(Box::new(progress)));
                    }
                    self.make_calls(&mut progress, &budget).await;
                    if progress.looping.caught() {
                        return self.last(model.as_ref(), progress, &budget, Limit::Loop).await;
                    }
                }
            }
        }
    }

    /// Whether a call waits for a person. A run that is run again knows what the person decided.
    fn waits(&self, progress: &mut Progress) -> bool {
        if let Some(again) = &self.again {
            for pending in progress.pending.iter_mut().filter(|pending| pending.waits()) {
                pending.decision = again.decisions.get(&pending.call.id).copied();
            }
        }
        let waiting: Vec<&Pending> = progress.pending.iter().filter(|pending| pending.waits()).collect();
        for pending in &waiting {
            self.say(AgentEvent::ApprovalRequired {
                call_id: pending.call.id.clone(),
                tool: pending.call.name.clone(),
                arguments: pending.arguments.clone(),
            });
        }
        !waiting.is_empty()
    }
}

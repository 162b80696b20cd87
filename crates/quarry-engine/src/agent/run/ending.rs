//! The answer, however a run came to its end: the model's, a last one when a budget ended, the extractive one when no
//! model could give any.

use quarry_models::{ChatModel, EXTRACTIVE};

use super::{
    dialect::{self, Turn},
    drive::{End, Work},
    progress::Progress,
    step::Asking,
};
use crate::{
    agent::{
        budget::{Budget, Limit, tokens_in},
        cite,
        event::{AgentEvent, RunAnswer},
        extractive,
        prompt::LAST,
        recorded::Recorded,
    },
    error::EngineError,
};

/// What the extractive answerer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extracted {
    pub(crate) text: String,
    pub(crate) answered: bool,
}

impl Work {
    /// The model's answer, checked.
    pub(crate) fn finish(
        &self,
        progress: &Progress,
        budget: &Budget,
        text: String,
        stopped_by: Option<Limit>,
    ) -> End {
        let mut beside = progress.beside.clone();
        beside.extend(self.plan.memory.facts.iter().cloned());
        let checked = cite::check(&self.engine.inner().table, &text, &self.sources, &beside);
        End::Answered(Box::new(RunAnswer {
            run_id: self.plan.run_id,
            text: checked.text,
            answered: checked.answered,
            citations: checked.citations,
            sentences: checked.sentences,
            model: self.run.answering().unwrap_or_else(|| self.plan.answerer().to_owned()),
            degraded: false,
            degraded_reason: None,
            stopped_by: stopped_by.map(|limit| limit.as_str().to_owned()),
            usage: progress.spent.usage,
            cost: progress.spent.cost,
            steps: progress.spent.steps,
            took_ms: budget.seconds() * 1_000.0,
        }))
    }

    /// A budget has ended: a last reply without tools where one can be paid for, the extractive answer otherwise.
    pub(crate) async fn last(
        &self,
        model: &dyn ChatModel,
        mut progress: Progress,
        budget: &Budget,
        limit: Limit,
    ) -> Result<End, EngineError> {
        self.record(Recorded::Stopped { limit: limit.as_str().to_owned(), steps: progress.spent.steps });
        let messages = dialect::last(&self.plan, &progress.messages);
        let why = format!("the budget of {} ended before the model had answered", limit.as_str());
        if !budget.allows_last(&progress.spent, tokens_in(&messages, &[])) {
            return self.extract(progress, budget, (Some(why), Some(limit))).await;
        }
        let asking = Asking {
            messages,
            tools: &[],
            prompt: LAST.version(),
            react: self.plan.react,
            by: budget.ends_at(),
        };
        let text = match self.reply(model, &mut progress, budget, asking).await {
            Ok(Turn::Answer(text)) => text,
            Ok(Turn::Unreadable { text, .. } | Turn::Calls { said: text, .. }) => text,
            Err(_) => String::new(),
        };
        if text.is_empty() {
            return self.extract(progress, budget, (Some(why), Some(limit))).await;
        }
        Ok(self.finish(&progress, budget, text, Some(limit)))
    }

    /// Replies could not be read again and again: what was written last is the answer, if anything was.
    pub(crate) async fn give_up(
        &self,
        progress: Progress,
        budget: &Budget,
        text: String,
        problem: &str,
    ) -> Result<End, EngineError> {
        if text.is_empty() {
            let reason = format!("the model's replies could not be used: {problem}");
            return self.degrade(progress, budget, reason).await;
        }
        self.say(AgentEvent::Said { text: text.clone() });
        Ok(self.finish(&progress, budget, text, None))
    }

    /// No model could answer.
    pub(crate) async fn degrade(
        &self,
        progress: Progress,
        budget: &Budget,
        reason: String,
    ) -> Result<End, EngineError> {
        self.extract(progress, budget, (Some(reason), None)).await
    }

    /// There is no model, as configured or against it.
    pub(crate) async fn without_model(
        &self,
        progress: Progress,
        budget: &Budget,
    ) -> Result<End, EngineError> {
        self.extract(progress, budget, (self.plan.missing.clone(), None)).await
    }

    /// The extractive answer over what the run may read. A reason says that it is not what was asked for.
    async fn extract(
        &self,
        mut progress: Progress,
        budget: &Budget,
        (reason, limit): (Option<String>, Option<Limit>),
    ) -> Result<End, EngineError> {
        if let Some(reason) = &reason {
            self.say(AgentEvent::Degraded { reason: reason.clone() });
        }
        let extracted = match self.again.as_ref().and_then(|again| again.extracted.clone()) {
            Some(extracted) => extracted,
            None => extractive::extract(self).await,
        };
        self.record(Recorded::Extracted { text: extracted.text.clone(), answered: extracted.answered });
        self.announce(&mut progress, EXTRACTIVE.to_owned());
        self.say(AgentEvent::Said { text: extracted.text.clone() });
        let End::Answered(mut answer) = self.finish(&progress, budget, extracted.text, limit) else {
            return Err(EngineError::RunOver);
        };
        answer.answered = extracted.answered;
        if extracted.answered {
            extractive::quoted(&mut answer, &self.sources);
        }
        EXTRACTIVE.clone_into(&mut answer.model);
        answer.degraded = reason.is_some();
        answer.degraded_reason = reason;
        Ok(End::Answered(answer))
    }
}

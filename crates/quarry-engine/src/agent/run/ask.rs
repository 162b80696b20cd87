//! One retrieval and one reply.

use std::fmt::Write;

use quarry_models::{ChatMessage, ChatModel, chat::Role};

use super::{
    dialect::Turn,
    drive::{End, Work},
    progress::Progress,
    step::{Asking, Broke},
};
use crate::{
    agent::{
        budget::{Budget, Limit, tokens_of},
        prompt::{self, QUERY, REFUSAL},
        source::Source,
    },
    error::EngineError,
    retrieve,
};

impl Work {
    pub(crate) async fn ask(
        &self,
        model: &dyn ChatModel,
        mut progress: Progress,
        budget: &Budget,
    ) -> Result<End, EngineError> {
        if let Some(search) = &self.search {
            let found = retrieve::find(self.engine.inner(), &self.access, search).await?;
            for hit in found.hits {
                self.sources.add(Source::from_hit(search.collection.clone(), hit));
            }
        }
        self.announce(&mut progress, "retrieval".to_owned());
        let passages = self.passages();
        if passages.is_empty() {
            // Nothing to read: a model could only answer from memory.
            let text = REFUSAL.to_owned();
            return Ok(self.finish(&progress, budget, text, None));
        }
        let asking = Asking {
            messages: self.question(&passages),
            tools: &[],
            prompt: QUERY.version(),
            react: false,
            by: budget.ends_at(),
        };
        match self.reply(model, &mut progress, budget, asking).await {
            Ok(Turn::Answer(text) | Turn::Calls { said: text, .. }) if !text.is_empty() => {
                Ok(self.finish(&progress, budget, text, None))
            }
            Ok(Turn::Unreadable { problem, .. }) => {
                self.degrade(progress, budget, format!("the model's reply could not be used: {problem}"))
                    .await
            }
            Ok(_) => self.degrade(progress, budget, "the model's reply was empty".to_owned()).await,
            Err(Broke::Late) => {
                let reason =
                    format!("the budget of {} ended before the model had answered", Limit::Seconds.as_str());
                self.degrade(progress, budget, reason).await
            }
            Err(Broke::Model(error)) => self.degrade(progress, budget, error.to_string()).await,
        }
    }

    /// The passages as text, as many as half the model's window holds.
    fn passages(&self) -> String {
        let mut text = String::new();
        for source in self.sources.all() {
            let title = if source.title.is_empty() { &source.source } else { &source.title };
            let page = source.page.map(|page| format!(" (page {page})")).unwrap_or_default();
            let block = format!("[{}] {title}{page}\n{}\n\n", source.number, source.text);
            if !text.is_empty() && tokens_of(&text) + tokens_of(&block) > u64::from(self.plan.window) / 2 {
                break;
            }
            text.push_str(&block);
        }
        text
    }

    fn question(&self, passages: &str) -> Vec<ChatMessage> {
        let boundary = self.plan.boundary.as_str();
        let system = QUERY.render(&[("refusal", REFUSAL), ("boundary", boundary)]);
        let mut user = prompt::data(boundary, "passages", passages);
        let _ = write!(user, "\n\nQuestion: {}", self.plan.input);
        vec![ChatMessage::text(Role::System, system), ChatMessage::text(Role::User, user)]
    }
}

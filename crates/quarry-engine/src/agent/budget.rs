//! What a run may spend and has spent.

use std::time::Duration;

use quarry_models::chat::{ChatMessage, ToolSpec, Usage};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::definition::Budgets;

/// Tokens kept for a reply.
const REPLY: u64 = 1_024;
/// Tokens below which no reply is worth asking for.
const SHORTEST: u64 = 256;
/// Share of the time that steps may take; the rest is for the last answer.
const STEPS_SHARE: f64 = 0.85;
/// Tokens left below which the provider is told how many a reply may have. With more it uses its own limit, which a
/// larger number would break.
const TIGHT: u64 = 4_096;

/// What ended a run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Steps,
    ToolCalls,
    Tokens,
    Cost,
    Seconds,
    Loop,
}

impl Limit {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::ToolCalls => "tool_calls",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Seconds => "seconds",
            Self::Loop => "loop",
        }
    }
}

/// What a run has spent. Survives a restart while it waits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// Replies.
    pub(crate) steps: u32,
    /// Calls of tools.
    pub(crate) tool_calls: u32,
    /// Tokens.
    pub(crate) usage: Usage,
    /// Money.
    pub(crate) cost: f64,
    /// Money of the last reply, the best guess at the next.
    pub(crate) last_cost: f64,
    /// Seconds before the present stretch: waiting for people does not count.
    pub(crate) seconds: f64,
}

impl Spent {
    /// Adds a reply.
    pub(crate) fn reply(&mut self, usage: Usage, cost: f64) {
        self.usage.prompt_tokens += usage.prompt_tokens;
        self.usage.completion_tokens += usage.completion_tokens;
        self.usage.estimated |= usage.estimated;
        self.cost += cost;
        self.last_cost = cost;
    }

    pub(crate) const fn tokens(&self) -> u64 {
        self.usage.prompt_tokens + self.usage.completion_tokens
    }
}

/// The limits of one stretch of a run, from its start or from a decision.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    most: Budgets,
    began: Instant,
    before: f64,
}

impl Budget {
    pub(crate) fn new(most: Budgets, spent: &Spent) -> Self {
        Self { most, began: Instant::now(), before: spent.seconds }
    }

    /// Seconds so far, waiting not counted.
    pub(crate) fn seconds(&self) -> f64 {
        self.before + self.began.elapsed().as_secs_f64()
    }

    fn after(&self, share: f64) -> Instant {
        let seconds = (self.most.seconds as f64 * share - self.before).max(0.0);
        self.began + Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX / 4)
    }

    /// When steps and tools must have ended.
    pub(crate) fn steps_by(&self) -> Instant {
        self.after(STEPS_SHARE)
    }

    /// When everything must have ended.
    pub(crate) fn ends_at(&self) -> Instant {
        self.after(1.0)
    }

    /// Calls of tools that are left.
    pub(crate) const fn calls_left(&self, spent: &Spent) -> u32 {
        self.most.tool_calls.saturating_sub(spent.tool_calls)
    }

    /// What forbids another step, if something does. `prompt` is what the next request would take in tokens.
    pub(crate) fn ended(&self, spent: &Spent, prompt: u64) -> Option<Limit> {
        // Before the first step there is nothing to give a last answer from, so no room is kept for one.
        let tokens = if spent.steps == 0 { prompt + SHORTEST } else { 2 * prompt + REPLY };
        if spent.steps >= self.most.steps {
            Some(Limit::Steps)
        } else if spent.tool_calls >= self.most.tool_calls && self.most.tool_calls > 0 {
            Some(Limit::ToolCalls)
        } else if spent.tokens() + tokens > self.most.tokens {
            Some(Limit::Tokens)
        } else if self.most.cost.is_some_and(|most| spent.cost + spent.last_cost > most || most <= 0.0) {
            Some(Limit::Cost)
        } else if Instant::now() >= self.steps_by() {
            Some(Limit::Seconds)
        } else {
            None
        }
    }

    /// Whether a last reply without tools can be paid for.
    pub(crate) fn allows_last(&self, spent: &Spent, prompt: u64) -> bool {
        spent.tokens() + prompt + SHORTEST <= self.most.tokens
            && self.most.cost.is_none_or(|most| spent.cost < most)
            && Instant::now() < self.ends_at()
    }

    /// What the provider is told a reply may have.
    pub(crate) fn reply_tokens(&self, spent: &Spent, prompt: u64) -> Option<u32> {
        let left = self.most.tokens.saturating_sub(spent.tokens() + prompt).max(SHORTEST);
        if left < TIGHT { u32::try_from(left).ok() } else { None }
    }
}

/// About how many tokens a text has: four bytes each, as English has; never too few by much for other scripts, since
/// their characters have more bytes.
pub(crate) const fn tokens_of(text: &str) -> u64 {
    text.len() as u64 / 4 + 1
}

/// About how many tokens a request has.
pub(crate) fn tokens_in(messages: &[ChatMessage], tools: &[ToolSpec]) -> u64 {
    let calls = |message: &ChatMessage| -> u64 {
        message.tool_calls.iter().map(|call| tokens_of(&call.arguments) + tokens_of(&call.name) + 4).sum()
    };
    let said: u64 = messages.iter().map(|message| tokens_of(&message.content) + calls(message) + 4).sum();
    let offered: u64 = tools
        .iter()
        .map(|tool| tokens_of(&tool.description) + tokens_of(&tool.parameters.to_string()) + 8)
        .sum();
    said + offered
}

#[cfg(test)]
mod tests {
    use super::{Budget, Budgets, Limit, Spent};
    use quarry_models::chat::Usage;
    use std::time::Duration;

    fn spent(steps: u32, tool_calls: u32, tokens: u64, cost: f64) -> Spent {
        let usage = Usage { prompt_tokens: tokens, completion_tokens: 0, estimated: false };
        Spent { steps, tool_calls, usage, cost, last_cost: cost / 2.0, seconds: 0.0 }
    }

    #[tokio::test(start_paused = true)]
    async fn each_budget_ends_a_run_by_its_name() {
        let most = Budgets { steps: 3, tool_calls: 2, tokens: 10_000, cost: Some(1.0), seconds: 100 };
        let budget = Budget::new(most, &Spent::default());
        let cases = [
            (spent(0, 0, 0, 0.0), 100, None),
            (spent(3, 0, 0, 0.0), 100, Some(Limit::Steps)),
            (spent(1, 2, 0, 0.0), 100, Some(Limit::ToolCalls)),
            (spent(1, 0, 9_000, 0.0), 100, Some(Limit::Tokens)),
            (spent(1, 0, 0, 0.7), 100, Some(Limit::Cost)),
        ];
        for (spent, prompt, expected) in cases {
            assert_eq!(budget.ended(&spent, prompt), expected, "{spent:?}");
        }
        tokio::time::advance(Duration::from_secs(86)).await;
        assert_eq!(budget.ended(&Spent::default(), 0), Some(Limit::Seconds));
        assert!(budget.allows_last(&Spent::default(), 0), "the last answer has time of its own");
        tokio::time::advance(Duration::from_secs(15)).await;
        assert!(!budget.allows_last(&Spent::default(), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn time_before_a_wait_counts_and_the_wait_does_not() {
        let most = Budgets { seconds: 100, ..Budgets::default() };
        let first = Budget::new(most.clone(), &Spent::default());
        tokio::time::advance(Duration::from_secs(40)).await;
        let spent = Spent { seconds: first.seconds(), ..Spent::default() };
        tokio::time::advance(Duration::from_secs(10_000)).await;
        let second = Budget::new(most, &spent);
        assert_eq!(second.ended(&spent, 0), None);
        tokio::time::advance(Duration::from_secs(46)).await;
        assert_eq!(second.ended(&spent, 0), Some(Limit::Seconds));
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_kept_for_a_last_answer() {
        let budget = Budget::new(Budgets { tokens: 5_000, ..Budgets::default() }, &Spent::default());
        let spent = spent(1, 1, 2_000, 0.0);
        assert_eq!(budget.ended(&spent, 1_500), Some(Limit::Tokens));
        assert!(budget.allows_last(&spent, 1_500));
        assert_eq!(budget.reply_tokens(&spent, 1_500), Some(1_500));
        assert!(!budget.allows_last(&spent, 2_900));
    }
}

//! The calls of a reply: which may be made, and making them.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::{FutureExt, StreamExt, stream};
use quarry_models::chat::ToolCall;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    dialect,
    drive::Work,
    progress::{Pending, Progress},
    step::milliseconds,
};
use crate::agent::{
    budget::Budget,
    event::AgentEvent,
    tool::{MOST_CHARACTERS, ToolContext, ToolFailure, ToolOutput},
};

/// Longest text of a tool that counts as something that may be repeated without a number.
const MOST_BESIDE: usize = 4_000;

/// What came of a call.
struct Returned {
    output: Result<ToolOutput, String>,
    /// Whether the sentence is ours.
    ours: bool,
    took_ms: f64,
}

impl Work {
    /// Checks each call against what was decided outside of the model.
    pub(crate) fn plan_calls(
        &self,
        progress: &mut Progress,
        budget: &Budget,
        calls: Vec<ToolCall>,
    ) -> Vec<Pending> {
        let mut left = budget.calls_left(&progress.spent);
        let mut pending = Vec::with_capacity(calls.len());
        for call in calls {
            let (arguments, mut refusal) = self.check(&call);
            if refusal.is_none() {
                refusal = progress.looping.note(&call.name, &arguments);
            } else {
                progress.looping.note(&call.name, &arguments);
            }
            if refusal.is_none() {
                if left == 0 {
                    refusal = Some("no calls of tools are left; answer from what you have".to_owned());
                } else {
                    left -= 1;
                    progress.spent.tool_calls += 1;
                }
            }
            let asks = self.plan.definition.approve.contains(&call.name);
            self.say(AgentEvent::ToolCalled {
                call_id: call.id.clone(),
                tool: call.name.clone(),
                arguments: arguments.clone(),
            });
            pending.push(Pending { call, arguments, refusal, asks, decision: None });
        }
        pending
    }

    /// The arguments, and why the call cannot be made.
    fn check(&self, call: &ToolCall) -> (Value, Option<String>) {
        let written = || {
            serde_json::from_str(&call.arguments).unwrap_or_else(|_| Value::String(call.arguments.clone()))
        };
        let Some(tool) = self.tools.find(&call.name) else {
            let names = self.tools.names();
            return (written(), Some(format!("there is no tool `{}`; the tools are: {names}", call.name)));
        };
        match self.engine.inner().schemas.read(tool.spec(), &call.arguments) {
            Ok(arguments) => (arguments, None),
            Err(sentence) => (written(), Some(sentence)),
        }
    }

    /// Makes the pending calls, several at once, and gives their results to the model in their order.
    pub(crate) async fn make_calls(&self, progress: &mut Progress, budget: &Budget) {
        let pending = std::mem::take(&mut progress.pending);
        let at_once = self.engine.settings().agents.parallel_tools.max(1);
        let by = budget.steps_by();
        let mut results =
            stream::iter(pending.iter().map(|pending| self.make(pending, by))).buffered(at_once).boxed();
        let mut place = 0;
        while let Some(returned) = results.next().await {
            let Some(pending) = pending.get(place) else { break };
            place += 1;
            self.take(progress, pending, returned);
        }
    }

    async fn make(&self, pending: &Pending, by: Instant) -> Returned {
        let began = Instant::now();
        let refused = |sentence: String| Returned { output: Err(sentence), ours: true, took_ms: 0.0 };
        if let Some(refusal) = &pending.refusal {
            return refused(refusal.clone());
        }
        if pending.asks && pending.decision != Some(true) {
            let name = &pending.call.name;
            return refused(format!(
                "a person refused this call of `{name}`; do without it and do not ask again"
            ));
        }
        let Some(tool) = self.tools.find(&pending.call.name) else {
            return refused(format!("the tool `{}` is not there any more", pending.call.name));
        };
        let most = Duration::from_secs(self.engine.settings().agents.tool_seconds);
        let by = by.min(began + most);
        let context = ToolContext {
            engine: &self.engine,
            access: &self.access,
            user: &self.plan.user,
            agent: &self.plan.definition,
            filter: self.plan.filter.as_ref(),
            run: self.plan.run_id,
            sources: &self.sources,
            deadline: by.into_std(),
            cancel: self.run.cancelled(),
        };
        let call = AssertUnwindSafe(tool.call(&context, &pending.arguments)).catch_unwind();
        let output = match tokio::time::timeout_at(by, call).await {
            Err(_) => Err(ToolFailure(format!("`{}` took too long and was ended", pending.call.name))),
            Ok(Err(_)) => {
                crate::events::task_died("tool", "a tool panicked");
                Err(ToolFailure(format!("`{}` failed for a reason that is the server's", pending.call.name)))
            }
            Ok(Ok(output)) => output,
        };
        Returned { output: output.map_err(|failure| failure.0), ours: false, took_ms: milliseconds(began) }
    }

    /// Tells everybody of a result.
    fn take(&self, progress: &mut Progress, pending: &Pending, returned: Returned) {
        let (call_id, tool) = (pending.call.id.clone(), pending.call.name.clone());
        let ok = returned.output.is_ok();
        let numbers = returned.output.as_ref().map(|output| output.sources.clone()).unwrap_or_default();
        let text = match returned.output {
            Ok(output) => capped(output.text),
            Err(sentence) => capped(sentence),
        };
        progress.messages.push(dialect::result(&self.plan, &pending.call, &text, returned.ours));
        if ok && numbers.is_empty() {
            progress.beside.push(text.chars().take(MOST_BESIDE).collect());
        }
        self.say(AgentEvent::ToolReturned {
            call_id: call_id.clone(),
            tool,
            ok,
            output: text,
            took_ms: returned.took_ms,
        });
        self.announce(progress, call_id);
    }

    /// Names the passages that came in since this was last done.
    pub(crate) fn announce(&self, progress: &mut Progress, call_id: String) {
        let fresh: Vec<_> =
            self.sources.all().into_iter().filter(|source| source.number > progress.announced).collect();
        let Some(last) = fresh.last() else { return };
        progress.announced = last.number;
        self.say(AgentEvent::Retrieved { call_id, sources: fresh });
    }
}

fn capped(text: String) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}\n(cut here; ask for less)", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

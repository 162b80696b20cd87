//! Who is asked for approval, and a run that goes on until nobody needs to be asked.

use super::{Line, Lines, Telling, Told, Waiting, show};
use crate::{
    backend::{Backend, Decision, RunStream},
    context::Context,
    failure::{Exit, Failure, Outcome},
};

/// Who decides about calls that wait.
pub(crate) enum Person<'a> {
    /// Somebody at the terminal.
    Here(&'a Lines),
    /// Nobody now: the run goes on waiting.
    Away,
}

impl Person<'_> {
    async fn approves(&self, call: &Waiting) -> Option<bool> {
        let Self::Here(lines) = self else { return None };
        let question =
            format!("the agent wants: {}\nallow it? [y/N] ", show::call(&call.tool, &call.arguments));
        match lines.answer(&question).await {
            Line::Text(text) => Some(matches!(text.trim().to_lowercase().as_str(), "y" | "yes")),
            Line::Interrupted => Some(false),
            Line::End => None,
        }
    }
}

/// Hears a run until it has answered, with the approvals it needs on the way.
pub(crate) async fn finished(
    context: &Context,
    backend: &Backend,
    stream: RunStream,
    told: &mut Told,
    telling: &mut Telling,
    person: &Person<'_>,
) -> Outcome<()> {
    told.hear(stream, telling, &context.out).await?;
    while told.answer.is_none() {
        let Some(call) = told.waiting.first().cloned() else { break };
        let (Some(run), Some(approved)) = (told.run, person.approves(&call).await) else {
            return Err(waits(told, &call));
        };
        let decision = Decision { run, call: call.call, approved, after: told.last };
        let stream = backend.decide(decision).await?;
        told.hear(stream, telling, &context.out).await?;
    }
    Ok(())
}

fn waits(told: &Told, call: &Waiting) -> Failure {
    let what = show::call(&call.tool, &call.arguments);
    let text = format!("the run waits for somebody to approve a call: {what}");
    let run = told.run.map(|run| run.to_string()).unwrap_or_default();
    Failure::new(Exit::Failed, "approval_required", text).hint(format!(
        "`quarry runs approve {run} {call}` lets it go on, `quarry runs reject {run} {call}` without the call",
        call = call.call
    ))
}

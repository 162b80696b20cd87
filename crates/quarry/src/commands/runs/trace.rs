//! A run with its steps, as a person reads it.

use quarry_engine::agent::{AgentEvent, Replay, RunView};

use crate::{
    backend::RunRecord,
    commands::answering::{Telling, Told, Waiting, call, shown as answered},
    output::{Output, count, short, table},
};

/// Runs, one a line.
pub(super) fn listed(runs: &[RunView]) -> String {
    if runs.is_empty() {
        return "no runs yet\n".to_owned();
    }
    let row = |one: &RunView| {
        let moment = one.started_at.to_string().chars().take(19).collect();
        let state = one.state.as_str().to_owned();
        vec![
            one.id.to_string(),
            moment,
            one.agent.clone(),
            state,
            one.model.clone(),
            short(&one.question, 60),
        ]
    };
    table(
        &["ID", "WHEN (UTC)", "AGENT", "STATE", "MODEL", "QUESTION"],
        &runs.iter().map(row).collect::<Vec<_>>(),
    )
}

/// A run with everything that happened in it.
pub(super) fn shown(out: &Output, record: &RunRecord) -> String {
    let run = &record.run;
    let agent =
        if run.version == 0 { run.agent.clone() } else { format!("{}, version {}", run.agent, run.version) };
    let mut lines = vec![
        ("id", run.id.to_string()),
        ("state", run.state.as_str().to_owned()),
        ("agent", agent),
        ("who", run.user.clone()),
    ];
    lines.extend(run.session_id.map(|id| ("session", id.to_string())));
    lines.push(("question", run.question.clone()));
    lines.push(("model", run.model.clone()));
    lines.push(("started", run.started_at.to_string()));
    lines.extend(run.finished_at.map(|moment| ("finished", moment.to_string())));
    lines.push(("tokens", format!("{} read, {} written", run.prompt_tokens, run.completion_tokens)));
    if run.cost > 0.0 {
        lines.push(("cost", format!("{:.6}", run.cost)));
    }
    if !record.prompts.is_empty() {
        lines.push(("prompts", record.prompts.join(", ")));
    }
    if let Some(message) = run.error.as_ref().and_then(|error| error.get("message")?.as_str()) {
        lines.push(("error", message.to_owned()));
    }
    let mut text: String = lines.into_iter().map(|(name, value)| format!("{name:<9} {value}\n")).collect();
    let steps: String = record.events.iter().filter_map(|numbered| step(&numbered.event)).collect();
    if !steps.is_empty() {
        text.push_str(&format!("\n{steps}"));
    }
    let told = told(record);
    if !told.waiting.is_empty() {
        text.push_str(&format!("\nwaits for approval: {}\n", waiting(&told)));
    }
    if let Some(answer) = &told.answer {
        text.push('\n');
        text.push_str(&answered(out, &mut Telling::silent(), answer));
    }
    text
}

/// What happened, one line an event; pieces of the answer are in the answer.
fn step(event: &AgentEvent) -> Option<String> {
    Some(match event {
        AgentEvent::Step { step, model } => format!("step {step}  {model}\n"),
        AgentEvent::StepFinished { usage, cost, took_ms, .. } => {
            let cost = if *cost > 0.0 { format!(", {cost:.6}") } else { String::new() };
            let guessed = if usage.estimated { " (estimated)" } else { "" };
            format!(
                "  reply  {} tokens read, {} written{guessed}{cost}, {took_ms:.1} ms\n",
                usage.prompt_tokens, usage.completion_tokens
            )
        }
        AgentEvent::Thought { text } => format!("  thought  {}\n", short(text, 200)),
        AgentEvent::ToolCalled { tool, arguments, .. } => format!("  call  {}\n", call(tool, arguments)),
        AgentEvent::ToolReturned { tool, ok, output, took_ms, .. } => {
            let what = if *ok { "gave" } else { "failed:" };
            format!("  {tool} {what} {}, {took_ms:.1} ms\n", short(output, 100))
        }
        AgentEvent::Retrieved { sources, .. } => {
            let numbers: Vec<String> = sources.iter().map(|source| format!("[{}]", source.number)).collect();
            format!("  {} {}\n", count(sources.len(), "passage"), numbers.join(" "))
        }
        AgentEvent::ApprovalRequired { call_id, tool, arguments } => {
            format!("  waited for approval of {call_id}: {}\n", call(tool, arguments))
        }
        AgentEvent::ApprovalDecided { call_id, approved, by } => {
            format!("  {call_id} was {} by {by}\n", if *approved { "approved" } else { "refused" })
        }
        AgentEvent::Degraded { reason } => format!("  degraded: {reason}\n"),
        AgentEvent::Failed { code, message } => format!("  failed: {message} ({code})\n"),
        AgentEvent::Started { .. }
        | AgentEvent::Said { .. }
        | AgentEvent::Recorded(_)
        | AgentEvent::Finished(_) => return None,
    })
}

/// What was heard of a run that is not heard any more.
pub(super) fn told(record: &RunRecord) -> Told {
    let mut told = Told { run: Some(record.run.id), session: record.run.session_id, ..Told::default() };
    for numbered in &record.events {
        told.last = numbered.number;
        match &numbered.event {
            AgentEvent::ApprovalRequired { call_id, tool, arguments } => told.waiting.push(Waiting {
                call: call_id.clone(),
                tool: tool.clone(),
                arguments: arguments.clone(),
            }),
            AgentEvent::ApprovalDecided { call_id, .. } => told.waiting.retain(|one| one.call != *call_id),
            AgentEvent::Retrieved { sources, .. } => told.sources.extend(sources.iter().cloned()),
            AgentEvent::Finished(answer) => told.answer = Some(answer.as_ref().clone()),
            // A run that was cancelled waits for nobody.
            AgentEvent::Failed { .. } => told.waiting.clear(),
            _ => {}
        }
    }
    told
}

/// `call_1: fetch_url "https://…"`, for each call that waits.
pub(super) fn waiting(told: &Told) -> String {
    let calls = told.waiting.iter().map(|one| format!("{}: {}", one.call, call(&one.tool, &one.arguments)));
    calls.collect::<Vec<_>>().join("; ")
}

/// What a replay found.
pub(super) fn replayed(replay: &Replay) -> String {
    let same = count(replay.same, "moment");
    match &replay.difference {
        None => format!("{} came out as it did then: {same} the same\n", replay.run_id),
        Some(difference) => {
            let indented = |text: &str| text.lines().map(|line| format!("  {line}\n")).collect::<String>();
            format!(
                "{} came out otherwise after {same}: the {} of step {}\nthen\n{}now\n{}",
                replay.run_id,
                difference.what,
                difference.step,
                indented(&difference.then),
                indented(&difference.now)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use quarry_core::RunId;
    use quarry_engine::agent::{Difference, Replay};

    use super::replayed;

    #[test]
    fn a_difference_is_shown_with_both_sides() {
        let run_id = RunId::new();
        let same = Replay { run_id, same: 4, difference: None };
        assert!(replayed(&same).ends_with("came out as it did then: 4 moments the same\n"));
        let difference = Difference {
            what: "answer".to_owned(),
            step: 2,
            then: "84 metres".to_owned(),
            now: "a\nb".to_owned(),
        };
        let other = Replay { run_id, same: 1, difference: Some(difference) };
        let text = replayed(&other);
        assert!(
            text.ends_with(
                "otherwise after 1 moment: the answer of step 2\nthen\n  84 metres\nnow\n  a\n  b\n"
            ),
            "{text}"
        );
    }
}

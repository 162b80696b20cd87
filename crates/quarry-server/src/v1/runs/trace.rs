//! From a run's events to what a person wants to see of it: replies with their calls, passages, prompts, times.

use quarry_core::Timestamp;
use quarry_engine::agent::{AgentEvent, RunView, recorded::Recorded};
use serde_json::Value;

use crate::wire::{Call, NumberedEvent, Reply, RunTrace};

/// A run with its trace: number, time and event of each row. What an older or newer version wrote and this one cannot
/// read is passed over.
pub(super) fn of(run: RunView, rows: impl Iterator<Item = (u64, Timestamp, Value)>) -> RunTrace {
    let (prompts, replies, sources, events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut trace = RunTrace { run, prompts, replies, sources, events };
    for (number, at, event) in rows {
        let Ok(event) = serde_json::from_value::<AgentEvent>(event) else { continue };
        note(&mut trace, &event);
        if !matches!(event, AgentEvent::Recorded(_)) {
            trace.events.push(NumberedEvent { number, at, event });
        }
    }
    trace
}

fn note(trace: &mut RunTrace, event: &AgentEvent) {
    match event {
        AgentEvent::Recorded(recorded) => match recorded.as_ref() {
            Recorded::Asked { step, prompt, .. } => {
                reply(trace, *step).prompt.clone_from(prompt);
                if !trace.prompts.contains(prompt) {
                    trace.prompts.push(prompt.clone());
                }
            }
            Recorded::Broke { step, problem, .. } => reply(trace, *step).problem = Some(problem.clone()),
            _ => {}
        },
        AgentEvent::Step { step, model } => reply(trace, *step).model = Some(model.clone()),
        AgentEvent::StepFinished { step, usage, cost, took_ms } => {
            let reply = reply(trace, *step);
            (reply.usage, reply.cost, reply.took_ms) = (Some(*usage), *cost, *took_ms);
        }
        AgentEvent::ToolCalled { call_id, tool, .. } => call(trace, call_id, tool),
        AgentEvent::ToolReturned { call_id, tool, ok, took_ms, .. } => {
            call(trace, call_id, tool);
            if let Some(call) = find(trace, call_id) {
                (call.ok, call.took_ms) = (Some(*ok), *took_ms);
            }
        }
        AgentEvent::Retrieved { call_id, sources } => {
            trace.sources.extend(sources.iter().cloned());
            if let Some(call) = find(trace, call_id) {
                call.sources.extend(sources.iter().map(|source| source.number));
            }
        }
        _ => {}
    }
}

/// The reply with a number; a new one where it is the first of it that is heard.
#[allow(clippy::indexing_slicing, reason = "the place was found or pushed just before")]
fn reply(trace: &mut RunTrace, step: u32) -> &mut Reply {
    let known = trace.replies.iter().position(|reply| reply.step == step);
    let place = known.unwrap_or(trace.replies.len());
    if known.is_none() {
        trace.replies.push(Reply { step, ..Reply::default() });
    }
    &mut trace.replies[place]
}

/// Notes that the last reply made a call, once: a call that needs approval is announced before it is made.
fn call(trace: &mut RunTrace, call_id: &str, tool: &str) {
    if find(trace, call_id).is_some() {
        return;
    }
    if let Some(reply) = trace.replies.last_mut() {
        let (call_id, tool) = (call_id.to_owned(), tool.to_owned());
        reply.calls.push(Call { call_id, tool, ok: None, took_ms: 0.0, sources: Vec::new() });
    }
}

fn find<'a>(trace: &'a mut RunTrace, call_id: &str) -> Option<&'a mut Call> {
    let mut calls = trace.replies.iter_mut().rev().flat_map(|reply| &mut reply.calls);
    calls.find(|call| call.call_id == call_id)
}

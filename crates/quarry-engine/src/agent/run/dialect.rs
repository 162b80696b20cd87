//! The two ways a model is made to act: native tool calls, and text.

use quarry_models::{
    ChatMessage,
    chat::{Role, ToolCall, ToolSpec},
};

use super::plan::Plan;
use crate::agent::{
    prompt::{self, LAST, NATIVE, Prompt, REACT, REFUSAL},
    react::{Action, writer},
};

/// What a reply came to, in either dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The answer.
    Answer(String),
    /// Calls, with what the model said beside them.
    Calls { said: String, calls: Vec<ToolCall> },
    /// Neither.
    Unreadable { text: String, problem: &'static str },
}

/// The prompt of a plan.
pub(crate) const fn prompt_of(plan: &Plan) -> Prompt {
    if plan.react { REACT } else { NATIVE }
}

/// The conversation before the first reply.
pub(crate) fn opening(plan: &Plan, tools: &[ToolSpec]) -> Vec<ChatMessage> {
    let listed = if plan.react { prompt::tools(tools) } else { String::new() };
    let system = prompt_of(plan).render(&[
        ("agent", &plan.agent),
        ("refusal", REFUSAL),
        ("boundary", &plan.boundary),
        ("tools", &listed),
        ("instructions", &instructions(plan)),
        ("memory", &memory(plan)),
    ]);
    let mut messages = vec![ChatMessage::text(Role::System, system)];
    messages.extend(plan.memory.history.iter().cloned());
    messages.push(ChatMessage::text(Role::User, plan.input.clone()));
    messages
}

fn instructions(plan: &Plan) -> String {
    let mut text = String::new();
    for (who, words) in [
        ("The operator adds:", plan.definition.instructions.trim()),
        ("The application that asks adds:", plan.memory.caller.trim()),
    ] {
        if !words.is_empty() {
            text.push_str(&format!("\n{who}\n{words}\n"));
        }
    }
    text
}

fn memory(plan: &Plan) -> String {
    let mut text = String::new();
    if !plan.memory.summary.is_empty() {
        let block = prompt::data(&plan.boundary, "notes of the conversation so far", &plan.memory.summary);
        text.push_str(&format!("\n{block}\n"));
    }
    if !plan.memory.facts.is_empty() {
        let facts: Vec<String> = plan.memory.facts.iter().map(|fact| format!("- {fact}")).collect();
        let block = prompt::data(&plan.boundary, "what is remembered about the user", &facts.join("\n"));
        text.push_str(&format!("\n{block}\n"));
    }
    text
}

/// A reply that calls, as the next request repeats it.
pub(crate) fn called(plan: &Plan, said: &str, calls: &[ToolCall]) -> ChatMessage {
    if plan.react {
        let text = match calls.first() {
            Some(call) => writer::action(said, &call.name, &call.arguments),
            None => said.to_owned(),
        };
        return ChatMessage::text(Role::Assistant, text);
    }
    ChatMessage { tool_calls: calls.to_vec(), ..ChatMessage::text(Role::Assistant, said) }
}

/// A result, as the model reads it. Whatever a tool says is untrusted.
pub(crate) fn result(plan: &Plan, call: &ToolCall, text: &str, trusted: bool) -> ChatMessage {
    let text = if trusted { text.to_owned() } else { prompt::data(&plan.boundary, &call.name, text) };
    if plan.react {
        ChatMessage::text(Role::User, writer::observation(&text))
    } else {
        ChatMessage::result(call.id.clone(), text)
    }
}

/// What a model is told of a reply that could not be read.
pub(crate) fn repair(plan: &Plan, text: &str, problem: &str) -> Vec<ChatMessage> {
    let mut messages = Vec::with_capacity(2);
    if !text.is_empty() {
        messages.push(ChatMessage::text(Role::Assistant, text));
    }
    let words = if plan.react {
        writer::repair(problem)
    } else {
        format!("Your reply could not be used: {problem}. Call a tool or answer.")
    };
    messages.push(ChatMessage::text(Role::User, words));
    messages
}

/// The conversation with a last request in it. Calls and results become text, since providers refuse them where no
/// tools are offered.
pub(crate) fn last(plan: &Plan, messages: &[ChatMessage]) -> Vec<ChatMessage> {
    let mut flat: Vec<ChatMessage> = messages.iter().map(flattened).collect();
    let form = if plan.react { " Begin with \"Final Answer:\"." } else { "" };
    let words = LAST.render(&[("refusal", REFUSAL), ("form", form)]);
    flat.push(ChatMessage::text(Role::User, words));
    flat
}

fn flattened(message: &ChatMessage) -> ChatMessage {
    match message.role {
        Role::Tool => ChatMessage::text(Role::User, writer::observation(&message.content)),
        Role::Assistant if !message.tool_calls.is_empty() => {
            let calls: Vec<String> = message
                .tool_calls
                .iter()
                .map(|call| format!("(called {} with {})", call.name, call.arguments))
                .collect();
            let gap = if message.content.is_empty() { "" } else { "\n" };
            ChatMessage::text(Role::Assistant, format!("{}{gap}{}", message.content, calls.join("\n")))
        }
        _ => message.clone(),
    }
}

/// A textual action as a call.
pub(crate) fn call_of(action: Action, tools: &[ToolSpec]) -> ToolCall {
    let spec = tools.iter().find(|spec| spec.name == action.tool);
    // Small models write `Search` for `search`; only an exact name is an exact name, so this is no way to a tool that
    // was not offered.
    let spec = spec.or_else(|| tools.iter().find(|spec| spec.name.eq_ignore_ascii_case(&action.tool)));
    let arguments = match spec {
        Some(spec) => crate::agent::react::input::fitted(&action.arguments, &spec.parameters),
        None => action.arguments,
    };
    ToolCall { id: String::new(), name: spec.map_or(action.tool, |spec| spec.name.clone()), arguments }
}

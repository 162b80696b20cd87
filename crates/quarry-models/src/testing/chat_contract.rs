//! The contract of [`ChatModel`], as a suite that each provider and each decorator runs.
//!
//! The far side is told by the last message what to do: [`contract_turn`] and [`contract_play`] are that far side for
//! scripted models and for OpenAI's dialect.

use futures::{StreamExt, future::join_all};
use serde_json::{Value, json};

use super::{Play, PlayedCall, Turn};
use crate::{
    chat::{ChatEvent, ChatMessage, ChatModel, ChatRequest, FinishReason, Role, ToolSpec, complete},
    chat_error::ChatError,
};

const TEXT: &str = "contract: text";
const CALLS: &str = "contract: calls";
const CUT: &str = "contract: cut";
const PIECES: [&str; 3] = ["alpha ", "bêta ", "gamma"];

fn asking(what: &str) -> ChatRequest {
    let tool = |name: &str| ToolSpec {
        name: name.to_owned(),
        description: "a tool of the contract".to_owned(),
        parameters: json!({"type": "object", "properties": {"query": {"type": "string"}}}),
    };
    ChatRequest {
        messages: vec![ChatMessage::text(Role::System, "be brief"), ChatMessage::text(Role::User, what)],
        tools: vec![tool("search"), tool("current_time")],
        ..ChatRequest::default()
    }
}

/// Checks that a model keeps the contract of the trait.
///
/// # Panics
/// When it does not, with what was found.
pub async fn chat_contract(model: &dyn ChatModel) {
    assert!(!model.info().name.is_empty(), "a model has a name");
    says_text(model).await;
    makes_calls(model).await;
    is_cut(model).await;
    let several = join_all((0..4).map(|_| says_text(model))).await;
    assert_eq!(several.len(), 4);
    // Dropped behind its first event, a call must leave the model usable.
    if let Ok(mut stream) = model.chat(&asking(TEXT)).await {
        let first = stream.next().await;
        assert!(matches!(first, Some(Ok(ChatEvent::Started(_)))), "first comes {first:?}");
    }
    says_text(model).await;
}

async fn says_text(model: &dyn ChatModel) {
    let events = events(model, TEXT).await;
    let started = Some(Ok(ChatEvent::Started(model.info().name.clone())));
    assert_eq!(events.first().cloned(), started, "the first event says who answers");
    let texts: Vec<&str> = events
        .iter()
        .filter_map(|event| match event {
            Ok(ChatEvent::Text(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts.concat(), PIECES.concat());
    assert!(texts.iter().all(|text| !text.is_empty()), "no text is empty");
    let last = events.last();
    let whole = matches!(last, Some(Ok(ChatEvent::Finished { reason: FinishReason::Stop, usage }))
        if usage.prompt_tokens > 0 && usage.completion_tokens > 0);
    assert!(whole, "the last event is the end, with usage: {last:?}");
}

async fn makes_calls(model: &dyn ChatModel) {
    let reply = complete(model, &asking(CALLS)).await;
    assert!(reply.is_ok(), "calls failed: {reply:?}");
    let Ok(reply) = reply else { return };
    assert_eq!(reply.reason, FinishReason::ToolCalls);
    let calls: Vec<(&str, Value)> = reply
        .tool_calls
        .iter()
        .map(|call| (call.name.as_str(), serde_json::from_str(&call.arguments).unwrap_or(Value::Null)))
        .collect();
    assert_eq!(calls, [("search", json!({"query": "é \"x\""})), ("current_time", json!({}))]);
    let mut ids: Vec<&str> = reply.tool_calls.iter().map(|call| call.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() == calls.len() && !ids.contains(&""), "ids are there and differ: {ids:?}");
}

async fn is_cut(model: &dyn ChatModel) {
    let events = events(model, CUT).await;
    assert!(events.iter().any(|event| matches!(event, Ok(ChatEvent::Text(_)))), "text came before the cut");
    assert!(
        matches!(events.last(), Some(Err(ChatError::Cut { .. }))),
        "a cut is an error: {:?}",
        events.last()
    );
}

/// Every event; nothing may follow the end or an error.
async fn events(model: &dyn ChatModel, what: &str) -> Vec<Result<ChatEvent, ChatError>> {
    let stream = model.chat(&asking(what)).await;
    assert!(stream.is_ok(), "the call failed: {:?}", stream.err());
    let Ok(stream) = stream else { return Vec::new() };
    let events: Vec<_> = stream.collect().await;
    let ends =
        |event: &Result<ChatEvent, ChatError>| matches!(event, Err(_) | Ok(ChatEvent::Finished { .. }));
    assert_eq!(events.iter().filter(|event| ends(event)).count(), 1, "there is one end: {events:?}");
    assert!(events.last().is_some_and(ends), "nothing follows the end: {events:?}");
    let starts = events.iter().filter(|event| matches!(event, Ok(ChatEvent::Started(_)))).count();
    assert_eq!(starts, 1, "there is one beginning: {events:?}");
    events
}

/// The far side of the contract for a scripted model.
#[must_use]
pub fn contract_turn(request: &ChatRequest) -> Turn {
    match request.messages.last().map(|message| message.content.as_str()) {
        Some(TEXT) => Turn::text(PIECES),
        Some(CALLS) => Turn::calls(&[("search", r#"{"query": "é \"x\""}"#), ("current_time", "{}")]),
        Some(CUT) => Turn::failing_after(["alpha "], ChatError::cut("scripted", "the script says so")),
        _ => Turn::refused(ChatError::malformed("scripted", "not a request of the contract")),
    }
}

/// The far side of the contract in OpenAI's dialect.
#[must_use]
pub fn contract_play(body: &Value) -> Play {
    let last = body.get("messages").and_then(Value::as_array).and_then(|messages| messages.last());
    match last.and_then(|message| message.get("content")).and_then(Value::as_str) {
        Some(TEXT) => Play::text(&PIECES),
        Some(CALLS) => Play::calls(&[
            PlayedCall { id: "", name: "search", arguments: r#"{"query": "é \"x\""}"# },
            PlayedCall { id: "", name: "current_time", arguments: "{}" },
        ]),
        Some(CUT) => Play::cut_after(&["alpha "]),
        _ => Play::status(400, "not a request of the contract"),
    }
}

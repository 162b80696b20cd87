#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use futures::StreamExt;
use quarry_core::{Fault, Secret};
use serde_json::{Value, json};

use super::GenAiChat;
use crate::{
    ChatModelSettings,
    chat::{
        ChatEvent, ChatMessage, ChatModel, ChatRequest, FinishReason, Role, ToolCall, ToolSpec, complete,
    },
    testing::{ChatServer, Play, chat_contract, dead_port},
};

fn model_at(provider: &str, url: &str) -> GenAiChat {
    let settings = ChatModelSettings {
        base_url: Some(url.to_owned()),
        api_key: Some(Secret::new("hunter2")),
        connect_ms: 1000,
        max_reply_bytes: 64 * 1024,
        ..ChatModelSettings::new(provider, "some-model")
    };
    GenAiChat::new("main", &settings).unwrap()
}

/// What the contract asks for, whichever the dialect: the last text of a user in the body.
fn asked(body: &Value) -> String {
    let text = body.to_string();
    let start = text.rfind("contract: ").map_or(text.len(), |place| place + "contract: ".len());
    text[start..].chars().take_while(char::is_ascii_alphabetic).collect()
}

fn sse(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

fn anthropic(body: &Value) -> Play {
    let block = |index: usize, block: &Value, deltas: &[Value]| {
        let mut events = vec![sse("content_block_start", &json!({"index": index, "content_block": block}))];
        events.extend(
            deltas.iter().map(|delta| sse("content_block_delta", &json!({"index": index, "delta": delta}))),
        );
        events.push(sse("content_block_stop", &json!({"index": index})));
        events
    };
    let text = |text: &str| json!({"type": "text_delta", "text": text});
    let part = |part: &str| json!({"type": "input_json_delta", "partial_json": part});
    let tool = |id: &str, name: &str| json!({"type": "tool_use", "id": id, "name": name, "input": {}});
    let usage = json!({"message": {"id": "m", "usage": {"input_tokens": 9, "output_tokens": 1}}});
    let mut events = vec![sse("message_start", &usage), sse("ping", &json!({"type": "ping"}))];
    let begin = json!({"type": "text", "text": ""});
    let reason = match asked(body).as_str() {
        "text" => {
            events.extend(block(0, &begin, &[text("alpha "), text("bêta "), text("gamma")]));
            "end_turn"
        }
        "calls" => {
            events.extend(block(0, &tool("t1", "search"), &[part("{\"query\": \"é "), part("\\\"x\\\"\"}")]));
            events.extend(block(1, &tool("t2", "current_time"), &[]));
            "tool_use"
        }
        "cut" => {
            events.extend(block(0, &begin, &[text("alpha ")]).into_iter().take(2));
            return Play::streamed_and_cut(events);
        }
        "overloaded" => {
            events.push(sse(
                "error",
                &json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
            ));
            return Play::streamed(events);
        }
        _ => return Play::rate_limited(9),
    };
    events.push(sse(
        "message_delta",
        &json!({"delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}}),
    ));
    events.push(sse("message_stop", &json!({"type": "message_stop"})));
    Play::streamed(events)
}

fn ollama(body: &Value) -> Play {
    let line = |message: &Value| format!("{}\n", json!({"model": "m", "message": message, "done": false}));
    let text = |text: &str| line(&json!({"role": "assistant", "content": text}));
    let end = json!({"model": "m", "message": {"role": "assistant", "content": ""}, "done": true,
        "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 5});
    let end = format!("{end}\n");
    match asked(body).as_str() {
        "text" => Play::streamed(vec![text("alpha "), text("bêta "), text("gamma"), end]),
        "calls" => {
            let call =
                |name: &str, arguments: &Value| json!({"function": {"name": name, "arguments": arguments}});
            let calls = json!({"role": "assistant", "content": "",
                "tool_calls": [call("search", &json!({"query": "é \"x\""})), call("current_time", &json!({}))]});
            Play::streamed(vec![line(&calls), end])
        }
        "cut" => Play::streamed(vec![text("alpha ")]),
        _ => Play::rate_limited(9),
    }
}

fn gemini(body: &Value) -> Play {
    let part = |parts: &Value, reason: Option<&str>| {
        let candidate = json!({"content": {"role": "model", "parts": parts}, "finishReason": reason});
        let usage = json!({"promptTokenCount": 9, "candidatesTokenCount": 5, "totalTokenCount": 14});
        let mut event = json!({"candidates": [candidate], "usageMetadata": usage});
        if let (None, Some(candidate)) = (reason, event["candidates"][0].as_object_mut()) {
            candidate.remove("finishReason");
        }
        format!("data: {event}\n\n")
    };
    let text = |text: &str, reason| part(&json!([{"text": text}]), reason);
    match asked(body).as_str() {
        "text" => {
            Play::streamed(vec![text("alpha ", None), text("bêta ", None), text("gamma", Some("STOP"))])
        }
        "calls" => {
            let call =
                |name: &str, arguments: &Value| json!({"functionCall": {"name": name, "args": arguments}});
            let calls =
                json!([call("search", &json!({"query": "é \"x\""})), call("current_time", &json!({}))]);
            Play::streamed(vec![part(&calls, Some("STOP"))])
        }
        "cut" => Play::streamed(vec![text("alpha ", None)]),
        _ => Play::rate_limited(9),
    }
}

type Dialect = (&'static str, fn(&Value) -> Play);

const DIALECTS: [Dialect; 3] = [("anthropic", anthropic), ("ollama", ollama), ("gemini", gemini)];

fn asking(what: &str) -> ChatRequest {
    ChatRequest { messages: vec![ChatMessage::text(Role::User, what)], ..ChatRequest::default() }
}

#[tokio::test]
async fn it_keeps_the_contract_in_each_dialect() {
    for (provider, far_side) in DIALECTS {
        let server = ChatServer::answering(far_side).await;
        chat_contract(&model_at(provider, &server.url())).await;
    }
}

#[tokio::test]
async fn rate_limits_are_readable_in_each_dialect() {
    for (provider, far_side) in DIALECTS {
        let server = ChatServer::answering(far_side).await;
        let error = complete(&model_at(provider, &server.url()), &asking("now")).await.unwrap_err();
        assert_eq!(
            (error.code(), error.retry_after()),
            ("model_rate_limited", Some(Duration::from_secs(9))),
            "{error}"
        );
    }
}

#[tokio::test]
async fn failures_say_what_they_are() {
    for (play, code) in [
        (Play::status(500, "down"), "model_unavailable"),
        (Play::status(401, "no such key"), "model_rejected"),
        (Play::streamed(vec!["event: message_start\ndata: {\n\n".to_owned()]), "model_malformed"),
        (Play::streamed(Vec::new()), "model_cut"),
    ] {
        let server = ChatServer::playing(vec![play]).await;
        let error = complete(&model_at("anthropic", &server.url()), &asking("x")).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let server = ChatServer::answering(anthropic).await;
    let busy =
        complete(&model_at("anthropic", &server.url()), &asking("contract: overloaded")).await.unwrap_err();
    assert!(busy.code() == "model_unavailable" && busy.to_string().contains("busy"), "{busy}");
    let nobody = model_at("anthropic", &format!("http://127.0.0.1:{}", dead_port().await));
    let error = complete(&nobody, &asking("x")).await.unwrap_err();
    assert!(error.code() == "model_unavailable" && error.to_string().contains("no connection"), "{error}");
}

#[tokio::test]
async fn a_reply_over_the_limit_is_ended() {
    let long = json!({"message": {"role": "assistant", "content": "x".repeat(8 * 1024)}, "done": false});
    let server = ChatServer::playing(vec![Play::streamed(vec![format!("{long}\n"); 20])]).await;
    let error = complete(&model_at("ollama", &server.url()), &asking("x")).await.unwrap_err();
    assert_eq!(error.code(), "model_too_large");
}

#[tokio::test]
async fn a_conversation_with_tools_goes_out_whole() {
    let server = ChatServer::answering(anthropic).await;
    let mut calls = ChatMessage::text(Role::Assistant, "let me look");
    let call = |id: &str, arguments: &str| ToolCall {
        id: id.to_owned(),
        name: "search".to_owned(),
        arguments: arguments.to_owned(),
    };
    calls.tool_calls = vec![call("a", "{\"q\": 1}"), call("b", "{oops")];
    let request = ChatRequest {
        messages: vec![
            ChatMessage::text(Role::System, "be brief"),
            ChatMessage::text(Role::User, "contract: text"),
            calls,
            ChatMessage::result("a", "found"),
            ChatMessage::result("b", "not JSON"),
        ],
        tools: vec![ToolSpec {
            name: "search".into(),
            description: "d".into(),
            parameters: json!({"type": "object"}),
        }],
        max_tokens: Some(77),
        temperature: Some(0.5),
        stop: vec!["END".to_owned()],
    };
    let reply = complete(&model_at("anthropic", &server.url()), &request).await.unwrap();
    assert_eq!((reply.reason, reply.usage.prompt_tokens), (FinishReason::Stop, 9));
    let seen = &server.requests()[0];
    assert!(seen.head.starts_with("POST /v1/messages HTTP/1.1") && seen.head.contains("x-api-key: hunter2"));
    let body = seen.body.to_string();
    for part in [
        "be brief",
        "let me look",
        "found",
        "not JSON",
        "{oops",
        "\"max_tokens\":77",
        "\"END\"",
        "input_schema",
    ] {
        assert!(body.contains(part), "`{part}` is missing in {body}");
    }
}

#[tokio::test]
async fn dropping_a_reply_reaches_the_server() {
    let line = json!({"message": {"role": "assistant", "content": "once "}, "done": false});
    let mut stall = vec![format!("{line}\n")];
    stall.extend(vec![format!("{line}\n"); 10_000]);
    let slow = Play::streamed(stall).paced(Duration::from_millis(5));
    let server = ChatServer::playing(vec![slow]).await;
    let model = model_at("ollama", &server.url());
    let mut stream = model.chat(&asking("x")).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))) {}
    drop(stream);
    server.until_hung_up(1).await;
}

#[test]
fn only_known_dialects_come_through_here() {
    let error = GenAiChat::new("m", &ChatModelSettings::new("openai", "gpt")).err().unwrap();
    assert_eq!(error.code(), "model_settings");
}

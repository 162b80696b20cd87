#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use futures::StreamExt;
use quarry_core::{ErrorKind, Fault, Secret};
use serde_json::{Value, json};

use super::OpenAiChat;
use crate::{
    ChatModelSettings,
    chat::{
        ChatEvent, ChatMessage, ChatModel, ChatReply, ChatRequest, FinishReason, Role, ToolCall, ToolSpec,
        complete,
    },
    chat_error::ChatError,
    testing::{ChatServer, Play, PlayedCall, chat_contract, contract_play, dead_port},
};

fn model_at(url: &str) -> OpenAiChat {
    let settings = ChatModelSettings {
        base_url: Some(url.to_owned()),
        connect_ms: 1000,
        max_reply_bytes: 1024 * 1024,
        ..ChatModelSettings::new("openai", "gpt")
    };
    OpenAiChat::new("main", &settings).unwrap()
}

fn asking() -> ChatRequest {
    ChatRequest { messages: vec![ChatMessage::text(Role::User, "hello")], ..ChatRequest::default() }
}

async fn reply(play: Play) -> Result<ChatReply, ChatError> {
    let server = ChatServer::playing(vec![play]).await;
    complete(&model_at(&server.url()), &asking()).await
}

async fn error(play: Play) -> ChatError {
    reply(play).await.unwrap_err()
}

/// A stream of events of OpenAI's dialect.
fn events(events: &[Value]) -> Play {
    Play::streamed(events.iter().map(|event| format!("data: {event}\n\n")).collect())
}

fn delta(delta: &Value, reason: Option<&str>) -> Value {
    json!({"choices": [{"delta": delta, "finish_reason": reason}]})
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let server = ChatServer::answering(contract_play).await;
    chat_contract(&model_at(&server.url())).await;
}

#[tokio::test]
async fn everything_that_is_asked_goes_out_and_nothing_else() {
    let server = ChatServer::playing(vec![Play::text(&["ok"])]).await;
    let settings = ChatModelSettings {
        base_url: Some(format!("{}?api-version=1", server.url())),
        api_key: Some(Secret::new("hunter2")),
        temperature: Some(0.5),
        max_tokens: Some(100),
        ..ChatModelSettings::new("openai", "gpt")
    };
    let call = ToolCall { id: "c1".to_owned(), name: "search".to_owned(), arguments: "{\"q\":1}".to_owned() };
    let mut calls = ChatMessage::text(Role::Assistant, "");
    calls.tool_calls.push(call);
    let request = ChatRequest {
        messages: vec![ChatMessage::text(Role::User, "hi"), calls, ChatMessage::result("c1", "found")],
        tools: vec![ToolSpec {
            name: "search".into(),
            description: "d".into(),
            parameters: json!({"type": "object"}),
        }],
        max_tokens: Some(7),
        stop: vec!["END".to_owned()],
        ..ChatRequest::default()
    };
    complete(&OpenAiChat::new("main", &settings).unwrap(), &request).await.unwrap();
    let seen = &server.requests()[0];
    assert!(seen.head.starts_with("POST /v1/chat/completions?api-version=1 HTTP/1.1"), "{}", seen.head);
    assert!(seen.head.contains("authorization: Bearer hunter2"));
    assert!(!seen.head.contains("accept-encoding"), "compressed streams are not asked for: {}", seen.head);
    let expected = json!({
        "model": "gpt",
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{\"q\":1}"}}]},
            {"role": "tool", "content": "found", "tool_call_id": "c1"},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
        "tools": [{"type": "function", "function":
            {"name": "search", "description": "d", "parameters": {"type": "object"}}}],
        "temperature": 0.5,
        "max_tokens": 7,
        "stop": ["END"],
    });
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn a_reply_in_one_piece_is_understood() {
    let whole = reply(Play::plain("all at once")).await.unwrap();
    assert_eq!((whole.text.as_str(), whole.model.as_str()), ("all at once", "main"));
    assert_eq!(
        (whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.usage.estimated),
        (11, 7, false)
    );
    let calls = json!({"choices": [{"message": {"content": null, "tool_calls":
        [{"id": "x", "function": {"name": "t", "arguments": {"a": 1}}}]}, "finish_reason": "stop"}]});
    let called = reply(Play::json(200, &calls)).await.unwrap();
    assert_eq!(called.reason, FinishReason::ToolCalls);
    assert_eq!(
        called.tool_calls[0].arguments,
        "{\"a\": 1}".replace(' ', ""),
        "an object is taken as it stands"
    );
    assert!(called.usage.estimated);
}

#[tokio::test]
async fn calls_are_put_together_from_their_pieces() {
    let calls = [
        PlayedCall { id: "a", name: "search", arguments: "{\"query\": \"naïve \\\"q\\\"\"}" },
        PlayedCall { id: "a", name: "search", arguments: "{\"query\": \"other\"}" },
    ];
    let found = reply(Play::calls(&calls)).await.unwrap().tool_calls;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].arguments, calls[0].arguments);
    assert_eq!(found[1].arguments, calls[1].arguments);
    assert_eq!(found[0].id, "a");
    assert_ne!(found[1].id, "a", "ids of one reply differ, whatever the provider says");
}

#[tokio::test]
async fn calls_without_numbers_are_told_apart_by_their_ids() {
    let piece = |id: Option<&str>, name: Option<&str>, arguments: &str| {
        delta(&json!({"tool_calls": [{"id": id, "function": {"name": name, "arguments": arguments}}]}), None)
    };
    let found = reply(events(&[
        piece(Some("1"), Some("a"), "{"),
        piece(None, None, "}"),
        piece(Some("2"), Some("b"), "[]"),
        delta(&json!({}), Some("tool_calls")),
    ]))
    .await
    .unwrap();
    let calls: Vec<(&str, &str)> =
        found.tool_calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
    assert_eq!(calls, [("a", "{}"), ("b", "[]")]);
}

#[tokio::test]
async fn malformed_arguments_and_unknown_tools_are_passed_on_as_written() {
    let broken = reply(Play::malformed_arguments("no_such_tool")).await.unwrap();
    assert_eq!(broken.tool_calls[0].name, "no_such_tool");
    assert_eq!(broken.tool_calls[0].arguments, "{\"query\": \"unfinished");
}

#[tokio::test]
async fn thinking_is_a_sign_of_life_and_no_text() {
    let server = ChatServer::playing(vec![events(&[
        delta(&json!({"role": "assistant", "content": ""}), None),
        delta(&json!({"reasoning_content": "hm"}), None),
        delta(&json!({"content": "yes"}), None),
        delta(&json!({}), Some("length")),
        json!({"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}}),
    ])])
    .await;
    let model = model_at(&server.url());
    let found: Vec<ChatEvent> = model.chat(&asking()).await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(found[1..4], [ChatEvent::Working, ChatEvent::Working, ChatEvent::Text("yes".to_owned())]);
    let end = matches!(found.last(), Some(ChatEvent::Finished { reason: FinishReason::Length, usage })
        if usage.prompt_tokens == 3 && !usage.estimated);
    assert!(end, "an end mark may be missing where the reason was given: {found:?}");
}

#[tokio::test]
async fn refusals_say_what_they_are() {
    let limited = error(Play::rate_limited(7)).await;
    assert_eq!(limited.code(), "model_rate_limited");
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(7)));
    let down = error(Play::status(503, "overloaded")).await;
    assert_eq!(
        (down.code(), down.kind(), down.passes()),
        ("model_unavailable", ErrorKind::Unavailable, true)
    );
    assert!(down.to_string().contains("HTTP 503: overloaded"), "{down}");
    let invalid = error(Play::status(400, "too many tokens")).await;
    assert_eq!((invalid.kind(), invalid.passes()), (ErrorKind::Invalid, false));
    let shut = error(Play::status(401, "no such key")).await;
    assert_eq!((shut.kind(), shut.passes()), (ErrorKind::Unavailable, false));
    let moved = error(Play::answer(307, "location: http://127.0.0.1:1/\r\n", "")).await;
    assert!(matches!(moved, ChatError::Rejected { status: 307, .. }), "{moved}");
}

#[tokio::test]
async fn broken_replies_say_what_they_are() {
    for (play, code) in [
        (Play::cut_after(&["half a "]), "model_cut"),
        (Play::ended_after(&["half a "]), "model_cut"),
        (Play::ended_after(&[]), "model_cut"),
        (Play::malformed_delta(), "model_malformed"),
        (Play::streamed(vec!["data: [DONE]\n\n".to_owned()]), "model_cut"),
        (events(&[json!({"object": "something else"})]), "model_malformed"),
        (Play::answer(200, "content-type: text/html\r\n", "<html>"), "model_malformed"),
        (Play::answer(200, "content-type: application/json\r\n", "{}"), "model_malformed"),
        (Play::error_event("the engine died"), "model_unavailable"),
        (
            events(&[delta(&json!({"tool_calls": [{"index": 500, "function": {"name": "x"}}]}), None)]),
            "model_malformed",
        ),
        (
            events(&[delta(&json!({"tool_calls": [{"index": 0, "id": "x"}]}), Some("stop"))]),
            "model_malformed",
        ),
    ] {
        let text = format!("{play:?}");
        let error = error(play).await;
        assert_eq!(error.code(), code, "{error} from {text}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_ended_however_it_comes() {
    for play in [Play::huge(10 << 20), Play::endless_line(10 << 20), Play::plain(&"x".repeat(10 << 20))] {
        let error = error(play).await;
        assert_eq!(error.code(), "model_too_large", "{error}");
        assert!(!error.passes(), "it would be as large again");
    }
    let fits = reply(Play::huge(900 * 1024)).await.unwrap();
    assert!(fits.text.len() >= 900 * 1024);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let model = model_at(&format!("http://127.0.0.1:{}/v1", dead_port().await));
    let error = complete(&model, &asking()).await.unwrap_err();
    assert_eq!(error.code(), "model_unavailable");
    assert!(error.to_string().contains("no connection"), "{error}");
}

#[tokio::test]
async fn dropping_a_reply_reaches_the_server() {
    let server = ChatServer::playing(vec![Play::stall_after(&["once "]), Play::silence()]).await;
    let model = model_at(&server.url());
    let mut stream = model.chat(&asking()).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))) {}
    assert_eq!(server.hung_up(), 0);
    drop(stream);
    server.until_hung_up(1).await;
    let waiting = tokio::time::timeout(Duration::from_millis(50), model.chat(&asking())).await;
    assert!(waiting.is_err(), "nothing came, not even a head");
    server.until_hung_up(2).await;
}

#[tokio::test]
async fn paced_pieces_come_as_they_are_sent() {
    let server =
        ChatServer::playing(vec![Play::text(&["a", "b", "c"]).paced(Duration::from_millis(20))]).await;
    let model = model_at(&server.url());
    let begun = Instant::now();
    let mut stream = model.chat(&asking()).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))) {}
    let first = begun.elapsed();
    while stream.next().await.is_some() {}
    assert!(
        begun.elapsed() >= first + Duration::from_millis(60),
        "the first piece did not wait for the last"
    );
}

#[tokio::test]
async fn a_connection_serves_one_reply_after_another() {
    let server = ChatServer::fast(|_| Play::text(&["ok"])).await;
    let model = model_at(&server.url());
    for _ in 0..20 {
        assert_eq!(complete(&model, &asking()).await.unwrap().text, "ok");
    }
    assert_eq!((server.count(), server.requests().len()), (20, 0));
    // A connection goes back to the pool a moment after its reply, so a quick caller may open a second.
    assert!(server.connections() <= 4, "connections are kept: {}", server.connections());
}

#[test]
fn the_limit_of_tokens_has_the_name_that_its_server_knows() {
    let body = |settings: &ChatModelSettings| {
        let model = OpenAiChat::new("m", settings).unwrap();
        serde_json::to_value(super::wire::Request::new(&model.settings, &asking(), model.tokens_key)).unwrap()
    };
    let own = ChatModelSettings { max_tokens: Some(5), ..ChatModelSettings::new("openai", "gpt") };
    assert_eq!(body(&own)["max_completion_tokens"], 5);
    let groq = ChatModelSettings { max_tokens: Some(5), ..ChatModelSettings::new("groq", "llama") };
    assert_eq!(body(&groq)["max_tokens"], 5);
    assert!(body(&groq).get("max_completion_tokens").is_none());
}

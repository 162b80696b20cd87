//! The OpenAI dialect as it is on the wire.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quarry_models::{
    ChatError,
    chat::Role,
    testing::{ScriptedChat, Turn},
};
use quarry_server::ServerSettings;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::{
    app::{Reply, TestApp},
    schema,
    talking::{self, ANSWER},
};

const CHAT: &str = "/v1/chat/completions";

fn asking(question: &str) -> Value {
    json!({"model": "default", "messages": [{"role": "user", "content": question}]})
}

/// That it is an error in OpenAI's shape.
#[track_caller]
fn error(reply: Reply, status: u16, kind: &str, code: &str) -> Value {
    let reply = reply.expect(status);
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(!reply.header("x-request-id").is_empty());
    let error = reply.json()["error"].clone();
    assert_eq!((&error["type"], &error["code"]), (&json!(kind), &json!(code)), "{error}");
    error
}

#[tokio::test]
async fn an_agent_completes_a_chat_with_citations() {
    let (app, _) = talking::playing(talking::looking_up()).await;
    let completion = app.admin.post(CHAT, asking("What raises the sea?")).await.expect(200).json();
    assert!(completion["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert_eq!((&completion["object"], &completion["model"]), (&json!("chat.completion"), &json!("default")));
    assert!(completion["created"].as_u64().unwrap() > 1_700_000_000);
    let choice = &completion["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["role"]), (&json!("stop"), &json!("assistant")));
    assert_eq!(choice["message"]["content"], ANSWER);
    assert_eq!(choice["message"]["citations"][0]["source"], "tides");
    let usage = &completion["usage"];
    let number = |name: &str| usage[name].as_u64().unwrap();
    assert!(number("completion_tokens") > 0);
    assert_eq!(number("total_tokens"), number("prompt_tokens") + number("completion_tokens"));
    let own = &completion["quarry"];
    assert_eq!(
        (&own["answered"], &own["degraded"], &own["model"]),
        (&json!(true), &json!(false), &json!("scripted"))
    );
    let run = own["run_id"].as_str().unwrap();
    assert_eq!(app.admin.get(format!("/v1/runs/{run}")).await.expect(200).json()["agent"], "default");
    app.stopped().await;
}

#[tokio::test]
async fn a_chat_streams_in_chunks_until_done() {
    let (app, _) = talking::playing(talking::looking_up()).await;
    let mut body = asking("What raises the sea?");
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    let told = app.admin.ask("POST", CHAT).json(&body).listen().await.rest().await;
    let (done, chunks) = told.split_last().unwrap();
    assert_eq!(done.data, json!("[DONE]"));
    for chunk in chunks {
        assert_eq!((chunk.id, chunk.kind.as_str()), (None, ""));
        schema::check_named("ChatCompletionChunk", &chunk.data);
        assert_eq!(chunk.data["id"], chunks[0].data["id"]);
    }
    let text: String =
        chunks.iter().filter_map(|chunk| chunk.data["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, ANSWER);
    let [.., last, usage] = chunks else { panic!("{chunks:?}") };
    assert_eq!(last.data["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        (&last.data["citations"][0]["number"], &last.data["quarry"]["answered"]),
        (&json!(1), &json!(true))
    );
    assert!(last.data["quarry"].get("answer").is_none(), "{}", last.data);
    assert_eq!(usage.data["choices"], json!([]));
    assert!(usage.data["usage"]["total_tokens"].as_u64().unwrap() > 0);
    app.stopped().await;
}

#[tokio::test]
async fn the_conversation_and_its_instructions_reach_the_model() {
    let chat = ScriptedChat::answering("scripted", |_| Turn::text(["It does."]));
    let (app, chat) = talking::with(Arc::new(chat), ServerSettings::default()).await;
    let body = json!({
        "model": "default", "temperature": 0.1, "max_tokens": 50, "user": "u", "seed": 4, "n": 1, "tools": [],
        "messages": [
            {"role": "system", "content": "Speak like a sailor."},
            {"role": "user", "content": "What is the tide?"},
            {"role": "assistant", "content": "The sea, rising."},
            {"role": "user", "content": [{"type": "text", "text": "Twice a day?"}]}
        ]
    });
    app.admin.post(CHAT, body).await.expect(200);
    let messages = chat.requests()[0].messages.clone();
    assert_eq!(messages[0].role, Role::System);
    assert!(messages[0].content.contains("Speak like a sailor."), "{}", messages[0].content);
    let said: Vec<_> = messages[1..].iter().map(|message| (message.role, message.content.as_str())).collect();
    assert_eq!(said[..2], [(Role::User, "What is the tide?"), (Role::Assistant, "The sea, rising.")]);
    assert!(said.last().unwrap().1.contains("Twice a day?"), "{said:?}");
    app.stopped().await;
}

#[tokio::test]
async fn a_session_of_the_server_can_be_named_in_the_extension() {
    let chat = ScriptedChat::answering("scripted", |_| Turn::text(["It does."]));
    let (app, _) = talking::with(Arc::new(chat), ServerSettings::default()).await;
    let session = app.admin.post("/v1/sessions", json!({})).await.expect(201).json()["id"].clone();
    let mut body = asking("Does it?");
    body["quarry"] = json!({"session_id": session});
    app.admin.post(CHAT, body.clone()).await.expect(200);
    let place = format!("/v1/sessions/{}/messages", session.as_str().unwrap());
    assert_eq!(app.admin.get(place).await.expect(200).json()["items"].as_array().unwrap().len(), 2);
    body["quarry"] = json!({"collections": ["other"]});
    let refused = app.admin.post(CHAT, body.clone()).await;
    let refused = error(refused, 400, "invalid_request_error", "collection_outside_agent");
    assert_eq!(refused["param"], "quarry.collections");
    body["quarry"] = json!({"colections": []});
    error(app.admin.post(CHAT, body).await, 400, "invalid_request_error", "invalid_request");
    app.stopped().await;
}

#[tokio::test]
async fn every_failure_has_openais_shape() {
    let server = ServerSettings { max_requests: 256, ..ServerSettings::default() };
    let (app, _) = talking::with(Arc::new(ScriptedChat::playing("scripted", Vec::new())), server).await;
    let invalid = "invalid_request_error";
    let post = |body: Value| app.admin.post(CHAT, body);
    let missing = post(json!({"model": "gpt-9", "messages": [{"role": "user", "content": "a"}]})).await;
    assert_eq!(error(missing, 404, invalid, "model_not_found")["param"], "model");
    let mut tools = asking("a");
    tools["tools"] = json!([{"type": "function", "function": {"name": "f"}}]);
    let tools = error(post(tools).await, 400, invalid, "invalid_request");
    assert_eq!(tools["param"], "tools");
    assert!(tools["message"].as_str().unwrap().contains("agents have tools of their own"), "{tools}");
    let mut several = asking("a");
    several["n"] = json!(2);
    assert_eq!(error(post(several).await, 400, invalid, "invalid_request")["param"], "n");
    let empty = error(post(asking(" ")).await, 400, invalid, "invalid_run");
    assert_eq!(empty["param"], "messages");
    let shape = json!({"model": "default", "messages": [{"role": "user", "content": 7}]});
    let shape = error(post(shape).await, 400, invalid, "invalid_request");
    assert!(shape["message"].as_str().unwrap().contains("content is text, or a list of parts"), "{shape}");
    let text = app.admin.ask("POST", CHAT).body("text/plain", "{}").send().await;
    error(text, 415, invalid, "unsupported_media_type");
    error(app.admin.ask("DELETE", CHAT).send().await, 405, invalid, "method_not_allowed");
    let huge = vec![b' '; 2 * 1024 * 1024 + 1];
    error(
        app.admin.ask("POST", CHAT).body("application/json", huge).send().await,
        413,
        invalid,
        "body_too_large",
    );
    for (method, path) in
        [("POST", CHAT), ("POST", "/v1/embeddings"), ("GET", "/v1/models"), ("GET", "/v1/models/a")]
    {
        let stranger = app.anonymous.ask(method, path).send().await;
        assert_eq!(stranger.header("www-authenticate"), "Bearer realm=\"quarry\"");
        error(stranger, 401, "authentication_error", "invalid_api_key");
    }
    app.stopped().await;
}

#[tokio::test]
async fn a_provider_that_fails_is_no_failure_of_the_chat() {
    let cut = || ChatError::Cut { name: "scripted".to_owned(), problem: "the connection closed".to_owned() };
    let turns = vec![Turn::failing_after(["The mo"], cut()), Turn::failing_after(["The mo"], cut())];
    let (app, _) = talking::playing(turns).await;
    let question = "What raises the sea twice a day?";
    let completion = app.admin.post(CHAT, asking(question)).await.expect(200).json();
    assert_eq!(
        (&completion["quarry"]["degraded"], &completion["quarry"]["model"]),
        (&json!(true), &json!("extractive"))
    );
    let content = completion["choices"][0]["message"]["content"].clone();
    let mut body = asking(question);
    body["stream"] = json!(true);
    let told = app.admin.ask("POST", CHAT).json(&body).listen().await.rest().await;
    let text: String =
        told.iter().filter_map(|one| one.data["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, format!("The mo\n\n{}", content.as_str().unwrap()));
    let last = &told[told.len() - 2].data;
    assert_eq!(last["quarry"]["answer"], content);
    app.stopped().await;
}

#[tokio::test]
async fn a_chat_that_needs_approval_says_how() {
    let turns = || vec![Turn::calls(&[("note", r#"{"text": "tides"}"#)]), Turn::text(["It is done."])];
    let (app, _) = talking::playing([turns(), turns()].concat()).await;
    let definition = json!({"tools": ["note"], "approve": ["note"]});
    app.admin.post("/v1/agents", json!({"name": "careful", "definition": definition})).await.expect(201);
    let mut body = asking("Note this.");
    body["model"] = json!("careful");
    let refused =
        error(app.admin.post(CHAT, body.clone()).await, 409, "invalid_request_error", "approval_required");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("`note`") && message.contains("/approvals"), "{message}");
    app.stopped().await;
}

#[tokio::test]
async fn models_are_the_agents_and_the_embedder() {
    let app = TestApp::start().await;
    let definition = json!({"description": "Answers from the handbook"});
    app.admin.post("/v1/agents", json!({"name": "handbook", "definition": definition})).await.expect(201);
    let listed = app.admin.get("/v1/models").await.expect(200).json();
    let ids: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(
        (&listed["object"], ids.as_slice()),
        (&json!("list"), &["default", "handbook", "static-en-256"][..])
    );
    let model = app.admin.get("/v1/models/handbook").await.expect(200).json();
    assert_eq!((&model["object"], &model["kind"]), (&json!("model"), &json!("agent")));
    assert_eq!(model["description"], "Answers from the handbook");
    assert!(model["created"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(app.admin.get("/v1/models/static-en-256").await.expect(200).json()["kind"], "embedder");
    error(app.admin.get("/v1/models/gpt-9").await, 404, "invalid_request_error", "model_not_found");
    app.stopped().await;
}

#[tokio::test]
async fn embeddings_come_as_numbers_or_packed() {
    let app = TestApp::start().await;
    let texts = json!(["The moon raises the sea.", "Basalt is a rock."]);
    let post = |body: Value| app.admin.post("/v1/embeddings", body);
    let list = post(json!({"model": "static-en-256", "input": texts, "user": "u"})).await.expect(200).json();
    assert_eq!((&list["object"], &list["model"]), (&json!("list"), &json!("static-en-256")));
    let vector = |list: &Value, place: usize| -> Vec<f32> {
        serde_json::from_value(list["data"][place]["embedding"].clone()).unwrap()
    };
    assert_eq!((vector(&list, 0).len(), &list["data"][1]["index"]), (256, &json!(1)));
    assert!(list["usage"]["prompt_tokens"].as_u64().unwrap() >= 8);
    assert_eq!(list["usage"]["prompt_tokens"], list["usage"]["total_tokens"]);
    let body =
        json!({"input": texts[1], "encoding_format": "base64", "dimensions": 256, "input_type": "document"});
    let packed = post(body).await.expect(200).json();
    let bytes = STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let unpacked: Vec<f32> =
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(unpacked, vector(&list, 1));

    for (body, status, code, param) in [
        (json!({"input": [1, 2, 3]}), 400, "invalid_request", json!("input")),
        (json!({"input": [[1, 2], [3]]}), 400, "invalid_request", json!("input")),
        (json!({"input": []}), 400, "invalid_request", json!("input")),
        (json!({"input": ["a", ""]}), 400, "invalid_request", json!("input")),
        (json!({"input": {"text": "a"}}), 400, "invalid_request", json!("input")),
        (json!({"input": "a", "dimensions": 64}), 400, "invalid_request", json!("dimensions")),
        (json!({"input": "a", "model": "text-embedding-3-small"}), 404, "model_not_found", json!("model")),
    ] {
        let error = error(post(body).await, status, "invalid_request_error", code);
        assert_eq!(error["param"], param, "{error}");
    }
    app.stopped().await;
}

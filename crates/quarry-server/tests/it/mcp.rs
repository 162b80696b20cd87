//! The MCP server: messages as they are on the wire, and the official client where it can be had.

use std::{path::Path, sync::Arc};

use quarry_core::{Access, Actor, TenantId};
use quarry_models::testing::Turn;
use quarry_server::mcp::{EngineBackend, serve_mcp};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::{
    app::{KEY, Persona, Reply, TestApp, added},
    clients::python,
    talking,
};

async fn tides() -> (TestApp, String) {
    let app = TestApp::start().await;
    let text = "The moon raises the sea twice a day. This is called the tide.";
    let document = added(&app, json!({"source": "tides", "text": text})).await;
    let id = document["id"].as_str().unwrap().to_owned();
    (app, id)
}

async fn send(persona: &Persona, message: Value) -> Reply {
    let ask = persona.ask("POST", "/mcp").json(&message);
    ask.header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18")
        .send()
        .await
}

async fn result(app: &TestApp, method: &str, params: Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let reply = send(&app.admin, message).await.expect(200);
    assert_eq!(reply.header("content-type"), "application/json");
    let answer = reply.json();
    assert_eq!(answer["id"], 1);
    if answer["error"].is_null() { answer["result"].clone() } else { answer["error"].clone() }
}

async fn call(app: &TestApp, tool: &str, arguments: Value) -> Value {
    result(app, "tools/call", json!({"name": tool, "arguments": arguments})).await
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {result}"))
}

#[tokio::test]
async fn a_client_is_greeted_and_shown_four_closed_tools() {
    let (app, _) = tides().await;
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let greeting = result(&app, "initialize", params).await;
    assert_eq!(greeting["serverInfo"]["name"], "quarry");
    assert_eq!(greeting["protocolVersion"], "2025-06-18");
    assert!(greeting["capabilities"]["tools"].is_object());
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    send(&app.admin, notification).await.expect(202);
    let listed = result(&app, "tools/list", json!({})).await;
    let tools = listed["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["search", "read_document", "list_documents", "ask"]);
    for tool in tools {
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
    }
    app.stopped().await;
}

#[tokio::test]
async fn every_tool_answers_in_text_and_structure() {
    let (app, id) = tides().await;
    let found = call(&app, "search", json!({"query": "what raises the sea", "k": 3})).await;
    assert!(text(&found).starts_with("[1] "), "{found}");
    assert_eq!(found["structuredContent"]["hits"][0]["document_id"], id);
    let read = call(&app, "read_document", json!({"document_id": id})).await;
    assert!(text(&read).contains("twice a day") && text(&read).contains("(ready)"), "{read}");
    assert_eq!(read["structuredContent"]["document"]["source"], "tides");
    let listed = call(&app, "list_documents", json!({})).await;
    assert!(text(&listed).contains(&format!("- {id} | ")), "{listed}");
    let answered = call(&app, "ask", json!({"question": "What raises the sea twice a day?"})).await;
    assert!(text(&answered).contains("The moon raises the sea twice a day. [1]"), "{answered}");
    assert!(text(&answered).ends_with(&format!("(document_id: {id})")), "{answered}");
    assert_eq!(answered["structuredContent"]["answered"], true);
    app.stopped().await;
}

#[tokio::test]
async fn where_a_model_is_configured_it_answers() {
    let (app, _) = talking::playing(vec![Turn::text([talking::ANSWER])]).await;
    let answered = call(&app, "ask", json!({"question": "What raises the sea twice a day?"})).await;
    assert!(
        text(&answered).starts_with(&format!("{}\n\n[1] On tides (document_id: ", talking::ANSWER)),
        "{answered}"
    );
    let structured = &answered["structuredContent"];
    assert_eq!((&structured["answerer"], &structured["answered"]), (&json!("scripted"), &json!(true)));
    let run = structured["run_id"].as_str().unwrap();
    app.admin.get(format!("/v1/runs/{run}")).await.expect(200);
    app.stopped().await;
}

#[tokio::test]
async fn what_goes_wrong_in_a_tool_is_its_answer() {
    let (app, id) = tides().await;
    let nobody = "01900000-0000-7000-8000-00000000dead";
    let cases = [
        ("search", json!({"query": "sea", "collection": "nothing"}), "there is no collection `nothing`"),
        ("search", json!({"query": " "}), "the query is empty"),
        ("search", json!({}), "missing field `query`"),
        ("search", json!({"query": "sea", "top": 3}), "unknown field `top`"),
        ("search", json!({"query": "sea", "k": 500}), "`k` must be 1 to 20"),
        (
            "search",
            json!({"query": "sea", "filter": {"eq": {"field": "a b", "value": 1}}}),
            "not a field name",
        ),
        ("read_document", json!({"document_id": nobody}), "there is no document `01900000"),
        ("read_document", json!({"document_id": "x"}), "there is no document `x`"),
        ("read_document", json!({"document_id": id, "cursor": "!"}), "cursor"),
        ("ask", json!({"question": "sea?", "collection": "Not A Name"}), "is not a collection name"),
    ];
    for (tool, arguments, expected) in cases {
        let answer = call(&app, tool, arguments).await;
        assert_eq!(answer["isError"], true, "{answer}");
        assert!(text(&answer).contains(expected), "{answer}");
    }
    let unknown = call(&app, "delete_everything", json!({})).await;
    assert_eq!(unknown["code"], -32602, "{unknown}");
    app.stopped().await;
}

#[tokio::test]
async fn strangers_and_wrong_methods_are_refused() {
    let (app, _) = tides().await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let refused = send(&app.anonymous, message.clone()).await;
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    refused.problem(401, "unauthenticated");
    let wrong = app.admin.with_key("wrong");
    send(&wrong, message).await.problem(401, "unauthenticated");
    assert_eq!(app.admin.ask("GET", "/mcp").header("accept", "text/event-stream").send().await.status, 405);
    let broken = app
        .admin
        .ask("POST", "/mcp")
        .body("application/json", "{")
        .header("accept", "application/json, text/event-stream");
    assert!(broken.send().await.status.is_client_error());
    app.stopped().await;
}

#[tokio::test]
async fn a_pair_of_streams_serves_until_the_client_closes_it() {
    let (app, _) = tides().await;
    let access = Access::owner(TenantId::ROOT, Actor::Local);
    let backend = Arc::new(EngineBackend::new(app.engine.clone(), access));
    let (client, server) = tokio::io::duplex(64 * 1024);
    let (read, write) = tokio::io::split(server);
    let serving = tokio::spawn(serve_mcp(backend, read, write));
    let (read, mut write) = tokio::io::split(client);
    let mut lines = BufReader::new(read).lines();
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": {"name": "ask", "arguments": {"question": "What raises the sea twice a day?"}}}),
    ];
    for message in messages {
        write.write_all(format!("{message}\n").as_bytes()).await.unwrap();
        if !message["id"].is_null() {
            let answer: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
            assert_eq!(answer["id"], message["id"]);
            if message["id"] == 2 {
                assert!(text(&answer["result"]).starts_with("The moon"), "{answer}");
            }
        }
    }
    write.shutdown().await.unwrap();
    drop((write, lines));
    serving.await.unwrap().unwrap();
    app.stopped().await;
}

/// What the official client says.
async fn official(python: &Path, arguments: &[&str]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mcp_client.py");
    let output = tokio::process::Command::new(python).arg(script).args(arguments).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check(said: &Value) {
    assert_eq!(said["server"], "quarry");
    assert_eq!(said["tools"], json!(["search", "read_document", "list_documents", "ask"]));
    for tool in ["search", "read_document", "list_documents", "ask"] {
        assert_eq!(said[tool]["failed"], false, "{said}");
    }
    assert!(said["ask"]["text"].as_str().unwrap().starts_with("The moon raises the sea"), "{said}");
    assert_eq!(said["wrong"]["failed"], true);
    assert_eq!(said["wrong"]["text"], "there is no collection `nothing`");
}

#[tokio::test]
async fn the_official_client_calls_every_tool_over_http_and_a_pair_of_streams() {
    let Some(python) = python("mcp", "mcp>=2,<3").await else { return };
    let (app, _) = tides().await;
    check(&official(&python, &["http", &format!("http://{}/mcp", app.address), KEY]).await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let access = Access::owner(TenantId::ROOT, Actor::Local);
    let backend = Arc::new(EngineBackend::new(app.engine.clone(), access));
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, write) = stream.into_split();
        drop(serve_mcp(backend, read, write).await);
    });
    check(&official(&python, &["stdio", &port]).await);
    serving.abort();
    app.stopped().await;
}

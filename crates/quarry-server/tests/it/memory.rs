//! Sessions and facts over HTTP.

use quarry_models::testing::{ScriptedChat, Turn};
use quarry_server::ServerSettings;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::{app::TestApp, talking};

#[tokio::test]
async fn a_session_remembers_is_renamed_exported_and_erased() {
    let chat = ScriptedChat::answering("scripted", |_| Turn::text(["The moon does."]));
    let (app, chat) = talking::with(Arc::new(chat), ServerSettings::default()).await;
    let begun = app.admin.post("/v1/sessions", json!({"agent": "default"})).await.expect(201);
    let place = begun.header("location").to_owned();
    let id = begun.json()["id"].clone();
    assert_eq!(place, format!("/v1/sessions/{}", id.as_str().unwrap()));

    for input in ["What raises the sea?", "Are you sure?"] {
        let body = json!({"input": input, "session_id": id});
        app.admin.post("/v1/agents/default/runs", body).await.expect(200);
    }
    let second = &chat.requests()[1].messages;
    assert!(second.iter().any(|message| message.content.contains("What raises the sea?")), "{second:?}");
    let messages = app.admin.get(format!("{place}/messages?limit=3")).await.expect(200).json();
    let roles: Vec<_> =
        messages["items"].as_array().unwrap().iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert!(messages["next_cursor"].is_string());

    let read = app.admin.get(&place).await.expect(200);
    assert_eq!(read.json()["title"], "What raises the sea?");
    app.admin.ask("GET", &place).header("if-none-match", read.header("etag")).send().await.expect(304);
    let renamed =
        app.admin.ask("PATCH", &place).json(&json!({"title": "Tides"})).send().await.expect(200).json();
    assert_eq!(renamed["title"], "Tides");
    let long = json!({"title": "a".repeat(201)});
    app.admin.ask("PATCH", &place).json(&long).send().await.problem(400, "invalid_session");
    let export = app.admin.get(format!("{place}/export")).await.expect(200);
    assert!(export.header("content-disposition").starts_with("attachment; filename=\"session-"));
    assert_eq!(
        (&export.json()["session"]["title"], export.json()["messages"].as_array().unwrap().len()),
        (&json!("Tides"), 4)
    );
    let listed = app.admin.get("/v1/sessions").await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], id);
    let runs =
        app.admin.get(format!("/v1/runs?session_id={}", id.as_str().unwrap())).await.expect(200).json();
    assert_eq!(runs["items"].as_array().unwrap().len(), 2);

    app.admin.delete(&place).await.expect(204);
    app.admin.get(&place).await.problem(404, "session_not_found");
    let run = runs["items"][0]["id"].as_str().unwrap();
    app.admin.get(format!("/v1/runs/{run}")).await.problem(404, "run_not_found");
    app.admin.get(format!("{place}/messages")).await.problem(404, "session_not_found");
    let unknown = json!({"agent": "nobody"});
    app.admin.post("/v1/sessions", unknown).await.problem(404, "agent_not_found");
    app.stopped().await;
}

#[tokio::test]
async fn a_user_lists_edits_and_erases_what_is_remembered() {
    let app = TestApp::start().await;
    let body = json!({"text": " Works in the accounts department. "});
    let send = || app.admin.ask("POST", "/v1/facts").header("idempotency-key", "f").json(&body);
    let fact = send().send().await.expect(201).json();
    assert_eq!(fact["text"], "Works in the accounts department.");
    assert_eq!(send().send().await.expect(201).json()["id"], fact["id"]);
    let other = app.admin.post("/v1/facts", json!({"text": "Speaks Danish."})).await.expect(201).json();
    let place = format!("/v1/facts/{}", fact["id"].as_str().unwrap());
    let changed =
        app.admin.ask("PATCH", &place).json(&json!({"text": "Works in sales."})).send().await.expect(200);
    assert_eq!(changed.json()["text"], "Works in sales.");
    let listed = app.admin.get("/v1/facts").await.expect(200).json();
    let texts: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|fact| &fact["text"]).collect();
    assert_eq!(texts, ["Speaks Danish.", "Works in sales."]);
    app.admin.delete(format!("/v1/facts/{}", other["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(app.admin.delete("/v1/facts").await.expect(200).json()["erased"], 1);
    app.admin.delete(&place).await.problem(404, "fact_not_found");
    app.admin.post("/v1/facts", json!({"text": " "})).await.problem(400, "invalid_fact");
    app.stopped().await;
}

//! Keys: made, narrowed, rotated, revoked; and what each may not.

use serde_json::{Value, json};

use crate::app::{KEY, TestApp, added};

#[tokio::test]
async fn a_key_is_made_shown_once_used_and_revoked() {
    let app = TestApp::start().await;
    let made = app.admin.post("/v1/keys", json!({"name": "ci", "role": "editor"})).await.expect(201).json();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with(made["prefix"].as_str().unwrap()) && key.len() == 67);
    assert_eq!((&made["created_by"], &made["status"]), (&json!("key:admin"), &json!("active")));
    let ci = app.anonymous.with_key(key);
    ci.post("/v1/documents", json!({"text": "Otters swim."})).await.expect(202);
    let me = ci.get("/v1/me").await.expect(200).json();
    assert_eq!(
        (&me["actor"], &me["role"], &me["tenant"]),
        (&json!("key:ci"), &json!("editor"), &json!("root"))
    );

    let listed = app.admin.get("/v1/keys").await.expect(200);
    assert!(!listed.text().contains(key), "a key is shown once");
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 2);
    app.admin.delete("/v1/keys/ci").await.expect(200);
    ci.get("/v1/me").await.problem(401, "key_revoked");
    app.admin.post("/v1/keys", json!({"name": "ci"})).await.problem(409, "key_exists");
    app.stopped().await;
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_keys() {
    let app = TestApp::start().await;
    let near = format!("{}0", &KEY[..66]);
    let texts: Vec<Value> = refusals(&app, &["", "x", "qk_", &near, &"a".repeat(9_000)]).await;
    for text in &texts {
        assert_eq!(text["detail"], texts[1]["detail"], "every wrong key reads the same");
    }
    let twice = app.anonymous.with_key(KEY).ask("GET", "/v1/me").header("x-api-key", "other").send().await;
    twice.expect(200);
    app.stopped().await;
}

async fn refusals(app: &TestApp, keys: &[&str]) -> Vec<Value> {
    let mut said = Vec::new();
    for key in keys {
        said.push(
            app.anonymous
                .ask("GET", "/v1/me")
                .header("x-api-key", key)
                .send()
                .await
                .problem(401, "unauthenticated"),
        );
    }
    said
}

#[tokio::test]
async fn scopes_narrow_a_key() {
    let app = TestApp::start().await;
    added(&app, json!({"text": "Otters swim."})).await;
    let writer = app.persona("writer", json!({"scopes": ["documents:write"]})).await;
    writer.post("/v1/documents", json!({"text": "Beavers build."})).await.expect(202);
    let refused = writer.post("/v1/search", json!({"query": "otters"})).await.problem(403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("`search`"), "{refused}");
    writer.get("/v1/documents").await.problem(403, "forbidden");
    let finder = app.persona("finder", json!({"scopes": ["search"]})).await;
    finder.post("/v1/search", json!({"query": "otters"})).await.expect(200);
    finder.post("/v1/query", json!({"query": "Who swims?"})).await.problem(403, "forbidden");
    let asker = app.persona("asker", json!({"scopes": ["runs"]})).await;
    let answer = asker.post("/v1/query", json!({"query": "Who swims?"})).await.expect(200).json();
    assert_eq!(answer["answered"], true);
    asker.post("/v1/search", json!({"query": "otters"})).await.problem(403, "forbidden");
    app.stopped().await;
}

#[tokio::test]
async fn a_key_confined_to_a_collection_does_not_see_the_others() {
    let app = TestApp::start().await;
    for name in ["mine", "theirs"] {
        app.admin.post("/v1/collections", json!({"name": name})).await.expect(201);
    }
    let hidden = added(&app, json!({"collection": "theirs", "text": "The code word is heron."})).await;
    let key = app.persona("mine-only", json!({"role": "admin", "collections": ["mine"]})).await;
    let listed = key.get("/v1/collections").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let id = hidden["id"].as_str().unwrap();
    let missing = "0190a000-0000-7000-8000-000000000000";
    for path in ["", "/text", "/chunks", "/original"] {
        let there = key.get(format!("/v1/documents/{id}{path}")).await.problem(404, "document_not_found");
        let nowhere =
            key.get(format!("/v1/documents/{missing}{path}")).await.problem(404, "document_not_found");
        let said = |problem: &Value, id: &str| problem["detail"].as_str().unwrap().replace(id, "");
        assert_eq!(said(&there, id), said(&nowhere, missing), "what is hidden reads like what is not there");
    }
    key.delete(format!("/v1/documents/{id}")).await.problem(404, "document_not_found");
    let search = json!({"collection": "theirs", "query": "heron"});
    key.post("/v1/search", search.clone()).await.problem(404, "collection_not_found");
    key.post("/v1/query", search).await.problem(404, "collection_not_found");
    key.get("/v1/documents?collection=theirs").await.problem(404, "collection_not_found");
    key.delete("/v1/collections/theirs").await.problem(404, "collection_not_found");
    key.post("/v1/collections", json!({"name": "wider"})).await.problem(403, "forbidden");
    key.post("/v1/keys", json!({"name": "wider"})).await.problem(403, "forbidden");
    key.post("/v1/documents", json!({"collection": "mine", "text": "Otters."})).await.expect(202);
    let jobs = key.get("/v1/jobs").await.expect(200).json();
    assert_eq!(jobs["items"].as_array().unwrap().len(), 1, "only the job of its own collection: {jobs}");
    app.stopped().await;
}

#[tokio::test]
async fn rotation_overlaps_as_long_as_it_is_told() {
    let app = TestApp::start().await;
    let first = app.persona("nightly", json!({"role": "editor", "scopes": ["documents:write"]})).await;
    let turned = app.admin.post("/v1/keys/nightly/rotate", json!({"overlap_seconds": 3600})).await;
    let turned = turned.expect(201).json();
    let second = app.anonymous.with_key(turned["key"].as_str().unwrap());
    for key in [&first, &second] {
        key.post("/v1/documents", json!({"text": "Otters swim."})).await.expect(202);
        key.get("/v1/documents").await.problem(403, "forbidden");
    }
    app.admin.post("/v1/keys/nightly/rotate", json!({})).await.problem(409, "key_over");
    let name = turned["name"].as_str().unwrap();
    let at_once = json!({"overlap_seconds": 0, "name": "nightly-2"});
    app.admin.post(format!("/v1/keys/{name}/rotate"), at_once).await.expect(201);
    second.get("/v1/me").await.problem(401, "key_expired");
    first.get("/v1/me").await.expect(200);
    app.stopped().await;
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_more_than_they_may() {
    let app = TestApp::start().await;
    let admin = app.persona("an-admin", json!({"role": "admin"})).await;
    let problem =
        admin.post("/v1/keys", json!({"name": "own", "role": "owner"})).await.problem(400, "invalid_key");
    assert_eq!(problem["errors"][0]["pointer"], "/role");
    admin.post("/v1/keys", json!({"name": "less", "role": "reader"})).await.expect(201);
    admin.delete("/v1/keys/admin").await.problem(403, "forbidden");
    admin.post("/v1/keys/admin/rotate", json!({})).await.problem(403, "forbidden");
    let editor = app.persona("an-editor", json!({"role": "editor"})).await;
    editor.post("/v1/keys", json!({"name": "x"})).await.problem(403, "forbidden");
    assert_eq!(editor.get("/v1/keys").await.expect(200).json()["items"], json!([]));
    editor.get("/v1/keys/admin").await.problem(404, "key_not_found");
    for (body, pointer) in [
        (json!({"name": ""}), "/name"),
        (json!({"name": "a b"}), "/name"),
        (json!({"name": "x", "scopes": []}), "/scopes"),
        (json!({"name": "x", "scopes": ["everything"]}), "/scopes/0"),
        (json!({"name": "x", "role": "king"}), "/role"),
        (json!({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}), "/expires_at"),
        (json!({"name": "x", "collections": []}), "/collections"),
        (json!({"name": "x", "personal": true}), "/personal"),
        (json!({"name": "x", "nmae": 1}), "/nmae"),
    ] {
        let problem = app.admin.post("/v1/keys", body).await.expect(400).json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    app.stopped().await;
}

#[tokio::test]
async fn what_one_asked_another_does_not_see() {
    let app = TestApp::start().await;
    added(&app, json!({"text": "Otters swim."})).await;
    let ada = app.persona("ada", json!({"role": "reader"})).await;
    let bob = app.persona("bob", json!({"role": "reader"})).await;
    let answer = ada.post("/v1/query", json!({"query": "Who swims?"})).await.expect(200).json();
    let session = ada.post("/v1/sessions", json!({"title": "mine"})).await.expect(201).json();
    let fact = ada.post("/v1/facts", json!({"text": "I like otters."})).await.expect(201).json();
    let run = ada.post("/v1/agents/default/runs", json!({"input": "Who swims?"})).await.expect(200).json();
    let id = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    for path in [
        format!("/v1/sessions/{}", id(&session, "id")),
        format!("/v1/sessions/{}/export", id(&session, "id")),
        format!("/v1/sessions/{}/messages", id(&session, "id")),
        format!("/v1/runs/{}", id(&run, "run_id")),
        format!("/v1/runs/{}/events", id(&run, "run_id")),
        format!("/v1/history/{}", id(&answer, "query_id")),
    ] {
        ada.get(&path).await.expect(200);
        bob.get(&path).await.expect(404);
    }
    bob.delete(format!("/v1/facts/{}", id(&fact, "id"))).await.problem(404, "fact_not_found");
    bob.delete(format!("/v1/runs/{}", id(&run, "run_id"))).await.problem(404, "run_not_found");
    bob.post(format!("/v1/runs/{}/cancel", id(&run, "run_id")), json!({}))
        .await
        .problem(404, "run_not_found");
    for path in ["/v1/runs", "/v1/history", "/v1/sessions", "/v1/facts"] {
        assert_eq!(bob.get(path).await.expect(200).json()["items"], json!([]), "{path}");
    }
    assert_ne!(app.admin.get("/v1/runs?user=key:ada").await.expect(200).json()["items"], json!([]));
    assert_eq!(bob.get("/v1/runs?user=key:ada").await.expect(200).json()["items"], json!([]));
    app.stopped().await;
}

#[tokio::test]
async fn a_repeated_request_is_answered_to_its_own_sender_only() {
    let app = TestApp::start().await;
    let ada = app.persona("ada", json!({"role": "editor"})).await;
    let body = json!({"text": "Otters swim."});
    let first = ada.ask("POST", "/v1/documents").json(&body).header("idempotency-key", "one").send().await;
    let again = ada.ask("POST", "/v1/documents").json(&body).header("idempotency-key", "one").send().await;
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    let other =
        app.admin.ask("POST", "/v1/documents").json(&body).header("idempotency-key", "one").send().await;
    assert_eq!(other.header("idempotency-replayed"), "");
    app.stopped().await;
}

//! Agents over HTTP.

use serde_json::json;

use crate::{app::TestApp, talking};

#[tokio::test]
async fn an_agent_lives_in_versions_and_dies() {
    let (app, _) = talking::playing(Vec::new()).await;
    let body = json!({"name": "handbook", "definition": {"instructions": "Be brief.", "tools": ["search"]}});
    let send = || app.admin.ask("POST", "/v1/agents").header("idempotency-key", "a").json(&body);
    let made = send().send().await.expect(201);
    assert_eq!(made.header("location"), "/v1/agents/handbook");
    assert_eq!(
        (&made.json()["version"], &made.json()["definition"]["budgets"]["steps"]),
        (&json!(1), &json!(8))
    );
    assert_eq!(send().send().await.expect(201).text(), made.text());
    app.admin.post("/v1/agents", body.clone()).await.problem(409, "agent_exists");

    let read = app.admin.get("/v1/agents/handbook").await.expect(200);
    let (tag, id) = (read.header("etag").to_owned(), read.json()["id"].as_str().unwrap().to_owned());
    assert_eq!(app.admin.get(format!("/v1/agents/{id}")).await.expect(200).text(), read.text());
    app.admin.ask("GET", "/v1/agents/handbook").header("if-none-match", &tag).send().await.expect(304);

    let change =
        json!({"definition": {"instructions": "Be long.", "tools": ["search", "note"], "approve": ["note"]}});
    let patch = |agent: &str| app.admin.ask("PATCH", format!("/v1/agents/{agent}"));
    let changed = patch("handbook").header("if-match", &tag).json(&change).send().await.expect(200);
    assert_eq!((&changed.json()["version"], &changed.json()["name"]), (&json!(2), &json!("handbook")));
    assert_ne!(changed.header("etag"), tag);
    let late = patch("handbook").header("if-match", &tag).json(&change).send().await;
    late.problem(412, "precondition_failed");
    let late = json!({"version": 1, "definition": {}});
    patch("handbook").json(&late).send().await.problem(409, "agent_changed");
    let renamed = patch(&id).json(&json!({"name": "manual", "version": 2})).send().await.expect(200).json();
    assert_eq!((&renamed["name"], &renamed["version"]), (&json!("manual"), &json!(3)));
    assert_eq!(renamed["definition"]["instructions"], "Be long.");

    let versions = app.admin.get("/v1/agents/manual/versions?limit=2").await.expect(200).json();
    assert_eq!((&versions["items"][0]["version"], &versions["items"][1]["version"]), (&json!(3), &json!(2)));
    let first = app.admin.get("/v1/agents/manual/versions/1").await.expect(200).json();
    assert_eq!(
        (&first["name"], &first["definition"]["instructions"]),
        (&json!("handbook"), &json!("Be brief."))
    );
    app.admin.get("/v1/agents/manual/versions/9").await.problem(404, "agent_version_not_found");
    app.admin.get("/v1/agents/manual/versions/x").await.problem(400, "invalid_version");

    app.admin.delete("/v1/agents/manual").await.expect(204);
    app.admin.get("/v1/agents/manual").await.problem(404, "agent_not_found");
    app.admin.get("/v1/agents/manual/versions").await.problem(404, "agent_not_found");
    let old = app.admin.get(format!("/v1/agents/{id}/versions/2")).await.expect(200).json();
    assert_eq!(old["definition"]["approve"], json!(["note"]));
    app.stopped().await;
}

#[tokio::test]
async fn the_default_agent_is_always_there() {
    let app = TestApp::start().await;
    let listed = app.admin.get("/v1/agents").await.expect(200).json();
    assert_eq!(listed["items"][0]["name"], "default");
    app.admin.get("/v1/agents/default").await.expect(200);
    app.admin.delete("/v1/agents/default").await.problem(400, "invalid_agent");
    app.stopped().await;
}

#[tokio::test]
async fn a_wrong_definition_is_refused_with_its_place() {
    let app = TestApp::start().await;
    for (body, code, pointer) in [
        (json!({"name": "Not A Name"}), "invalid_agent", "/name"),
        (
            json!({"name": "a", "definition": {"budgets": {"steps": 0}}}),
            "invalid_agent",
            "/definition/budgets/steps",
        ),
        (json!({"name": "a", "definition": {"colour": "red"}}), "invalid_request", "/definition/colour"),
    ] {
        let problem = app.admin.post("/v1/agents", body).await.problem(400, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let unknown = json!({"name": "a", "definition": {"model": "gpt-9"}});
    app.admin.post("/v1/agents", unknown).await.problem(400, "unknown_chat_model");
    app.stopped().await;
}

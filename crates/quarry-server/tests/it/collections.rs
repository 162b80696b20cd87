//! Collections over HTTP.

use serde_json::json;

use crate::app::{TestApp, added};

#[tokio::test]
async fn a_collection_lives_and_dies() {
    let app = TestApp::start().await;
    let body = json!({"name": "reports", "description": "Annual reports"});
    let made = app.admin.post("/v1/collections", body.clone()).await.expect(201);
    assert_eq!(made.header("location"), "/v1/collections/reports");
    assert_eq!(made.json()["embedder"], "static-en-256");

    let read = app.admin.get("/v1/collections/reports").await.expect(200);
    assert_eq!(read.header("etag"), made.header("etag"));
    assert_eq!(read.json()["chunks"], 0);
    assert_eq!(read.json()["description"], "Annual reports");
    let tag = read.header("etag").to_owned();
    let again = app.admin.ask("GET", "/v1/collections/reports").header("if-none-match", &tag).send().await;
    assert!(again.expect(304).body.is_empty());

    app.admin.post("/v1/collections", body).await.problem(409, "collection_exists");

    let change = json!({"description": "All reports"});
    let changed =
        app.admin.ask("PATCH", "/v1/collections/reports").header("if-match", &tag).json(&change).send().await;
    assert_eq!(changed.expect(200).json()["description"], "All reports");
    let late =
        app.admin.ask("PATCH", "/v1/collections/reports").header("if-match", &tag).json(&change).send().await;
    late.problem(412, "precondition_failed");

    added(&app, json!({"collection": "reports", "text": "The profit doubled in the third quarter."})).await;
    let counted = app.admin.get("/v1/collections/reports").await.expect(200).json();
    assert_eq!((&counted["documents"]["ready"], &counted["chunks"]), (&json!(1), &json!(1)));

    app.admin.delete("/v1/collections/reports").await.expect(204);
    app.admin.get("/v1/collections/reports").await.problem(404, "collection_not_found");
    app.stopped().await;
}

#[tokio::test]
async fn collections_come_in_pages() {
    let app = TestApp::start().await;
    for name in ["c", "a", "e", "b", "d"] {
        app.admin.post("/v1/collections", json!({"name": name})).await.expect(201);
    }
    let mut names = Vec::new();
    let mut path = "/v1/collections?limit=2".to_owned();
    loop {
        let page = app.admin.get(path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/collections?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    app.stopped().await;
}

#[tokio::test]
async fn an_index_is_verified_repaired_and_rebuilt() {
    let app = TestApp::start().await;
    added(&app, json!({"text": "Basalt is a dark volcanic rock."})).await;
    let verified = app.admin.get("/v1/collections/default/index").await.expect(200).json();
    assert_eq!((&verified["clean"], &verified["database_chunks"]), (&json!(true), &json!(1)));
    let repaired =
        app.admin.ask("POST", "/v1/collections/default/index/repair").send().await.expect(200).json();
    assert_eq!(repaired["rebuilt"], false);
    let rebuilt =
        app.admin.ask("POST", "/v1/collections/default/index/rebuild").send().await.expect(200).json();
    assert_eq!(rebuilt["embedder"], "static-en-256");
    let found = app.admin.post("/v1/search", json!({"query": "volcanic rock"})).await.expect(200).json();
    assert_eq!(found["hits"].as_array().unwrap().len(), 1);
    let missing = json!({"embedder": "all-minilm-l6-v2"});
    let refused = app.admin.post("/v1/collections/default/index/rebuild", missing).await;
    let detail = refused.problem(409, "model_not_installed")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("quarry models pull all-minilm-l6-v2"), "{detail}");
    app.stopped().await;
}

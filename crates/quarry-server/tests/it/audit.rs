//! The audit log over HTTP.

use serde_json::{Value, json};

use crate::app::TestApp;

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_change_is_listed_with_its_request_and_exported() {
    let app = TestApp::start().await;
    let made = app
        .admin
        .ask("POST", "/v1/collections")
        .header("x-request-id", "build-42")
        .header("user-agent", "ci/1")
        .json(&json!({"name": "notes"}))
        .send()
        .await
        .expect(201)
        .json();
    let page = app.admin.get("/v1/audit?request_id=build-42").await.expect(200).json();
    let row = &page["items"][0];
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!((&row["action"], &row["object"]), (&json!("collection.add"), &made["id"]));
    assert_eq!((&row["actor"], &row["agent"]), (&json!("key:admin"), &json!("ci/1")));
    assert_eq!((&row["object_kind"], &row["outcome"]), (&json!("collection"), &json!("allowed")));

    for number in 0..3 {
        app.admin.post("/v1/collections", json!({"name": format!("c{number}")})).await.expect(201);
    }
    let first = app.admin.get("/v1/audit?limit=3&action=collection.add").await.expect(200).json();
    assert_eq!(first["items"][0]["number"], 4);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app.admin.get(format!("/v1/audit?limit=3&action=collection.add&cursor={cursor}")).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["items"][0]["number"]), (1, &json!(1)));
    let none = app.admin.get("/v1/audit?until=2020-01-01T00:00:00Z").await.expect(200).json();
    assert_eq!(none["items"], json!([]));

    let export = app.admin.get("/v1/audit/export").await.expect(200);
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let all = rows(&export.text());
    assert_eq!(all.iter().map(|row| row["number"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(all.windows(2).all(|pair| pair[0]["hash"] == pair[1]["previous"]));
    let part = app.admin.get("/v1/audit/export?from=2&limit=2").await.expect(200);
    assert_eq!(rows(&part.text()), all[1..3]);
    let end = app.admin.get("/v1/audit/export?from=5").await.expect(200);
    assert_eq!(end.text(), "");

    let found = app.admin.get("/v1/audit/verify").await.expect(200).json();
    assert_eq!(
        (&found["intact"], &found["rows"], &found["head"]["number"]),
        (&json!(true), &json!(4), &json!(4))
    );
    assert_eq!(found["head"]["hash"], all[3]["hash"]);
    let kept = format!("/v1/audit/verify?expect=4:{}", "0".repeat(64));
    let found = app.admin.get(kept).await.expect(200).json();
    assert_eq!((&found["intact"], &found["fault"]["what"]), (&json!(false), &json!("rewritten")));
    app.stopped().await;
}

#[tokio::test]
async fn who_is_not_let_in_is_written_down() {
    let app = TestApp::start().await;
    for path in ["/v1/audit", "/v1/audit/export", "/v1/audit/verify"] {
        app.anonymous.get(path).await.problem(401, "unauthenticated");
    }
    let wrong = app.anonymous.with_key("a-wrong-key-of-somebody");
    wrong
        .ask("GET", "/v1/collections")
        .header("x-request-id", "guess-1")
        .send()
        .await
        .problem(401, "unauthenticated");
    let page = app.admin.get("/v1/audit?outcome=refused&action=login").await.expect(200).json();
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 4, "{page}");
    assert_eq!((&items[0]["actor"], &items[0]["request_id"]), (&json!("anonymous"), &json!("guess-1")));
    assert!(!page.to_string().contains("a-wrong-key"), "{page}");
    app.stopped().await;
}

#[tokio::test]
async fn a_wrong_question_is_told_what_is_wrong() {
    let app = TestApp::start().await;
    for query in ["action=document.read", "outcome=maybe", "since=yesterday", "actro=x"] {
        app.admin.get(format!("/v1/audit?{query}")).await.problem(400, "invalid_parameter");
    }
    app.admin.get("/v1/audit?cursor=!").await.problem(400, "invalid_cursor");
    app.admin.get("/v1/audit/verify?expect=4").await.problem(400, "invalid_request");
    app.stopped().await;
}

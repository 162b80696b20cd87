//! Requests that are sent again.

use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let app = TestApp::start().await;
    let body = json!({"text": "Obsidian is volcanic glass."});
    let send = |key: &'static str, body: &serde_json::Value| {
        app.admin.ask("POST", "/v1/documents").header("idempotency-key", key).json(body)
    };
    let first = send("upload-1", &body).send().await.expect(202);
    assert_eq!(first.header("idempotency-replayed"), "");
    let second = send("upload-1", &body).send().await.expect(202);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!((first.text(), first.header("location")), (second.text(), second.header("location")));
    // Without the key the same body is seen to be the same document.
    let bare = app.admin.post("/v1/documents", body.clone()).await;
    assert_eq!(bare.json()["documents"][0]["outcome"], "unchanged");

    let other = json!({"text": "Pumice floats."});
    send("upload-1", &other).send().await.problem(409, "idempotency_conflict");
    send("upload-2", &other).send().await.expect(202);
    send(" ", &other).send().await.problem(400, "invalid_idempotency_key");
    app.stopped().await;
}

#[tokio::test]
async fn what_failed_may_be_tried_again() {
    let app = TestApp::start().await;
    let upload = json!({"collection": "later", "text": "Gneiss is banded."});
    let send = || app.admin.ask("POST", "/v1/documents").header("idempotency-key", "k").json(&upload);
    send().send().await.problem(404, "collection_not_found");
    let make = json!({"name": "later"});
    let made =
        app.admin.ask("POST", "/v1/collections").header("idempotency-key", "c").json(&make).send().await;
    assert_eq!(made.expect(201).header("location"), "/v1/collections/later");
    let again =
        app.admin.ask("POST", "/v1/collections").header("idempotency-key", "c").json(&make).send().await;
    assert_eq!(again.expect(201).header("location"), "/v1/collections/later");
    send().send().await.expect(202);
    app.stopped().await;
}

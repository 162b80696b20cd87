//! Documents that are not for everyone in their collection.

use serde_json::{Value, json};

use crate::app::{Persona, TestApp, added};

fn sources(found: &Value) -> Vec<&str> {
    found["hits"].as_array().unwrap().iter().map(|hit| hit["source"].as_str().unwrap()).collect()
}

async fn found(who: &Persona, query: &str) -> Value {
    who.post("/v1/search", json!({"query": query})).await.expect(200).json()
}

#[tokio::test]
async fn a_document_is_found_and_read_by_its_readers_only() {
    let app = TestApp::start().await;
    let ada = app.persona("ada", json!({"role": "reader"})).await;
    let bob = app.persona("bob", json!({"role": "editor"})).await;
    added(&app, json!({"source": "open", "text": "The salary table is in the annex."})).await;
    let body = json!({"source": "closed", "text": "The salary of the heron is twelve fish.", "readers": ["key:ada"]});
    let closed = added(&app, body).await;
    let id = closed["id"].as_str().unwrap();
    let shown = app.admin.get(format!("/v1/documents/{id}")).await.expect(200).json();
    assert_eq!(shown["readers"], json!(["key:ada"]));

    assert_eq!(sources(&found(&ada, "salary of the heron").await), ["closed", "open"]);
    assert_eq!(sources(&found(&bob, "salary of the heron").await), ["open"]);
    assert_eq!(sources(&found(&app.admin, "salary of the heron").await).len(), 2);
    let filter = json!({"query": "heron", "filter": {"exists": {"field": "$readers"}}});
    bob.post("/v1/search", filter).await.problem(400, "invalid_filter");
    for path in ["", "/text", "/chunks", "/original"] {
        ada.get(format!("/v1/documents/{id}{path}")).await.expect(200);
        bob.get(format!("/v1/documents/{id}{path}")).await.problem(404, "document_not_found");
    }
    bob.delete(format!("/v1/documents/{id}")).await.problem(404, "document_not_found");
    let listed = bob.get("/v1/documents").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(ada.get("/v1/documents").await.expect(200).json()["items"].as_array().unwrap().len(), 2);
    let answer = bob.post("/v1/query", json!({"question": "What is the salary of the heron?"})).await;
    assert!(!answer.expect(200).text().contains("twelve fish"));
    // Nobody writes over what they do not see.
    let over = json!({"source": "closed", "text": "Nothing to see."});
    bob.post("/v1/documents", over).await.problem(409, "source_taken");
    app.stopped().await;
}

#[tokio::test]
async fn readers_change_and_end() {
    let app = TestApp::start().await;
    let bob = app.persona("bob", json!({"role": "reader"})).await;
    let closed = added(&app, json!({"source": "a", "text": "Otters swim.", "readers": []})).await;
    let place = format!("/v1/documents/{}", closed["id"].as_str().unwrap());
    bob.get(&place).await.problem(404, "document_not_found");
    assert_eq!(sources(&found(&bob, "otters").await), Vec::<&str>::new());

    let change = |body: Value| app.admin.ask("PATCH", place.clone()).json(&body).send();
    change(json!({"readers": ["key:bob"]})).await.expect(200);
    bob.get(&place).await.expect(200);
    // A new version keeps the readers there are.
    added(&app, json!({"source": "a", "text": "Otters swim and dive."})).await;
    assert_eq!(bob.get(&place).await.expect(200).json()["readers"], json!(["key:bob"]));
    change(json!({"title": "Otters"})).await.expect(200);
    assert_eq!(app.admin.get(&place).await.json()["readers"], json!(["key:bob"]));
    let open = change(json!({"readers": null})).await.expect(200).json();
    assert_eq!(open.get("readers"), None);

    let wrong = change(json!({"readers": ["bob"]})).await.problem(400, "invalid_readers");
    assert_eq!(wrong["errors"][0]["pointer"], "/readers");
    app.stopped().await;
}

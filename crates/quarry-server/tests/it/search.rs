//! Searches, questions and their history.

use serde_json::json;

use crate::app::{TestApp, added};

async fn rocks() -> TestApp {
    let app = TestApp::start().await;
    let documents = json!({"documents": [
        {"source": "tides", "text": "The moon raises the sea twice a day. This is called the tide.", "metadata": {"year": 2020}},
        {"source": "lava", "text": "Lava is molten rock that a volcano throws out.", "metadata": {"year": 2024}},
        {"source": "salt", "text": "Rock salt is mined in Wieliczka since the 13th century.", "metadata": {"year": 2024}},
    ]});
    app.admin.post("/v1/documents?wait=60", documents).await.expect(200);
    app
}

#[tokio::test]
async fn a_search_finds_filters_and_explains() {
    let app = rocks().await;
    let found =
        app.admin.post("/v1/search", json!({"query": "what raises the sea"})).await.expect(200).json();
    assert_eq!(found["hits"][0]["source"], "tides");
    assert_eq!(found["language"], "eng");

    let filter = json!({"range": {"field": "year", "gte": 2024}});
    let body = json!({
        "query": "rock", "filter": filter, "k": 5, "mode": "hybrid", "ranker": "rrf", "explain": true, "widen": 1,
        "diversity": 0.2, "weights": {"lexical": 2}, "depth": 50, "record": false
    });
    let found = app.admin.post("/v1/search", body).await.expect(200).json();
    let hits = found["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 2);
    assert!(hits.iter().all(|hit| hit["metadata"]["year"] == 2024.0));
    assert!(!hits[0]["explain"]["features"].as_array().unwrap().is_empty());
    for mode in ["lexical", "dense"] {
        let found = app
            .admin
            .post("/v1/search", json!({"query": "molten rock", "mode": mode}))
            .await
            .expect(200)
            .json();
        assert_eq!(found["hits"][0]["source"], "lava", "{mode}");
    }
    app.stopped().await;
}

#[tokio::test]
async fn an_answer_cites_and_the_history_remembers() {
    let app = rocks().await;
    let body = json!({"question": "What raises the sea twice a day?", "sentences": 1});
    let answer = app.admin.post("/v1/query", body).await.expect(200).json();
    assert_eq!(answer["answerer"], "extractive");
    assert_eq!(answer["sentences"].as_array().unwrap().len(), 1);
    let citation = &answer["citations"][0];
    assert_eq!(citation["source"], "tides", "{answer}");
    let text = app
        .admin
        .get(format!("/v1/documents/{}/text", citation["document_id"].as_str().unwrap()))
        .await
        .text();
    let number = |name: &str| usize::try_from(citation["span"][name].as_u64().unwrap()).unwrap();
    let quoted: String = text.chars().skip(number("start")).take(number("end") - number("start")).collect();
    assert_eq!(json!(quoted), citation["quote"]);

    let id = answer["query_id"].as_str().unwrap();
    let place = format!("/v1/history/{id}");
    let kept = app.admin.get(&place).await.expect(200).json();
    assert_eq!((&kept["question"], &kept["kind"]), (&answer["question"], &json!("query")));
    assert_eq!(kept["actor"], "key:admin");
    let listed = app.admin.get("/v1/history?collection=default").await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], *id);
    app.admin.delete(&place).await.expect(204);
    app.admin.get(&place).await.problem(404, "history_not_found");
    app.stopped().await;
}

#[tokio::test]
async fn collections_do_not_see_each_other() {
    let app = rocks().await;
    app.admin.post("/v1/collections", json!({"name": "other"})).await.expect(201);
    added(&app, json!({"collection": "other", "text": "Nothing about stones."})).await;
    let body = json!({"collection": "other", "query": "lava"});
    let found = app.admin.post("/v1/search", body).await.expect(200).json();
    assert!(found["hits"].as_array().unwrap().iter().all(|hit| hit["source"] != "lava"));
    app.stopped().await;
}

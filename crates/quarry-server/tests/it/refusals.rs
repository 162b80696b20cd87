//! Every refused input, and the sentence a person reads.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::app::{Reply, TestApp, added};

const NOBODY: &str = "0190a000-0000-7000-8000-000000000000";

fn bad_bodies() -> Vec<(&'static str, &'static str, Value)> {
    let deep = (0..10).fold(json!({"exists": {"field": "a"}}), |inner, _| json!({"not": inner}));
    vec![
        ("POST", "/v1/search", json!({})),
        ("POST", "/v1/search", json!([])),
        ("POST", "/v1/search", json!({"query": "a", "limit": 3})),
        ("POST", "/v1/search", json!({"query": "  "})),
        ("POST", "/v1/search", json!({"query": "a".repeat(4_097)})),
        ("POST", "/v1/search", json!({"query": "a", "k": 0})),
        ("POST", "/v1/search", json!({"query": "a", "k": "ten"})),
        ("POST", "/v1/search", json!({"query": "a", "mode": "magic"})),
        ("POST", "/v1/search", json!({"query": "a", "weights": {"lexicle": 1}})),
        ("POST", "/v1/search", json!({"query": "a", "diversity": 2})),
        ("POST", "/v1/search", json!({"query": "a", "widen": 9})),
        ("POST", "/v1/search", json!({"query": "a", "collection": "Not A Name"})),
        ("POST", "/v1/search", json!({"query": "a", "collection": "nowhere"})),
        ("POST", "/v1/search", json!({"query": "a", "filter": {"equals": {"field": "a", "value": 1}}})),
        (
            "POST",
            "/v1/search",
            json!({"query": "a", "filter": {"and": [{"eq": {"field": "a", "value": {}}}]}}),
        ),
        (
            "POST",
            "/v1/search",
            json!({"query": "a", "filter": {"and": [{"eq": {"field": "a b", "value": 1}}]}}),
        ),
        ("POST", "/v1/search", json!({"query": "a", "filter": {"range": {"field": "a"}}})),
        (
            "POST",
            "/v1/search",
            json!({"query": "a", "filter": {"range": {"field": "a", "gt": 1, "lt": "b"}}}),
        ),
        ("POST", "/v1/search", json!({"query": "a", "filter": deep})),
        ("POST", "/v1/query", json!({"query": "a"})),
        ("POST", "/v1/query", json!({"question": ""})),
        ("POST", "/v1/query", json!({"question": "a", "sentences": 11})),
        ("POST", "/v1/collections", json!({"name": "Not A Name"})),
        ("POST", "/v1/collections", json!({"name": "a", "embedder": "word2vec"})),
        ("POST", "/v1/collections", json!({"name": "a", "embedder": "all-minilm-l6-v2"})),
        ("PATCH", "/v1/collections/default", json!({"name": "b"})),
        ("POST", "/v1/documents", json!({})),
        ("POST", "/v1/documents", json!({"documents": []})),
        ("POST", "/v1/documents", json!({"documents": [{"text": "a", "content_base64": "YQ=="}]})),
        ("POST", "/v1/documents", json!({"documents": [{"text": "a"}], "title": "b"})),
        ("POST", "/v1/documents", json!({"documents": [{"text": "a"}, {"content_base64": "***"}]})),
        ("POST", "/v1/documents", json!({"documents": [{"text": "a", "metadata": {"b": null}}]})),
        ("POST", "/v1/documents", json!({"text": "a", "metadata": {"a b": 1}})),
        ("POST", "/v1/documents", json!({"documents": [{"source": "a", "text": ""}]})),
        (
            "POST",
            "/v1/documents",
            json!({"documents": [{"source": "a", "text": "b"}, {"source": "a", "text": "c"}]}),
        ),
        ("POST", "/v1/documents", json!({"text": "a", "collection": "nowhere"})),
        ("POST", "/v1/documents?wait=600", json!({"text": "a"})),
    ]
}

fn bad_paths() -> Vec<(&'static str, String)> {
    vec![
        ("GET", "/v1/nothing".to_owned()),
        ("PUT", "/v1/search".to_owned()),
        ("GET", "/v1/documents/7".to_owned()),
        ("GET", format!("/v1/documents/{NOBODY}")),
        ("DELETE", format!("/v1/documents/{NOBODY}")),
        ("GET", format!("/v1/documents/{NOBODY}/text")),
        ("GET", format!("/v1/documents/{NOBODY}/chunks")),
        ("GET", format!("/v1/documents/{NOBODY}/original")),
        ("GET", "/v1/documents?status=lost".to_owned()),
        ("GET", "/v1/documents?cursor=xyz".to_owned()),
        ("GET", "/v1/documents?page=2".to_owned()),
        ("GET", "/v1/documents?limit=many".to_owned()),
        ("GET", "/v1/documents?collection=nowhere".to_owned()),
        ("GET", "/v1/jobs?status=lost".to_owned()),
        ("GET", format!("/v1/jobs/{NOBODY}")),
        ("POST", format!("/v1/jobs/{NOBODY}/retry")),
        ("GET", "/v1/history?cursor=xyz".to_owned()),
        ("GET", format!("/v1/history/{NOBODY}")),
        ("DELETE", format!("/v1/history/{NOBODY}")),
        ("GET", "/v1/collections/nowhere".to_owned()),
        ("DELETE", "/v1/collections/nowhere".to_owned()),
        ("GET", "/v1/collections/nowhere/index".to_owned()),
    ]
}

/// One refusal: what was sent, the status, the code, the sentence, and where in the body.
fn told(sent: &str, reply: &Reply) -> String {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{sent}: {}", reply.text());
    let problem = reply.json();
    let mut told = format!(
        "{sent}\n  {} {}\n  {}\n",
        problem["status"],
        problem["code"].as_str().unwrap(),
        problem["detail"].as_str().unwrap()
    );
    for error in problem["errors"].as_array().into_iter().flatten() {
        let _ = writeln!(told, "  at `{}`", error["pointer"].as_str().unwrap());
    }
    told + "\n"
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    let app = TestApp::start().await;
    added(&app, json!({"text": "So that the default collection is there."})).await;
    let mut all = String::new();
    for (method, path, body) in bad_bodies() {
        let reply = app.admin.ask(method, path).json(&body).send().await;
        let mut sent = body.to_string();
        sent.truncate(100);
        all += &told(&format!("{method} {path} {sent}"), &reply);
    }
    for (method, path) in bad_paths() {
        let reply = app.admin.ask(method, path.clone()).send().await;
        all += &told(&format!("{method} {path}"), &reply);
    }
    let search = || app.admin.ask("POST", "/v1/search");
    all += &told("POST /v1/search without a type", &search().send().await);
    all += &told("POST /v1/search as text/plain", &search().body("text/plain", "{}").send().await);
    all += &told("POST /v1/search, empty", &search().body("application/json", "").send().await);
    all += &told("POST /v1/search, cut off", &search().body("application/json", "{\"query\": ").send().await);
    let huge = vec![b' '; 2 * 1024 * 1024 + 1];
    all += &told("POST /v1/search, 2 MiB and a byte", &search().body("application/json", huge).send().await);
    let upload = app.admin.ask("POST", "/v1/documents").body("application/pdf", "%PDF-1.7").send().await;
    all += &told("POST /v1/documents as application/pdf", &upload);
    all += &told("GET /v1/collections without a key", &app.anonymous.get("/v1/collections").await);
    let wrong = app.admin.with_key("wrong").get("/v1/collections").await;
    assert_eq!(wrong.header("www-authenticate"), "Bearer realm=\"quarry\"");
    all += &told("GET /v1/collections with a wrong key", &wrong);
    insta::assert_snapshot!("refusals", all);
    app.stopped().await;
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{sync::Arc, time::Duration};

use quarry_core::{ErrorKind, Fault, Secret};
use serde_json::{Value, json};

use super::OpenAi;
use crate::{
    EmbedRequest, Embedder, ModelError, OpenAiSettings, Purpose,
    cache::Cached,
    dimension_of,
    limit::Limited,
    testing::{Reply, ScriptedServer, embedder_contract},
};

fn settings(server: &ScriptedServer) -> OpenAiSettings {
    serde_json::from_value(json!({"base_url": server.url(), "model": "m", "timeout_seconds": 1})).unwrap()
}

fn client(settings: &OpenAiSettings) -> OpenAi {
    let mut client = OpenAi::new(settings).unwrap();
    client.first_pause = Duration::ZERO;
    client
}

/// Answers like a model whose vector says how long the text is and what it starts with; backwards, as servers may.
fn model(body: &Value) -> Reply {
    let texts: Vec<&str> =
        body["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .rev()
        .map(|(index, text)| {
            let first = f32::from(text.bytes().next().unwrap_or(1));
            json!({"index": index, "embedding": [text.len() as f32, first, 1.0]})
        })
        .collect();
    Reply::json(200, &json!({"data": data}))
}

fn vectors(vectors: &[&[f32]]) -> Reply {
    let data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| json!({"index": index, "embedding": vector}))
        .collect();
    Reply::json(200, &json!({"data": data}))
}

async fn embed(client: &dyn Embedder, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
    client.embed(EmbedRequest { texts, purpose: Purpose::Document }).await
}

#[tokio::test]
async fn it_keeps_the_contract_bare_and_decorated() {
    let server = ScriptedServer::answering(model).await;
    let settings = OpenAiSettings { batch: 2, ..settings(&server) };
    embedder_contract(&client(&settings)).await;
    let limited = Limited::new(Arc::new(client(&settings)), 2);
    embedder_contract(&Cached::new(Arc::new(limited), 1 << 20)).await;
}

#[tokio::test]
async fn it_sends_what_the_server_needs_and_learns_the_dimension() {
    let server = ScriptedServer::answering(model).await;
    let settings = OpenAiSettings {
        api_key: Some(Secret::new("k1")),
        batch: 2,
        query_prefix: "query: ".to_owned(),
        ..settings(&server)
    };
    let client = client(&settings);
    assert_eq!(client.info().id, "openai:m");
    assert_eq!(client.info().dimension, 0);
    assert_eq!(dimension_of(&client).await.unwrap(), 3);
    assert_eq!(client.info().dimension, 3);
    client.embed(EmbedRequest { texts: &["a", "b", "c"], purpose: Purpose::Query }).await.unwrap();
    let seen = server.requests();
    assert_eq!(seen.len(), 3);
    assert!(seen[1].head.starts_with("POST /v1/embeddings"), "{}", seen[1].head);
    assert!(seen[1].head.to_lowercase().contains("authorization: bearer k1"));
    assert_eq!(seen[1].body["input"], json!(["query: a", "query: b"]));
    assert_eq!(seen[2].body["input"], json!(["query: c"]));
    assert_eq!(seen[2].body["model"], "m");
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let busy = Reply::json(429, &json!({"error": {"message": "slow down"}})).header("retry-after", "0");
    let server =
        ScriptedServer::replying(vec![busy, Reply::json(503, &json!({})), vectors(&[&[0.0, 2.0]])]).await;
    assert_eq!(embed(&client(&settings(&server)), &["a"]).await.unwrap(), [[0.0, 1.0]]);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn trying_ends_and_says_when_to_come_back() {
    let busy = || Reply::json(429, &json!({"error": {"message": "slow down"}})).header("retry-after", "0");
    let server = ScriptedServer::replying(vec![busy(), busy(), busy()]).await;
    let settings_of_two = OpenAiSettings { attempts: 2, ..settings(&server) };
    let error = embed(&client(&settings_of_two), &["a"]).await.unwrap_err();
    assert_eq!(error.code(), "embedder_unavailable");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.to_string(), "the embedder `openai:m` is not available: HTTP 429: slow down");
    assert_eq!(server.requests().len(), 2);

    let far = Reply::json(503, &json!({})).header("retry-after", "3600");
    let server = ScriptedServer::replying(vec![far]).await;
    let error = embed(&client(&settings(&server)), &["a"]).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_cannot_get_better_is_not_asked_again() {
    let cases = [
        (
            Reply::json(401, &json!({"error": {"message": "bad key"}})),
            "embedder_rejected",
            "(HTTP 401): bad key",
        ),
        (Reply::json(400, &json!({"error": "too long"})), "embedder_rejected", "(HTTP 400): too long"),
        (Reply::text(200, "<html>"), "embedder_mismatch", "not the expected JSON"),
        (Reply::text(404, ""), "embedder_rejected", "no reason was given"),
        (vectors(&[&[1.0], &[1.0]]), "embedder_mismatch", "2 vectors came for 1 texts"),
        (vectors(&[&[]]), "embedder_mismatch", "a vector is empty"),
        (
            Reply::json(200, &json!({"data": [{"index": 4, "embedding": [1.0]}]})),
            "embedder_mismatch",
            "numbered",
        ),
    ];
    for (reply, code, sentence) in cases {
        let server = ScriptedServer::replying(vec![reply]).await;
        let error = embed(&client(&settings(&server)), &["a"]).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(sentence), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_dimension_is_an_error_and_never_a_vector() {
    let server = ScriptedServer::replying(vec![vectors(&[&[1.0, 0.0]]), vectors(&[&[1.0, 0.0, 0.0]])]).await;
    let learning = client(&settings(&server));
    embed(&learning, &["a"]).await.unwrap();
    let error = embed(&learning, &["b"]).await.unwrap_err();
    assert_eq!(error.code(), "embedder_mismatch");
    assert!(error.to_string().contains("a vector has dimension 3, expected 2"), "{error}");

    let server = ScriptedServer::replying(vec![vectors(&[&[1.0, 0.0]])]).await;
    let told = client(&OpenAiSettings { dimension: Some(8), ..settings(&server) });
    let error = embed(&told, &["a"]).await.unwrap_err();
    assert!(error.to_string().contains("a vector has dimension 2, expected 8"), "{error}");
}

#[tokio::test]
async fn silence_and_absence_are_sentences() {
    let server = ScriptedServer::replying(vec![Reply::silence()]).await;
    let once = OpenAiSettings { attempts: 1, ..settings(&server) };
    let error = embed(&client(&once), &["a"]).await.unwrap_err();
    assert!(error.to_string().ends_with("it did not answer in time"), "{error}");

    // A port that was free a moment ago and is closed again.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = OpenAiSettings { base_url: format!("http://{closed}/v1"), ..once };
    let error = embed(&client(&nobody), &["a"]).await.unwrap_err();
    assert_eq!(error.code(), "embedder_unavailable");
    assert!(error.to_string().contains("no connection"), "{error}");
}

#[tokio::test]
async fn the_cache_asks_once_for_equal_texts_and_stays_small() {
    let server = ScriptedServer::answering(model).await;
    let cached = Cached::new(Arc::new(client(&settings(&server))), 400);
    let first = embed(&cached, &["a", "b", "a"]).await.unwrap();
    assert_eq!(first[0], first[2]);
    assert_eq!(embed(&cached, &["b", "a"]).await.unwrap(), [first[1].clone(), first[0].clone()]);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(server.requests()[0].body["input"], json!(["a", "b"]));
    // A query is another key, and 400 bytes hold two vectors of three numbers: the oldest has gone.
    cached.embed(EmbedRequest { texts: &["b"], purpose: Purpose::Query }).await.unwrap();
    embed(&cached, &["a"]).await.unwrap();
    embed(&cached, &["b"]).await.unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn tokens_are_estimated_on_the_high_side() {
    let settings: OpenAiSettings =
        serde_json::from_value(json!({"base_url": "http://localhost", "model": "m"})).unwrap();
    let client = client(&settings);
    assert_eq!(client.count_tokens(""), 0);
    assert_eq!(client.count_tokens("hello world"), 3);
    assert_eq!(client.count_tokens("東京"), 2);
}

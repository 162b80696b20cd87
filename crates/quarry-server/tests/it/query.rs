//! `/v1/query` with and without a model.

use quarry_models::{ChatError, testing::Turn};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, added},
    schema,
    talking::{self, ANSWER},
};

const QUESTION: &str = "What raises the sea twice a day?";

#[tokio::test]
async fn a_model_answers_in_the_shape_that_quotes_have() {
    let (app, chat) =
        talking::playing(vec![Turn::text(["The moon raises the sea ", "twice a day [1]."])]).await;
    let answer = app.admin.post("/v1/query", json!({"question": QUESTION})).await.expect(200).json();
    assert_eq!(
        (&answer["answer"], &answer["answered"], &answer["answerer"]),
        (&json!(ANSWER), &json!(true), &json!("scripted"))
    );
    let sentence = &answer["sentences"][0];
    assert_eq!((&sentence["text"], &sentence["citation"]), (&json!(ANSWER), &json!(1)));
    assert_eq!((&sentence["citations"], &sentence["supported"]), (&json!([1]), &json!(true)));
    let citation = &answer["citations"][0];
    for field in ["number", "document_id", "chunk_id", "title", "source", "span", "quote"] {
        assert!(!citation[field].is_null(), "{field}: {citation}");
    }
    assert_eq!((&answer["degraded"], &answer["model"]), (&json!(false), &json!("scripted")));
    assert_eq!(answer["sources"][0]["number"], 1);
    let kept =
        app.admin.get(format!("/v1/runs/{}", answer["run_id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!((&kept["question"], &kept["agent_id"]), (&json!(QUESTION), &Value::Null));
    assert_eq!(chat.requests().len(), 1);
    app.stopped().await;
}

#[tokio::test]
async fn quotes_are_given_where_they_are_asked_for_by_name() {
    let (app, chat) = talking::playing(Vec::new()).await;
    let body = json!({"question": QUESTION, "model": "extractive"});
    let answer = app.admin.post("/v1/query", body).await.expect(200).json();
    assert_eq!(answer["answerer"], "extractive");
    for field in ["query_id", "confidence", "hits"] {
        assert!(!answer[field].is_null(), "{field}: {answer}");
    }
    for field in ["model", "run_id", "degraded", "sources"] {
        assert!(answer.get(field).is_none(), "{field}: {answer}");
    }
    assert!(chat.requests().is_empty());
    let unknown = json!({"question": QUESTION, "model": "gpt-9"});
    app.admin.post("/v1/query", unknown).await.problem(400, "unknown_chat_model");
    let empty = app.admin.post("/v1/query", json!({"question": " "})).await.problem(400, "invalid_query");
    assert_eq!(empty["errors"][0]["pointer"], "/question");
    app.stopped().await;
}

#[tokio::test]
async fn a_model_that_breaks_off_leaves_quotes() {
    let cut = ChatError::Cut { name: "scripted".to_owned(), problem: "the connection closed".to_owned() };
    let (app, _) = talking::playing(vec![Turn::failing_after(["The mo"], cut)]).await;
    let answer = app.admin.post("/v1/query", json!({"question": QUESTION})).await.expect(200).json();
    assert_eq!((&answer["degraded"], &answer["answerer"]), (&json!(true), &json!("extractive")));
    assert!(answer["degraded_reason"].as_str().unwrap().contains("broke off"), "{answer}");
    assert_eq!(answer["citations"][0]["source"], "tides");
    app.stopped().await;
}

#[tokio::test]
async fn an_answer_streams_with_a_model_and_without() {
    let (app, _) = talking::playing(vec![Turn::text(["The moon raises the sea ", "twice a day [1]."])]).await;
    let plain = TestApp::start().await;
    added(&plain, json!({"source": "tides", "text": "The moon raises the sea twice a day."})).await;
    for (app, model, body) in [
        (&app, "scripted", json!({"question": QUESTION, "stream": true})),
        (&app, "extractive", json!({"question": QUESTION, "stream": true, "model": "extractive"})),
        (&plain, "extractive", json!({"question": QUESTION, "stream": true})),
        (&plain, "extractive", json!({"question": QUESTION, "stream": true, "model": "extractive"})),
    ] {
        let told = app.admin.ask("POST", "/v1/query").json(&body).listen().await.rest().await;
        for one in &told {
            schema::check_named("AgentEvent", &one.data);
        }
        let last = told.last().unwrap();
        assert_eq!(
            (last.kind.as_str(), &last.data["model"], &last.data["answered"]),
            ("finished", &json!(model), &json!(true))
        );
        assert_eq!(last.data["citations"][0]["source"], "tides");
    }
    app.stopped().await;
    plain.stopped().await;
}

//! Runs over HTTP: plain and as streams, come back to, decided about, ended, kept.

use std::{sync::Arc, time::Duration};

use quarry_models::{
    ChatError,
    testing::{ScriptedChat, Turn},
};
use quarry_server::ServerSettings;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    listening::Told,
    schema,
    talking::{self, ANSWER},
};

const RUNS: &str = "/v1/agents/default/runs";

fn kinds(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.kind.as_str()).collect()
}

/// The one run there is, once it is in a state.
async fn settled(app: &TestApp, state: &str) -> Value {
    loop {
        let listed = app.admin.get("/v1/runs").await.expect(200).json();
        if listed["items"][0]["state"] == state {
            return listed["items"][0].clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_plain_run_answers_and_is_kept_with_everything_that_happened() {
    let (app, _) = talking::playing(talking::looking_up()).await;
    let answer = app.admin.post(RUNS, json!({"input": "What raises the sea?"})).await.expect(200).json();
    assert_eq!(
        (&answer["text"], &answer["answered"], &answer["model"]),
        (&json!(ANSWER), &json!(true), &json!("scripted"))
    );
    assert_eq!(
        (&answer["citations"][0]["number"], &answer["citations"][0]["source"]),
        (&json!(1), &json!("tides"))
    );
    assert_eq!((&answer["degraded"], &answer["steps"]), (&json!(false), &json!(2)));

    let place = format!("/v1/runs/{}", answer["run_id"].as_str().unwrap());
    let run = app.admin.get(&place).await.expect(200).json();
    assert_eq!(
        (&run["state"], &run["answer"]["text"], &run["user"]),
        (&json!("finished"), &json!(ANSWER), &json!("key:admin"))
    );
    assert_eq!(run["prompts"].as_array().unwrap().len(), 1);
    let replies = run["replies"].as_array().unwrap();
    assert_eq!((replies.len(), &replies[0]["calls"][0]["tool"]), (2, &json!("search")));
    assert_eq!(
        (&replies[0]["calls"][0]["ok"], &replies[0]["calls"][0]["sources"]),
        (&json!(true), &json!([1]))
    );
    assert!(replies[0]["prompt"].as_str().unwrap().starts_with("native@"), "{run}");
    assert_eq!(run["sources"][0]["title"], "On tides");
    assert_eq!((&run["events"][0]["type"], &run["events"][0]["number"]), (&json!("started"), &json!(1)));

    let id = answer["run_id"].as_str().unwrap();
    for (query, found) in [("state=finished", true), ("state=failed", false), ("limit=1", true)] {
        let listed = app.admin.get(format!("/v1/runs?{query}")).await.expect(200).json();
        assert_eq!(listed["items"].as_array().unwrap().iter().any(|run| run["id"] == id), found, "{query}");
    }
    let agent = run["agent_id"].as_str().unwrap();
    let of_agent = app.admin.get(format!("/v1/runs?agent_id={agent}")).await.expect(200).json();
    assert_eq!(of_agent["items"].as_array().unwrap().len(), 1);
    let of_session = app.admin.get(format!("/v1/runs?session_id={id}")).await.expect(200).json();
    assert_eq!(of_session["items"], json!([]));

    let replayed = app.admin.ask("POST", format!("{place}/replay")).send().await.expect(200).json();
    assert_eq!(replayed["difference"], Value::Null, "{replayed}");
    app.admin.ask("POST", format!("{place}/cancel")).send().await.problem(409, "run_not_waiting");
    app.admin.delete(&place).await.expect(204);
    app.admin.get(&place).await.problem(404, "run_not_found");
    app.stopped().await;
}

#[tokio::test]
async fn a_stream_gives_every_event_and_can_be_come_back_to() {
    let (app, _) = talking::playing(talking::looking_up()).await;
    let body = json!({"input": "What raises the sea?"});
    let ask = app.admin.ask("POST", RUNS).header("accept", "text/event-stream").json(&body);
    let told = ask.listen().await.rest().await;
    let expected = [
        "started",
        "step",
        "step_finished",
        "tool_called",
        "tool_returned",
        "retrieved",
        "step",
        "said",
        "said",
        "said",
        "step_finished",
        "finished",
    ];
    assert_eq!(kinds(&told), expected);
    for one in &told {
        schema::check_named("AgentEvent", &one.data);
        assert_eq!(one.data["type"], one.kind.as_str());
    }
    assert!(told.windows(2).all(|pair| pair[0].id < pair[1].id), "{told:?}");
    assert_eq!(told.last().unwrap().data["text"], ANSWER);

    let place = format!("/v1/runs/{}/events", told[0].data["run_id"].as_str().unwrap());
    let fifth = told[4].id.unwrap();
    let again = app.admin.ask("GET", &place).header("last-event-id", &fifth.to_string()).listen().await;
    assert_eq!(again.rest().await, told[5..]);
    let again = app.admin.ask("GET", format!("{place}?after={fifth}")).listen().await;
    assert_eq!(again.rest().await, told[5..]);
    assert_eq!(app.admin.ask("GET", &place).listen().await.rest().await, told);
    let over = told.last().unwrap().id.unwrap();
    app.admin.get(format!("{place}?after={over}")).await.expect(204);
    app.admin
        .ask("GET", &place)
        .header("last-event-id", "x")
        .send()
        .await
        .problem(400, "invalid_last_event_id");
    app.stopped().await;
}

#[tokio::test]
async fn a_client_that_goes_away_ends_its_run_and_the_call_of_the_model() {
    let (app, chat) =
        talking::playing(vec![Turn::hanging_after(["The moon"]), Turn::hanging_after(["The"])]).await;
    let body = json!({"input": "What raises the sea?", "stream": true, "resumable": false});
    let mut listener = app.admin.ask("POST", RUNS).json(&body).listen().await;
    listener.until("said").await;
    drop(listener);
    let run = settled(&app, "cancelled").await;
    assert_eq!((&run["error"]["code"], chat.dropped()), (&json!("run_cancelled"), 1));

    let admin = app.admin.clone();
    let plain = tokio::spawn(async move { admin.post(RUNS, json!({"input": "And plainly?"})).await.status });
    while chat.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    plain.abort();
    while chat.dropped() < 2 {
        tokio::task::yield_now().await;
    }
    app.stopped().await;
}

#[tokio::test]
async fn a_client_that_lost_its_connection_comes_back_and_can_end_the_run() {
    let (app, chat) = talking::playing(vec![Turn::hanging_after(["The moon ", "raises"])]).await;
    let body = json!({"input": "What raises the sea?", "stream": true});
    let mut listener = app.admin.ask("POST", RUNS).json(&body).listen().await;
    let run = listener.next().await.unwrap().data["run_id"].as_str().unwrap().to_owned();
    let seen = listener.until("said").await.id.unwrap();
    drop(listener);
    let place = format!("/v1/runs/{run}");
    let mut back = app.admin.ask("GET", format!("{place}/events?after={seen}")).listen().await;
    assert_eq!(back.next().await.unwrap().data, json!({"type": "said", "text": "raises"}));
    assert_eq!(chat.dropped(), 0);
    app.admin.ask("POST", format!("{place}/cancel")).send().await.expect(202);
    assert_eq!(back.until("failed").await.data["code"], "run_cancelled");
    assert!(back.next().await.is_none());
    assert_eq!(chat.dropped(), 1);
    app.stopped().await;
}

#[tokio::test]
async fn what_is_wrong_before_the_first_event_is_a_problem() {
    let (app, _) = talking::playing(Vec::new()).await;
    let nobody = "0190a000-0000-7000-8000-000000000000";
    for (agent, body, status, code, pointer) in [
        ("nobody", json!({"input": "a"}), 404, "agent_not_found", ""),
        ("default", json!({"input": " "}), 400, "invalid_run", "/input"),
        ("default", json!({"input": "a", "model": "gpt-9"}), 400, "unknown_chat_model", ""),
        (
            "default",
            json!({"input": "a", "collections": ["other"]}),
            400,
            "collection_outside_agent",
            "/collections",
        ),
        ("default", json!({"input": "a", "session_id": nobody}), 404, "session_not_found", ""),
        ("default", json!({"input": "a", "session_id": "x"}), 400, "invalid_request", "/session_id"),
        ("default", json!({"question": "a"}), 400, "invalid_request", "/question"),
    ] {
        for stream in [false, true] {
            let mut body = body.clone();
            body["stream"] = json!(stream);
            let problem =
                app.admin.post(format!("/v1/agents/{agent}/runs"), body).await.problem(status, code);
            assert_eq!(problem["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{problem}");
        }
    }
    app.admin.get(format!("/v1/runs/{nobody}/events")).await.problem(404, "run_not_found");
    app.anonymous.post(RUNS, json!({"input": "a"})).await.problem(401, "unauthenticated");
    app.stopped().await;
}

#[tokio::test]
async fn a_model_that_is_down_degrades_the_answer() {
    let problem = "HTTP 500".to_owned();
    let down = ChatError::Unavailable { name: "scripted".to_owned(), problem, retry_after: None };
    let (app, _) = talking::playing(vec![Turn::refused(down)]).await;
    let body = json!({"input": "What raises the sea twice a day?"});
    let answer = app.admin.post(RUNS, body).await.expect(200).json();
    assert_eq!((&answer["degraded"], &answer["model"]), (&json!(true), &json!("extractive")));
    assert!(answer["degraded_reason"].as_str().unwrap().contains("not available"), "{answer}");
    assert!(answer["text"].as_str().unwrap().contains("The moon raises the sea"), "{answer}");
    app.stopped().await;
}

async fn careful(app: &TestApp) {
    let definition = json!({"tools": ["search", "note"], "approve": ["note"]});
    app.admin.post("/v1/agents", json!({"name": "careful", "definition": definition})).await.expect(201);
}

fn noting() -> Vec<Turn> {
    vec![Turn::calls(&[("note", r#"{"text": "tides"}"#)]), Turn::text(["It is done."])]
}

#[tokio::test]
async fn a_call_that_needs_approval_waits_for_it() {
    let (app, _) = talking::playing(noting()).await;
    careful(&app).await;
    let waits = app.admin.post("/v1/agents/careful/runs", json!({"input": "Note this."})).await.expect(202);
    let place = waits.header("location").to_owned();
    let (run, call) = (waits.json(), waits.json()["approvals"][0].clone());
    assert_eq!(
        (&run["state"], &call["tool"], &call["arguments"]),
        (&json!("waiting"), &json!("note"), &json!({"text": "tides"}))
    );
    assert_eq!(app.admin.get(&place).await.expect(200).json()["state"], "waiting");
    let told = app.admin.ask("GET", format!("{place}/events")).listen().await.rest().await;
    assert_eq!(told.last().unwrap().kind, "approval_required");

    let approvals = format!("{place}/approvals");
    let wrong = json!({"call_id": "call_9_9", "approved": true});
    app.admin.post(&approvals, wrong).await.problem(404, "call_not_found");
    let yes = json!({"call_id": call["call_id"], "approved": true});
    let answer = app.admin.post(&approvals, yes.clone()).await.expect(200).json();
    assert_eq!((&answer["text"], &answer["run_id"]), (&json!("It is done."), &run["run_id"]));
    let over = app.admin.post(&approvals, yes).await;
    over.problem(409, "run_not_waiting");
    let events = app.admin.get(&place).await.expect(200).json()["events"].clone();
    let decided =
        events.as_array().unwrap().iter().find(|event| event["type"] == "approval_decided").unwrap().clone();
    assert_eq!((&decided["approved"], &decided["by"]), (&json!(true), &json!("key:admin")));
    app.stopped().await;
}

#[tokio::test]
async fn a_refused_call_is_told_to_the_model_and_the_rest_is_streamed() {
    let (app, chat) = talking::playing(noting()).await;
    careful(&app).await;
    let body = json!({"input": "Note this.", "stream": true});
    let told = app.admin.ask("POST", "/v1/agents/careful/runs").json(&body).listen().await.rest().await;
    let last = told.last().unwrap();
    assert_eq!(last.kind, "approval_required");
    let place = format!("/v1/runs/{}/approvals", told[0].data["run_id"].as_str().unwrap());
    let no = json!({"call_id": last.data["call_id"], "approved": false, "stream": true, "after": last.id});
    let rest = app.admin.ask("POST", &place).json(&no).listen().await.rest().await;
    assert_eq!((rest[0].kind.as_str(), &rest[0].data["approved"]), ("approval_decided", &json!(false)));
    assert!(!kinds(&rest).contains(&"started"), "{rest:?}");
    assert_eq!(rest.last().unwrap().data["text"], "It is done.");
    let requests = chat.requests();
    let result = requests[1].messages.last().unwrap();
    assert!(!result.content.contains("It is written down."), "{}", result.content);
    app.stopped().await;
}

#[tokio::test]
async fn a_waiting_run_can_be_ended() {
    let (app, _) = talking::playing(noting()).await;
    careful(&app).await;
    let waits = app.admin.post("/v1/agents/careful/runs", json!({"input": "Note this."})).await.expect(202);
    let place = waits.header("location").to_owned();
    app.admin.ask("POST", format!("{place}/cancel")).send().await.expect(202);
    let run = settled(&app, "cancelled").await;
    assert_eq!(run["error"]["code"], "run_cancelled");
    app.stopped().await;
}

#[tokio::test]
async fn streams_have_a_bound_of_their_own_and_leave_the_requests_alone() {
    let chat = ScriptedChat::answering("scripted", |_| Turn::hanging_after(["The moon"]));
    let server = ServerSettings { max_streams: 2, max_requests: 1, ..ServerSettings::default() };
    let (app, _) = talking::with(Arc::new(chat), server).await;
    let body = json!({"input": "What raises the sea?", "stream": true, "resumable": false});
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut listener = app.admin.ask("POST", RUNS).json(&body).listen().await;
        listener.until("said").await;
        held.push(listener);
    }
    let refused = app.admin.post(RUNS, body.clone()).await;
    assert_eq!(refused.header("retry-after"), "1");
    refused.problem(503, "too_many_streams");
    let found = app.admin.post("/v1/search", json!({"query": "moon"})).await.expect(200).json();
    assert_eq!(found["hits"].as_array().unwrap().len(), 1);
    drop(held.pop());
    loop {
        let reply =
            app.admin.ask("POST", "/v1/query").json(&json!({"question": "Moon?", "model": "x"})).send().await;
        if reply.status != 503 {
            reply.problem(400, "unknown_chat_model");
            break;
        }
        tokio::task::yield_now().await;
    }
    drop(held);
    app.stopped().await;
}

#[tokio::test]
async fn the_request_timeout_ends_neither_a_stream_nor_a_run_that_is_waited_for() {
    let chat = ScriptedChat::answering("scripted", |_| {
        Turn::default()
            .say(["The moon "])
            .wait(Duration::from_millis(1_200))
            .say(["raises it."])
            .finish(quarry_models::chat::FinishReason::Stop)
    });
    let server = ServerSettings { request_timeout_seconds: 1, ..ServerSettings::default() };
    let (app, _) = talking::with(Arc::new(chat), server).await;
    let body = |stream: bool| json!({"input": "What raises the sea?", "stream": stream});
    let (streamed, plain) = (body(true), body(false));
    let stream = async { app.admin.ask("POST", RUNS).json(&streamed).listen().await.rest().await };
    let (told, answer) = tokio::join!(stream, app.admin.post(RUNS, plain));
    assert_eq!(told.last().unwrap().kind, "finished");
    assert_eq!(answer.expect(200).json()["text"], "The moon raises it.");
    app.stopped().await;
}

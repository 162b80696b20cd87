//! Every way a model's server can fail, and what a client sees of it: a scripted server behind the real adapter with all
//! its decorators, deadlines short. Each case ends with an answer, within the deadline, and is kept.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use quarry_models::{
    ChatModelSettings, ChatSettings, open_chat,
    testing::{ChatServer, Play, PlayedCall, dead_port},
};
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp, added},
    listening::Told,
    talking,
};

/// What any of them may take: the whole call twice, and a machine that does other things too.
const LONGEST: Duration = Duration::from_secs(20);

fn settings(url: &str) -> ChatSettings {
    let mut model = ChatModelSettings::new("openai", "played");
    model.base_url = Some(url.to_owned());
    model.first_token_ms = 400;
    model.between_tokens_ms = 400;
    model.whole_ms = 8_000;
    model.attempts = 2;
    model.max_reply_bytes = 1024 * 1024;
    ChatSettings { default: None, models: [("played".to_owned(), model)].into() }
}

/// A run of the default agent against a model's server: its events in short, and what is kept of it.
async fn run(url: &str) -> String {
    let chat = open_chat(&settings(url)).unwrap();
    let app = TestApp::set_up(Setup { chat, tools: talking::tools(), ..Setup::default() }).await;
    let text = "The moon raises the sea twice a day. This is called the tide.";
    added(&app, json!({"source": "tides", "title": "On tides", "text": text})).await;
    let begun = Instant::now();
    let body = json!({"input": "What raises the sea twice a day?", "stream": true});
    let told = app.admin.ask("POST", "/v1/agents/default/runs").json(&body).listen().await.rest().await;
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    let mut shown = String::new();
    let (mut said, mut rest) = (String::new(), told.iter().peekable());
    while let Some(one) = rest.next() {
        // Pieces of one text, however it was cut.
        if one.kind == "said" {
            said.push_str(one.data["text"].as_str().unwrap());
            if rest.peek().is_none_or(|next| next.kind != "said") {
                writeln!(shown, "said: {}", short(&Value::String(std::mem::take(&mut said)))).unwrap();
            }
        }
        shown.extend(line(one));
    }
    let id = told.first().unwrap().data["run_id"].as_str().unwrap().to_owned();
    let kept = app.admin.get(format!("/v1/runs/{id}")).await.json();
    writeln!(shown, "kept: {}, {} steps", kept["state"].as_str().unwrap(), kept["steps"]).unwrap();
    // The same over OpenAI's dialect: never a bare failure.
    let body = json!({"model": "default", "messages": [{"role": "user", "content": "What raises the sea?"}]});
    let reply = app.admin.post("/v1/chat/completions", body).await;
    writeln!(shown, "chat completion: {}", reply.status.as_u16()).unwrap();
    app.stopped().await;
    shown
}

fn short(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.len() > 160 { format!("{} bytes", text.len()) } else { text }
}

fn line(told: &Told) -> Option<String> {
    let data = &told.data;
    let words = match told.kind.as_str() {
        "step" => format!("step {}", data["step"]),
        "thought" => format!("thought: {}", short(&data["text"])),
        "tool_called" => format!("called {}: {}", short(&data["tool"]), short(&data["arguments"])),
        "tool_returned" => format!("returned {}: {}", data["ok"], short(&data["output"])),
        "degraded" => format!("degraded: {}", short(&data["reason"])),
        "finished" => format!(
            "finished: {} (answered {}, degraded {}, by {}, stopped by {})",
            short(&data["text"]),
            data["answered"],
            data["degraded"],
            short(&data["model"]),
            data["stopped_by"]
        ),
        "failed" => format!("failed: {}", short(&data["message"])),
        _ => return None,
    };
    Some(format!("{words}\n"))
}

fn fine() -> Play {
    Play::text(&["The moon raises ", "the sea."])
}

/// Calls `tool` until no tools are offered any more.
fn calling(tool: &'static str, arguments: &'static str) -> impl Fn(&Value) -> Play + Send + Sync {
    move |request| {
        let offered = request["tools"].as_array().is_some_and(|tools| !tools.is_empty());
        if offered { Play::calls(&[PlayedCall { id: "", name: tool, arguments }]) } else { fine() }
    }
}

/// One case: the plays in order, the last one again and again.
async fn playing(plays: Vec<Play>) -> ChatServer {
    let next = std::sync::atomic::AtomicUsize::new(0);
    ChatServer::answering(move |_| {
        let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        plays[place.min(plays.len() - 1)].clone()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_of_a_provider_ends_with_an_answer() {
    let cases: Vec<(&str, Vec<Play>)> = vec![
        ("429 once, to be tried again in a second", vec![Play::rate_limited(1), fine()]),
        ("429 for a minute", vec![Play::rate_limited(60)]),
        ("500 once", vec![Play::status(500, "overloaded"), fine()]),
        ("500 for ever", vec![Play::status(500, "overloaded")]),
        ("401", vec![Play::status(401, "wrong key")]),
        ("silence before the first byte", vec![Play::silence()]),
        ("a stall in the middle", vec![Play::stall_after(&["The moon "])]),
        ("a cut in the middle", vec![Play::cut_after(&["The moon "])]),
        ("an end without a reason", vec![Play::ended_after(&["The moon "])]),
        ("malformed deltas", vec![Play::malformed_delta()]),
        ("malformed arguments, then an answer", vec![Play::malformed_arguments("search"), fine()]),
        ("a reply of 10 MB", vec![Play::huge(10 * 1024 * 1024)]),
    ];
    let mut shown = String::new();
    for (name, plays) in cases {
        let server = playing(plays).await;
        write!(shown, "== {name}\n{}\n", run(&server.url()).await).unwrap();
    }
    let refused = format!("http://127.0.0.1:{}/v1", dead_port().await);
    write!(shown, "== a refused connection\n{}\n", run(&refused).await).unwrap();
    let unknown = ChatServer::answering(calling("fly", "{}")).await;
    write!(shown, "== an unknown tool, again and again\n{}\n", run(&unknown.url()).await).unwrap();
    let endless = ChatServer::answering(calling("search", r#"{"query": "tides"}"#)).await;
    write!(shown, "== the same call for ever\n{}\n", run(&endless.url()).await).unwrap();
    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "[address]"), (r"[0-9a-f]{8}-[0-9a-f-]{27}", "[id]")]}, {
        insta::assert_snapshot!(shown);
    });
}

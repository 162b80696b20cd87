//! Tools of MCP servers: a scripted program on standard input and output, and a scripted server over HTTP.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use quarry_core::{Fault, RunId};
use quarry_engine::{
    Engine,
    agent::{
        definition::AgentDefinition,
        mcp::{McpServerSettings, McpServers, ProgramEnvironment},
        source::Sources,
        tool::{MOST_CHARACTERS, Tool, ToolContext},
        tools::Toolbox,
        toolset::ToolSource as _,
    },
    outbound::{Outbound, OutboundSettings},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::{World, access, stop};

/// Where Python is, if it is: the program itself, since a wrapper on the path may set variables of its own.
fn python() -> Option<String> {
    let asked = ["-c", "import sys; print(sys.executable)"];
    let found = std::process::Command::new("python3").args(asked).output();
    let path =
        found.map(|found| String::from_utf8_lossy(&found.stdout).trim().to_owned()).unwrap_or_default();
    if path.is_empty() {
        eprintln!("no python3 here: the scripted MCP program was not tested");
        return None;
    }
    Some(path)
}

fn toolbox(settings: Value) -> Toolbox {
    let opened =
        OutboundSettings { allow_private: vec!["127.0.0.0/8".to_owned()], ..OutboundSettings::default() };
    toolbox_over(settings, opened)
}

fn toolbox_over(settings: Value, mut outbound: OutboundSettings) -> Toolbox {
    if let Some(place) = settings["url"].as_str().and_then(|url| url.split('/').nth(2))
        && !outbound.allow_private.is_empty()
    {
        outbound.allow_private = vec![place.to_owned()];
    }
    let settings: McpServerSettings = serde_json::from_value(settings).unwrap();
    let outbound = Outbound::new(outbound).unwrap();
    let environment =
        ProgramEnvironment { path: Some("/usr/bin:/bin".into()), home: Some("/nowhere".into()) };
    Toolbox::new().with_servers(McpServers::new(vec![settings], &environment, &outbound).unwrap())
}

fn program(python: &str, tools: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scripted_mcp.py");
    json!({"name": "files", "command": python, "args": [script], "env": {"GIVEN": "yes"}, "tools": tools, "timeout_seconds": 20})
}

async fn tools(toolbox: &Toolbox, names: &[&str]) -> Vec<Arc<dyn Tool>> {
    let tools = names.iter().map(|name| (*name).to_owned()).collect();
    toolbox.select(&AgentDefinition { tools, ..AgentDefinition::default() }).await.unwrap()
}

/// What a tool answers, or its failure.
async fn call(engine: &Engine, tool: &Arc<dyn Tool>, seconds: u64) -> Result<String, String> {
    let (access, agent, sources, cancel) =
        (access(), AgentDefinition::default(), Sources::default(), CancellationToken::new());
    let context = ToolContext {
        engine,
        access: &access,
        user: "ada",
        agent: &agent,
        filter: None,
        run: RunId::new(),
        sources: &sources,
        deadline: Instant::now() + Duration::from_secs(seconds),
        cancel: &cancel,
    };
    let answer = tool.call(&context, &json!({"text": "hello"})).await;
    answer.map(|output| output.text).map_err(|failure| failure.0)
}

async fn one(engine: &Engine, toolbox: &Toolbox, name: &str) -> Result<String, String> {
    let chosen = tools(toolbox, &[name]).await;
    call(engine, &chosen[0], 20).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gives_its_allowed_tools_and_sees_nothing_of_ours() {
    let Some(python) = python() else { return };
    let world = World::new();
    let engine = world.engine().await;
    let allowed = json!(["echo", "fail", "environment", "long", "die", "start"]);
    let toolbox = toolbox(program(&python, &allowed));
    let names: Vec<_> =
        tools(&toolbox, &["mcp:files"]).await.iter().map(|tool| tool.spec().name.clone()).collect();
    assert_eq!(names.len(), 6);
    assert!(names.contains(&"mcp_files_echo".to_owned()) && !names.contains(&"mcp_files_hidden".to_owned()));
    assert!(tools(&toolbox, &["mcp_files_hidden"]).await.is_empty(), "what is not allowed is not there");

    assert_eq!(one(&engine, &toolbox, "mcp_files_echo").await.unwrap(), "hello");
    assert_eq!(one(&engine, &toolbox, "mcp_files_fail").await.unwrap_err(), "it went wrong");
    let long = one(&engine, &toolbox, "mcp_files_long").await.unwrap();
    assert_eq!(long.chars().count(), MOST_CHARACTERS);
    let environment = one(&engine, &toolbox, "mcp_files_environment").await.unwrap();
    let environment: Value = serde_json::from_str(&environment).unwrap();
    assert_eq!((&environment["GIVEN"], &environment["HOME"]), (&json!("yes"), &json!("/nowhere")));
    let known = ["PATH", "HOME", "GIVEN", "LC_CTYPE", "PWD", "SHLVL", "_"];
    for name in environment.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "{name} reached the program");
    }
    toolbox.stop().await;
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_dies_is_a_sentence_and_is_started_again() {
    let Some(python) = python() else { return };
    let world = World::new();
    let engine = world.engine().await;
    let toolbox = toolbox(program(&python, &json!(["*"])));
    let died = one(&engine, &toolbox, "mcp_files_die").await.unwrap_err();
    assert_eq!(died, "the MCP server `files` failed: the connection was lost; the next call tries again");
    assert_eq!(one(&engine, &toolbox, "mcp_files_echo").await.unwrap(), "hello");
    let sleeper = tools(&toolbox, &["mcp_files_sleep"]).await;
    let late = call(&engine, &sleeper[0], 1).await.unwrap_err();
    assert_eq!(late, "the run's time was over before the tool had answered");
    toolbox.stop().await;
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_fails_when_the_server_stops() {
    let Some(python) = python() else { return };
    let world = World::new();
    let engine = world.engine().await;
    let toolbox = toolbox(program(&python, &json!(["*"])));
    let sleeper = tools(&toolbox, &["mcp_files_sleep"]).await;
    let began = Instant::now();
    let (refusal, ()) = tokio::join!(call(&engine, &sleeper[0], 20), async {
        tokio::task::yield_now().await;
        toolbox.stop().await;
    });
    assert!(refusal.unwrap_err().starts_with("the MCP server `files` failed: "));
    assert!(began.elapsed() < Duration::from_secs(15), "it did not wait for the sleeper");
    stop(engine).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_has_started_ends_with_it() {
    let Some(python) = python() else { return };
    let world = World::new();
    let engine = world.engine().await;
    let toolbox = toolbox(program(&python, &json!(["*"])));
    let started = one(&engine, &toolbox, "mcp_files_start").await.unwrap();
    let status = format!("/proc/{started}/status");
    assert!(Path::new(&status).exists());
    toolbox.stop().await;
    let until = Instant::now() + Duration::from_secs(10);
    // Whoever inherits the dead process may take a moment to notice.
    while std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("State:\tZ")) {
        assert!(Instant::now() < until, "process {started} still runs");
        tokio::task::yield_now().await;
    }
    let closed = tools(&toolbox, &["mcp:files"]).await;
    let refusal = call(&engine, &closed[0], 5).await.unwrap_err();
    assert_eq!(refusal, "the MCP server `files` failed: the server is shutting down");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_never_fails_a_run() {
    let world = World::new();
    let engine = world.engine().await;
    let toolbox = toolbox(json!({"name": "gone", "command": "/no/such/program", "tools": ["read", "write"]}));
    let chosen = tools(&toolbox, &["search", "mcp:gone"]).await;
    let names: Vec<_> = chosen.iter().map(|tool| tool.spec().name.as_str()).collect();
    assert_eq!(names, ["search", "mcp_gone_read", "mcp_gone_write"]);
    let refusal = call(&engine, &chosen[1], 5).await.unwrap_err();
    assert_eq!(
        refusal,
        "the MCP server `gone` failed: there is no program `/no/such/program`; it is tried again in 1 s"
    );
    let agent = AgentDefinition { tools: vec!["mcp:other".to_owned()], ..AgentDefinition::default() };
    let Err(error) = toolbox.select(&agent).await else { panic!("there is no such server") };
    assert_eq!(error.code(), "unknown_tool");
    assert!(error.to_string().ends_with("search, mcp:gone"), "{error}");
    stop(engine).await;
}

/// A server over HTTP: one thread, one request a connection. It gives out a session and forgets it once.
fn serve(stream_events: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            drop(respond(stream.unwrap(), stream_events));
        }
    });
    address
}

fn respond(stream: TcpStream, stream_events: bool) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&lower);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, kind, text) = if !head.contains("authorization: bearer right") {
        ("401 Unauthorized", "text/plain", String::new())
    } else if message["id"].is_null() || !head.starts_with("post") {
        ("202 Accepted", "application/json", String::new())
    } else {
        let result = match message["method"].as_str().unwrap() {
            "initialize" => json!({
                "protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                "serverInfo": {"name": "scripted", "version": "1"}
            }),
            "tools/list" => json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
            _ => json!({"content": [{"type": "text", "text": message["params"]["arguments"]["text"]}]}),
        };
        let text = json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string();
        if stream_events {
            ("200 OK", "text/event-stream", format!(": hello\n\nevent: message\ndata: {text}\n\n"))
        } else {
            ("200 OK", "application/json", text)
        }
    };
    let length = text.len();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nmcp-session-id: s1\r\nconnection: close\r\n\r\n{text}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_http_is_called_with_its_key_in_either_form_of_answer() {
    let world = World::new();
    let engine = world.engine().await;
    for stream_events in [false, true] {
        let url = format!("http://{}/mcp", serve(stream_events));
        let settings =
            json!({"name": "web", "url": url, "headers": {"Authorization": "Bearer right"}, "tools": ["*"]});
        let toolbox = toolbox(settings);
        assert_eq!(one(&engine, &toolbox, "mcp_web_echo").await.unwrap(), "hello");
        toolbox.stop().await;
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_and_a_closed_port_are_sentences_without_addresses() {
    let world = World::new();
    let engine = world.engine().await;
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [(serve(false), "it refuses the key"), (free, "no connection could be made")];
    for (address, expected) in cases {
        let url = format!("http://{address}/mcp");
        let toolbox = toolbox(
            json!({"name": "web", "url": url, "headers": {"Authorization": "wrong-secret"}, "tools": ["echo"]}),
        );
        let refusal = one(&engine, &toolbox, "mcp_web_echo").await.unwrap_err();
        assert!(refusal.contains(expected), "{refusal}");
        assert!(!refusal.contains("127.0.0.1") && !refusal.contains("wrong-secret"), "{refusal}");
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_this_machine_must_be_opened_by_the_operator() {
    let world = World::new();
    let engine = world.engine().await;
    let url = format!("http://{}/mcp", serve(false));
    let settings =
        json!({"name": "web", "url": url, "headers": {"Authorization": "Bearer right"}, "tools": ["echo"]});
    let toolbox = toolbox_over(settings, OutboundSettings::default());
    let refusal = one(&engine, &toolbox, "mcp_web_echo").await.unwrap_err();
    assert!(refusal.contains("may not be reached"), "{refusal}");
    stop(engine).await;
}

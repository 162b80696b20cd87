//! `quarry mcp`: lines as they are on the pipe, and the official client where it can be had.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::harness::Home;

/// Sends each message and gives the answers of those that have one.
fn talk(home: &Home, arguments: &[&str], messages: &[Value]) -> Vec<Value> {
    let mut all = vec!["mcp"];
    all.extend_from_slice(arguments);
    let mut command = home.command(&all);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut answers = Vec::new();
    for message in messages {
        writeln!(input, "{message}").unwrap();
        if message["id"].is_null() {
            continue;
        }
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(answer["id"], message["id"], "{answer}");
        answers.push(answer);
    }
    drop(input);
    // Its client has gone: the program ends by itself, and says nothing more.
    let mut rest = String::new();
    output.read_line(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(child.wait().unwrap().success());
    answers
}

fn conversation() -> Vec<Value> {
    let call = |id: u32, tool: &str, arguments: Value| json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}});
    vec![
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}),
        call(3, "list_documents", json!({})),
        call(4, "search", json!({"query": "bridge over the Elster"})),
        call(5, "ask", json!({"question": "When was the bridge over the Elster opened?"})),
        call(6, "search", json!({"query": "x", "collection": "nothing"})),
    ]
}

fn check(answers: &[Value]) {
    let text = |place: usize| answers[place]["result"]["content"][0]["text"].as_str().unwrap().to_owned();
    assert_eq!(answers[0]["result"]["serverInfo"]["name"], "quarry");
    let names: Vec<_> =
        answers[1]["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["search", "read_document", "list_documents", "ask"]);
    assert!(text(2).contains("bridge.txt"), "{}", text(2));
    assert!(text(3).contains("opened in 1893"), "{}", text(3));
    assert!(text(4).contains("1893"), "{}", text(4));
    assert_eq!(answers[5]["result"]["isError"], true);
    assert_eq!(text(5), "there is no collection `nothing`");
}

#[test]
fn a_client_on_standard_streams_lists_and_calls_tools() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    check(&talk(&home, &[], &conversation()));
}

#[test]
fn the_same_goes_through_a_server() {
    let home = Home::with_documents();
    let server = home.serve(&[]);
    home.quarry(&["ingest", "docs"]).code(0);
    check(&talk(&home, &["--server", &server.url, "--key", &home.key()], &conversation()));
    // Without being told: the server has the folder.
    check(&talk(&home, &[], &conversation()));
}

#[test]
fn a_folder_that_is_not_there_is_told_on_standard_error() {
    let home = Home::new();
    let ran = home.quarry(&["mcp"]).code(3);
    assert!(
        ran.stdout.is_empty() && ran.stderr.starts_with("error: there is no data folder"),
        "{}",
        ran.stderr
    );
}

/// A Python with the official client, installed once below the target folder; none where that cannot be done.
fn python() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mcp-client");
    let python = folder.join("bin/python");
    let has = |python: &PathBuf| {
        Command::new(python).args(["-c", "import mcp"]).output().is_ok_and(|ran| ran.status.success())
    };
    if has(&python) {
        return Some(python);
    }
    let ran = |command: &mut Command| command.output().is_ok_and(|ran| ran.status.success());
    let made = ran(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && ran(Command::new(&python).args(["-m", "pip", "install", "--quiet", "mcp>=2,<3"]));
    if made && has(&python) {
        return Some(python);
    }
    eprintln!("skipped: the package `mcp` cannot be installed here, so its client was not tested");
    None
}

const CLIENT: &str = r#"
import asyncio, json, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    program = StdioServerParameters(command=sys.argv[1], args=["mcp", "--data", sys.argv[2]])
    async with stdio_client(program) as (read, write):
        async with ClientSession(read, write) as session:
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            documents = await session.call_tool("list_documents", {})
            structured = getattr(documents, "structured_content", None) or documents.structuredContent
            said = {"tools": tools}
            for name, arguments in {
                "search": {"query": "bridge over the Elster"},
                "read_document": {"document_id": structured["items"][0]["id"]},
                "list_documents": {},
                "ask": {"question": "When was the bridge over the Elster opened?"},
            }.items():
                said[name] = (await session.call_tool(name, arguments)).content[0].text
            print(json.dumps(said))

asyncio.run(main())
"#;

#[test]
fn the_official_client_lists_and_calls_every_tool() {
    let Some(python) = python() else { return };
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let data = home.path().join("quarry-data");
    let binary = env!("CARGO_BIN_EXE_quarry");
    let output = Command::new(python).args(["-c", CLIENT, binary]).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["tools"], json!(["search", "read_document", "list_documents", "ask"]));
    assert!(said["search"].as_str().unwrap().contains("opened in 1893"), "{said}");
    assert!(said["list_documents"].as_str().unwrap().contains("bridge.txt"), "{said}");
    assert!(said["ask"].as_str().unwrap().contains("1893"), "{said}");
    assert!(!said["read_document"].as_str().unwrap().is_empty());
}

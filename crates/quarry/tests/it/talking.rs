//! Answers that a model writes: `ask` and `chat`, with a model that works and with one that does not.

use std::{io::Write, process::Stdio};

use quarry_models::testing::Play;
use serde_json::Value;

use crate::{
    harness::{Home, Ran, regex_escaped, snapshot},
    model::{Model, home_of_a_dead_model},
};

const QUESTION: &str = "How long is the bridge over the Elster?";

/// A chat through a pipe.
pub(crate) fn chat(home: &Home, arguments: &[&str], lines: &[&str]) -> Ran {
    let mut all = vec!["chat"];
    all.extend_from_slice(arguments);
    let mut command = home.command(&all);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in lines {
        writeln!(input, "{line}").unwrap();
    }
    drop(input);
    Ran::of(&child.wait_with_output().unwrap(), &all)
}

#[test]
fn a_configured_model_answers_from_the_documents_with_checked_citations() {
    let model = Model::answering(|_| Play::text(&["It is 84 metres ", "long. [1] [99]"]));
    let home = model.home();
    let ran = home.quarry(&["ask", QUESTION]).code(0);
    snapshot!(home, "ask_model", ran.shown());
    let answer = home.quarry(&["ask", QUESTION, "--json"]).code(0).json();
    assert_eq!(answer["answer"], "It is 84 metres long. [1]");
    assert_eq!(answer["answerer"], "fast");
    assert_eq!(answer["degraded"], false);
    assert_eq!(answer["citations"][0]["source"], "bridge.txt");
    assert_eq!(answer["citations"][0]["quote"], "It is 84 metres long.");
    assert_eq!(answer["sentences"][0]["supported"], true);
    assert!(answer["cost"].as_f64().unwrap() > 0.0);
    assert!(model.server.requests()[0].body["messages"].to_string().contains("84 metres"));
    // Nobody is asked where quotes are wanted.
    let asked = model.server.count();
    let quoted = home.quarry(&["ask", QUESTION, "--model", "extractive", "--json"]).code(0).json();
    assert_eq!((&quoted["answerer"], model.server.count()), (&"extractive".into(), asked));
    let ran = home.quarry(&["ask", QUESTION, "--model", "slow"]).code(4);
    assert!(
        ran.stderr.starts_with("error: there is no chat model `slow`; configured are fast\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_model_that_is_down_degrades_to_quotes_and_says_so() {
    let home = home_of_a_dead_model();
    let ran = home.quarry(&["ask", "When was the bridge over the Elster opened?"]).code(0);
    snapshot!(home, "ask_degraded", ran.shown());
    let answer = home.quarry(&["ask", QUESTION, "--json"]).code(0).json();
    assert_eq!(answer["degraded"], true);
    assert!(answer["degraded_reason"].as_str().unwrap().contains("`fast` is not available"), "{answer}");
    assert_eq!(answer["answerer"], "extractive");
}

#[test]
fn an_agent_searches_by_itself_and_its_run_can_be_looked_at_and_run_again() {
    let model = Model::searching();
    let home = model.home();
    let answer = home.quarry(&["ask", QUESTION, "--agent", "default", "--json"]).code(0).json();
    assert_eq!(answer["answer"], "The bridge is 84 metres long. [1]");
    assert_eq!((&answer["steps"], &answer["answered"]), (&2.into(), &true.into()));
    let id = answer["run_id"].as_str().unwrap();
    assert!(home.quarry(&["runs", "list"]).code(0).stdout.contains("finished"));
    snapshot!(home, "runs_show", home.quarry(&["runs", "show", id]).code(0).shown());
    let shown = home.quarry(&["runs", "show", id, "--json"]).code(0).json();
    assert!(!shown["prompts"].as_array().unwrap().is_empty());
    let called = |event: &&Value| event["type"] == "tool_called";
    let call = shown["events"].as_array().unwrap().iter().find(called).unwrap();
    assert_eq!(
        (&call["tool"], &call["arguments"]["query"]),
        (&"search".into(), &"how long is the bridge".into())
    );
    let asked = model.server.count();
    let replayed = home.quarry(&["runs", "replay", id, "--json"]).code(0).json();
    assert!(replayed["difference"].is_null() && replayed["same"].as_u64().unwrap() > 3, "{replayed}");
    assert_eq!(model.server.count(), asked, "a replay asks nobody");
    assert!(home.quarry(&["runs", "replay", id]).code(0).stdout.contains("came out as it did then"));
    let listed =
        home.quarry(&["runs", "list", "--agent", "default", "--state", "finished", "--json"]).code(0).json();
    assert_eq!(listed["items"][0]["id"], id);
    home.quarry(&["runs", "cancel", id]).code(5);
    home.quarry(&["runs", "erase", id]).code(0);
    home.quarry(&["runs", "show", id]).code(3);
}

#[test]
fn a_replay_that_comes_out_otherwise_is_told() {
    let model = Model::searching();
    let home = model.home();
    let file = home.path().join("quarry-data/quarry.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    home.write("quarry-data/quarry.toml", format!("{before}\n[agents]\nfetch_url = true\n"));
    home.quarry(&["agents", "add", "reader", "--tool", "search", "--tool", "fetch_url"]).code(0);
    let answer = home.quarry(&["ask", QUESTION, "--agent", "reader", "--json"]).code(0).json();
    let id = answer["run_id"].as_str().unwrap();
    home.quarry(&["runs", "replay", id]).code(0);
    // One of its tools is not there any more.
    std::fs::write(&file, before).unwrap();
    let ran = home.quarry(&["runs", "replay", id]).code(1);
    assert!(
        ran.stderr.starts_with("error: the run came out otherwise at its step 1 (tools)"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("\nthen\n  search, fetch_url\n"), "{}", ran.stdout);
}

#[test]
fn a_call_that_needs_approval_waits_until_somebody_decides() {
    let model = Model::searching();
    let home = model.home();
    home.quarry(&["agents", "add", "careful", "--approve", "search"]).code(0);
    for verb in ["approve", "reject"] {
        let ran = home.quarry(&["ask", QUESTION, "--agent", "careful"]).code(1);
        assert!(
            ran.stderr.contains("waits for somebody to approve a call: search \"how long"),
            "{}",
            ran.stderr
        );
        let waiting = home.quarry(&["runs", "list", "--state", "waiting", "--json"]).code(0).json();
        let id = waiting["items"][0]["id"].as_str().unwrap();
        assert!(ran.stderr.contains(&format!("quarry runs approve {id} ")), "{}", ran.stderr);
        assert!(home.quarry(&["runs", "show", id]).code(0).stdout.contains("waits for approval: "));
        let answer = home.quarry(&["runs", verb, id, "--json"]).code(0).json();
        assert_eq!(answer["run_id"], id);
        assert_eq!(answer["sources"].as_array().unwrap().is_empty(), verb == "reject", "{answer}");
        home.quarry(&["runs", "approve", id]).code(5);
    }
}

#[test]
fn a_conversation_goes_through_a_pipe_and_is_kept() {
    let model = Model::searching();
    let home = model.home();
    let ran = chat(
        &home,
        &[],
        &[QUESTION, "/sources", "And how old?", "/help", "/sorces", "/new", "/sessions", "/quit"],
    );
    snapshot!(home, "chat", ran.code(0).shown());
    let sessions = home.quarry(&["sessions", "list", "--json"]).code(0).json();
    let id = sessions["items"][0]["id"].as_str().unwrap();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    let ran = chat(&home, &["--session", id, "--json"], &["And its name?"]).code(0);
    assert_eq!(ran.json()["session_id"], id);
    let turns = model.server.requests().last().unwrap().body["messages"].to_string();
    assert!(turns.contains("And how old?"), "{turns}");
    let shown = home.quarry(&["sessions", "show", id, "--json"]).code(0).json();
    assert_eq!(shown["messages"].as_array().unwrap().len(), 6);
    assert!(home.quarry(&["sessions", "show", id]).code(0).stdout.contains("And its name?"));
    home.quarry(&["sessions", "rename", id, "The", "bridge"]).code(0);
    home.quarry(&["sessions", "export", id, "-o", "out.json"]).code(0);
    let exported: Value =
        serde_json::from_slice(&std::fs::read(home.path().join("out.json")).unwrap()).unwrap();
    assert_eq!(exported["session"]["title"], "The bridge");
    home.quarry(&["sessions", "erase", id]).code(0);
    home.quarry(&["sessions", "show", id]).code(3);
    home.quarry(&["chat", "--session", id]).code(3);
}

#[test]
fn a_script_ends_at_the_first_failure() {
    let model = Model::searching();
    let home = model.home();
    home.quarry(&["agents", "add", "careful", "--approve", "search", "--memory", "false"]).code(0);
    let ran = chat(&home, &["--agent", "careful"], &[QUESTION, "And then?"]).code(1);
    assert!(ran.stderr.contains("waits for somebody to approve"), "{}", ran.stderr);
    assert_eq!(model.server.count(), 1);
}

#[test]
fn everything_goes_through_a_server_too() {
    let model = Model::searching();
    let home = model.home();
    let _server = home.serve(&[]);
    let answer = home.quarry(&["ask", QUESTION, "--agent", "default", "--json"]).code(0).json();
    assert_eq!(answer["answer"], "The bridge is 84 metres long. [1]");
    assert_eq!(answer["citations"][0]["quote"], "It is 84 metres long.");
    let id = answer["run_id"].as_str().unwrap();
    assert!(
        home.quarry(&["runs", "show", id]).code(0).stdout.contains("call  search \"how long is the bridge\"")
    );
    home.quarry(&["runs", "replay", id]).code(0);
    home.quarry(&["agents", "add", "careful", "--approve", "search"]).code(0);
    home.quarry(&["ask", QUESTION, "--agent", "careful"]).code(1);
    let waiting = home.quarry(&["runs", "list", "--state", "waiting", "--json"]).code(0).json();
    let waiting = waiting["items"][0]["id"].as_str().unwrap();
    let answer = home.quarry(&["runs", "approve", waiting, "--json"]).code(0).json();
    assert_eq!(answer["answer"], "The bridge is 84 metres long. [1]");
    let quoted = home.quarry(&["ask", QUESTION, "--model", "extractive", "--json"]).code(0).json();
    assert!(quoted["confidence"].is_number(), "{quoted}");
    chat(&home, &[], &[QUESTION, "And how old?"]).code(0);
    let sessions = home.quarry(&["sessions", "list", "--json"]).code(0).json();
    let session = sessions["items"][0]["id"].as_str().unwrap();
    home.quarry(&["sessions", "rename", session, "Bridges"]).code(0);
    let exported = home.quarry(&["sessions", "export", session]).code(0).json();
    assert_eq!(exported["messages"].as_array().unwrap().len(), 4);
    home.quarry(&["sessions", "erase", session]).code(0);
    home.quarry(&["runs", "erase", id]).code(0);
    home.quarry(&["runs", "show", id]).code(3);
}

#[test]
fn a_server_without_a_model_quotes() {
    let home = Home::with_documents();
    let _server = home.serve(&[]);
    home.quarry(&["ingest", "docs"]).code(0);
    let answer =
        home.quarry(&["ask", "When was the bridge over the Elster opened?", "--json"]).code(0).json();
    assert_eq!(answer["answerer"], "extractive");
    assert!(answer["confidence"].is_number(), "{answer}");
    assert_eq!(home.quarry(&["runs", "list"]).code(0).stdout, "no runs yet\n");
}

#[test]
fn a_run_that_a_kill_cut_off_is_interrupted_at_the_next_start() {
    let model = Model::answering(|_| Play::stall_after(&["One moment"]));
    let home = model.home();
    let mut server = home.serve(&[]);
    let mut asking = home.command(&["ask", QUESTION, "--agent", "default"]);
    let mut asking = asking.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let listed = |state: &str| {
        let page = home.quarry(&["runs", "list", "--state", state, "--json"]).code(0).json();
        page["items"].as_array().unwrap().len()
    };
    while listed("running") == 0 {
        assert!(asking.try_wait().unwrap().is_none(), "the question was answered");
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert!(!asking.wait().unwrap().success());
    assert_eq!((listed("running"), listed("interrupted")), (0, 1));
}

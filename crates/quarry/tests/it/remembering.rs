//! Agents and facts, on a folder and through a server.

use serde_json::json;

use crate::harness::{Home, regex_escaped, snapshot};

fn agents(home: &Home) {
    home.write(
        "clerk.toml",
        "description = \"Answers about fees\"\ntools = [\"search\", \"calculate\"]\n[budgets]\nsteps = 3\n",
    );
    home.quarry(&["agents", "add", "clerk", "--file", "clerk.toml", "--instructions", "Be brief."]).code(0);
    home.quarry(&["agents", "add", "clerk"]).code(5);
    let shown = home.quarry(&["agents", "show", "clerk", "--json"]).code(0).json();
    assert_eq!(shown["definition"]["tools"], json!(["search", "calculate"]));
    assert_eq!(shown["definition"]["instructions"], "Be brief.");
    // What is shown is a file that can be given back.
    let text = home.quarry(&["agents", "show", "clerk"]).code(0).stdout;
    home.write("again.toml", text.replace("steps = 3", "steps = 4"));
    let changed =
        home.quarry(&["agents", "update", "clerk", "--file", "again.toml", "--json"]).code(0).json();
    assert_eq!((&changed["version"], &changed["definition"]["budgets"]["steps"]), (&json!(2), &json!(4)));
    home.quarry(&["agents", "update", "clerk", "--steps", "5", "--expect", "1"]).code(5);
    let old = home.quarry(&["agents", "show", "clerk", "--at", "1", "--json"]).code(0).json();
    assert_eq!(old["definition"]["budgets"]["steps"], 3);
    let versions = home.quarry(&["agents", "versions", "clerk", "--json"]).code(0).json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
    home.quarry(&["agents", "update", "clerk", "--rename", "cashier"]).code(0);
    let list = home.quarry(&["agents", "list"]).code(0).stdout;
    assert!(
        list.contains("cashier") && list.contains("default") && list.contains("Answers about fees"),
        "{list}"
    );
    home.quarry(&["agents", "remove", "cashier"]).code(0);
    home.quarry(&["agents", "remove", "default"]).code(4);
}

fn facts(home: &Home) {
    let fact = home.quarry(&["facts", "add", "I", "work", "in", "Leipzig", "--json"]).code(0).json();
    let id = fact["id"].as_str().unwrap();
    home.quarry(&["facts", "update", id, "I work in Halle"]).code(0);
    assert!(home.quarry(&["facts", "list"]).code(0).stdout.contains("I work in Halle"));
    home.quarry(&["facts", "erase", id]).code(0);
    home.quarry(&["facts", "erase", id]).code(3);
    home.quarry(&["facts", "add", "I like tables."]).code(0);
    assert_eq!(home.quarry(&["facts", "erase", "--all", "--json"]).code(0).json(), json!({"erased": 1}));
    assert_eq!(home.quarry(&["facts", "list"]).code(0).stdout, "nothing is remembered\n");
}

#[test]
fn agents_and_facts_are_kept_in_the_folder() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    agents(&home);
    facts(&home);
}

#[test]
fn agents_and_facts_are_kept_by_a_server() {
    let home = Home::with_documents();
    let _server = home.serve(&[]);
    agents(&home);
    facts(&home);
}

#[test]
fn what_is_wrong_with_an_agent_is_told() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let nobody = "01900000-0000-7000-8000-000000000000";
    let mut said = String::new();
    said += &home.quarry(&["agents", "show", "nobody"]).code(3).shown();
    said += &home.quarry(&["agents", "add", "Big Name"]).code(4).shown();
    said += &home.quarry(&["agents", "add", "a", "--tool", "serch"]).code(4).shown();
    said += &home.quarry(&["agents", "add", "a", "--model", "fast"]).code(4).shown();
    said += &home.quarry(&["agents", "add", "a", "--steps", "0"]).code(4).shown();
    home.write("wrong.toml", "instruction = \"x\"\n");
    said += &home.quarry(&["agents", "add", "a", "--file", "wrong.toml"]).code(4).shown();
    said += &home.quarry(&["ask", "x", "--agent", "nobody"]).code(3).shown();
    said += &home.quarry(&["sessions", "show", nobody]).code(3).shown();
    said += &home.quarry(&["facts", "update", nobody, "x"]).code(3).shown();
    said += &home.quarry(&["runs", "show", nobody]).code(3).shown();
    said += &home.quarry(&["runs", "approve", nobody, "call_1"]).code(3).shown();
    snapshot!(home, "agents_wrong", said);
}

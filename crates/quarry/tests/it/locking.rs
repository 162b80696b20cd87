//! One process at a time has a data folder.

use std::process::Command;

use crate::harness::{Home, regex_escaped, snapshot};

#[test]
fn a_folder_in_use_by_a_command_is_refused() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let lock = std::fs::OpenOptions::new().write(true).open(home.path().join("quarry-data/lock")).unwrap();
    lock.try_lock().unwrap();
    std::fs::write(home.path().join("quarry-data/lock"), "4711 ingest\n").unwrap();
    snapshot!(home, "locked", home.quarry(&["search", "moon"]).code(5).shown());
    snapshot!(home, "locked_serve", home.quarry(&["serve", "--listen", "127.0.0.1:0"]).code(5).shown());
    drop(lock);
    home.quarry(&["search", "moon"]).code(0);
}

#[test]
fn while_a_server_has_the_folder_commands_go_through_it() {
    let home = Home::with_documents();
    let mut server = home.serve(&[]);
    let report = home.quarry(&["ingest", "docs", "--json"]).code(0).json();
    assert_eq!(report["created"], 4);
    let ran = home.quarry(&["ask", "When was the bridge over the Elster opened?", "-v", "--json"]).code(0);
    assert_eq!(ran.json()["citations"][0]["source"], "bridge.txt");
    assert!(ran.stderr.contains("going through http://127.0.0.1:"), "{}", ran.stderr);
    let id = home.quarry(&["documents", "list", "--json"]).code(0).json()["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!home.quarry(&["documents", "text", &id]).code(0).stdout.is_empty());
    assert!(!home.quarry(&["documents", "original", &id]).code(0).stdout.is_empty());
    home.quarry(&["documents", "chunks", &id]).code(0);
    home.quarry(&["collections", "add", "papers"]).code(0);
    assert_eq!(
        home.quarry(&["collections", "show", "default", "--json"]).code(0).json()["documents"]["ready"],
        4
    );
    assert!(home.quarry(&["index", "verify"]).code(0).stdout.contains("default: clean, 4 chunks"));
    home.quarry(&["index", "repair"]).code(0);
    home.quarry(&["index", "rebuild"]).code(0);
    assert_eq!(
        home.quarry(&["history", "list", "--json"]).code(0).json()["items"].as_array().unwrap().len(),
        1
    );
    home.quarry(&["jobs", "list"]).code(0);
    home.quarry(&["documents", "remove", &id]).code(0);
    home.quarry(&["documents", "show", &id]).code(3);
    assert_eq!(server.stop().0, 0);
    assert!(!home.path().join("quarry-data/server.json").exists());
    assert_eq!(
        home.quarry(&["collections", "show", "default", "--json"]).code(0).json()["documents"]["ready"],
        3
    );
}

#[test]
fn a_second_server_is_refused() {
    let home = Home::new();
    let server = home.serve(&[]);
    let ran = home.quarry(&["serve", "--listen", "127.0.0.1:0"]).code(5);
    assert!(ran.stderr.starts_with("error: a server (process "), "{}", ran.stderr);
    let address = server.url.trim_start_matches("http://");
    let ran = home.quarry(&["serve", "--data", "other", "--listen", address]).code(5);
    assert!(ran.stderr.contains("cannot be listened on: another program listens there"), "{}", ran.stderr);
}

#[test]
fn the_folder_of_a_server_that_was_killed_is_free() {
    let home = Home::with_documents();
    let mut server = home.serve(&[]);
    home.quarry(&["ingest", "docs"]).code(0);
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    server.child.wait().unwrap();
    assert!(home.path().join("quarry-data/server.json").exists());
    assert!(home.quarry(&["index", "verify"]).code(0).stdout.contains("default: clean"));
    assert!(!home.path().join("quarry-data/server.json").exists());
}

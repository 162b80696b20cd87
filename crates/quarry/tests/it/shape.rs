//! The command line itself: help, completions, the document of the API.

use crate::harness::{Home, regex_escaped, snapshot};

#[test]
fn help_says_what_there_is() {
    let home = Home::new();
    snapshot!(home, "help", home.quarry(&["--help"]).code(0).shown());
    snapshot!(home, "help_ask", home.quarry(&["ask", "-h"]).code(0).shown());
    assert!(home.quarry(&["--version"]).code(0).stdout.starts_with("quarry 0."));
}

#[test]
fn a_slip_of_the_hand_is_answered_with_the_nearest_command() {
    let home = Home::new();
    snapshot!(home, "usage", home.quarry(&["serach", "x"]).code(2).shown());
    let ran = home.quarry(&["search", "--json"]).code(2);
    let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"], "usage");
    assert!(error["error"]["message"].as_str().unwrap().contains("required arguments were not provided"));
}

#[test]
fn completions_are_printed_for_every_shell() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.quarry(&["completions", shell]).code(0).stdout;
        assert!(script.contains("quarry") && script.contains("ingest"), "{shell}");
    }
    home.quarry(&["completions", "cmd"]).code(2);
}

#[test]
fn the_document_of_the_api_is_printed() {
    let document = Home::new().quarry(&["openapi"]).code(0).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert!(document["paths"]["/v1/query"]["post"].is_object());
}

#[test]
fn nothing_is_made_by_commands_that_only_print() {
    let home = Home::new();
    for arguments in [&["openapi"][..], &["config", "show"], &["config", "reference"], &["models", "list"]] {
        home.quarry(arguments).code(0);
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

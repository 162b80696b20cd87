//! The audit log at the command line, on a folder and through a server.

use serde_json::{Value, json};

use crate::harness::Home;

#[test]
fn what_was_done_is_listed_exported_and_verified() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let listed = home.quarry(&["audit", "list"]).code(0).stdout;
    assert!(listed.contains("local") && listed.contains("document.add"), "{listed}");
    let made = home.quarry(&["audit", "list", "--action", "collection.add", "--json"]).code(0).json();
    assert_eq!(made["items"].as_array().unwrap().len(), 1);
    assert_eq!(made["items"][0]["actor"], "local");
    let exported = home.quarry(&["audit", "export"]).code(0).stdout;
    let rows: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["number"], 1);
    assert_eq!(rows.len() as u64, rows[rows.len() - 1]["number"].as_u64().unwrap());
    let rest = home.quarry(&["audit", "export", "--from", "2"]).code(0).stdout;
    assert_eq!(rest.lines().count(), rows.len() - 1);

    let found = home.quarry(&["audit", "verify", "--json"]).code(0).json();
    assert_eq!((&found["intact"], &found["rows"]), (&json!(true), &json!(rows.len())));
    let said = home.quarry(&["audit", "verify"]).code(0).stdout;
    let head = said.lines().find_map(|line| line.strip_prefix("head: ")).unwrap().to_owned();
    home.quarry(&["collections", "add", "more"]).code(0);
    home.quarry(&["audit", "verify", "--expect", &head]).code(0);
    let (number, _) = head.split_once(':').unwrap();
    let broken =
        home.quarry(&["audit", "verify", "--expect", &format!("{number}:{}", "0".repeat(64))]).code(1);
    assert!(broken.stderr.contains(&format!("broken at row {number} (rewritten)")), "{}", broken.stderr);
    home.quarry(&["audit", "verify", "--expect", "what"]).code(2);
    home.quarry(&["audit", "list", "--action", "document.read"]).code(2);
}

#[test]
fn the_same_is_done_through_a_server() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let mut server = home.serve(&[]);
    home.quarry(&["search", "moon", "--server", &server.url, "--key", "wrong"]).code(8);
    let refused = ["audit", "list", "--server", &server.url, "--outcome", "refused", "--json"];
    let refused = home.quarry(&refused).code(0).json();
    assert_eq!(refused["items"][0]["action"], "login");
    let through = home.quarry(&["audit", "export", "--server", &server.url]).code(0).stdout;
    assert!(through.lines().count() > 2, "{through}");
    let found = home.quarry(&["audit", "verify", "--server", &server.url, "--json"]).code(0).json();
    assert_eq!(found["intact"], true);
    server.stop();
    assert_eq!(home.quarry(&["audit", "export"]).code(0).stdout, through);
}

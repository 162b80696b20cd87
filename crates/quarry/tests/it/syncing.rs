//! Places that are kept in sync, and addresses that are told.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, SystemTime},
};

use serde_json::{Value, json};

use crate::harness::Home;

/// A home with a folder that sources may read.
fn allowed() -> (Home, [(&'static str, String); 1]) {
    let home = Home::with_documents();
    let root = home.path().join("docs").display().to_string();
    (home, [("QUARRY__SOURCES__FOLDER_ROOTS", root)])
}

fn with<'a>(variables: &'a [(&'static str, String); 1]) -> [(&'static str, &'a str); 1] {
    [(variables[0].0, variables[0].1.as_str())]
}

#[test]
fn a_folder_is_added_synced_and_removed() {
    let (home, variables) = allowed();
    let refused = home.quarry(&["sources", "add", "folder", "docs", "docs"]).code(4);
    assert!(refused.stderr.contains("sources.folder_roots"), "{}", refused.stderr);
    let quarry = |arguments: &[&str]| home.quarry_with(&with(&variables), arguments);
    let made =
        quarry(&["sources", "add", "folder", "docs", "docs", "--every", "1h", "-m", "team=birds", "--json"]);
    assert_eq!(made.code(0).json()["every_seconds"], 3_600);
    let ran = quarry(&["sources", "sync", "docs"]).code(0);
    assert!(ran.stdout.contains("run 1 finished: 4 added"), "{}", ran.stdout);
    let found = quarry(&["search", "moon", "--json"]).code(0).json();
    assert_eq!(found["hits"][0]["source"], "docs/tides.md");
    let listed = quarry(&["sources", "list"]).code(0).stdout;
    assert!(listed.contains("docs  folder  default") && listed.contains("4 added"), "{listed}");

    std::fs::rename(home.path().join("docs/tides.md"), home.path().join("docs/moon.md")).unwrap();
    std::fs::remove_file(home.path().join("docs/fees.csv")).unwrap();
    home.write("docs/new.md", "Something new about lighthouses.");
    let run = quarry(&["sources", "sync", "docs", "--json"]).code(0).json();
    assert_eq!(
        [&run["added"], &run["renamed"], &run["removed"], &run["unchanged"]],
        [&json!(1), &json!(1), &json!(1), &json!(2)],
        "{run}"
    );
    let items = quarry(&["sources", "items", "docs", "--json"]).code(0).json();
    assert_eq!(items["items"].as_array().unwrap().len(), 4);
    assert!(quarry(&["sources", "runs", "docs"]).code(0).stdout.contains("finished"));
    assert!(quarry(&["sources", "pause", "docs"]).code(0).stdout.contains("paused"));
    assert!(quarry(&["sources", "show", "docs"]).code(0).stdout.contains("paused     yes"));
    assert!(quarry(&["sources", "resume", "docs"]).code(0).stdout.contains("resumed"));
    quarry(&["sources", "remove", "docs", "--with-documents"]).code(0);
    assert_eq!(quarry(&["documents", "list", "--json"]).code(0).json()["items"], json!([]));
    let gone = quarry(&["sources", "show", "docs"]).code(3);
    assert!(gone.stderr.contains("quarry sources list"), "{}", gone.stderr);
}

#[test]
fn an_entry_that_fails_is_told_and_a_folder_that_is_away_removes_nothing() {
    let (home, variables) = allowed();
    let quarry = |arguments: &[&str]| home.quarry_with(&with(&variables), arguments);
    quarry(&["sources", "add", "folder", "docs", "docs"]).code(0);
    quarry(&["sources", "sync", "docs"]).code(0);
    std::fs::rename(home.path().join("docs"), home.path().join("away")).unwrap();
    let ran = quarry(&["sources", "sync", "docs"]).code(1);
    assert!(ran.stderr.contains("is its disk there?"), "{}", ran.stderr);
    assert_eq!(quarry(&["documents", "list", "--json"]).code(0).json()["items"].as_array().unwrap().len(), 4);
}

#[test]
fn sources_and_webhooks_go_through_a_server() {
    let (home, variables) = allowed();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
    let mut child =
        command.envs(with(&variables)).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();
    let server = crate::harness::Server { child, url };
    let key = home.key();
    let elsewhere = Home::new();
    let quarry = |arguments: &[&str]| {
        let all: Vec<&str> =
            arguments.iter().copied().chain(["--server", &server.url, "--key", &key]).collect();
        elsewhere.quarry(&all)
    };
    let path = home.path().join("docs");
    quarry(&["sources", "add", "folder", "docs", path.to_str().unwrap()]).code(0);
    let run = quarry(&["sources", "sync", "docs", "--json"]).code(0).json();
    assert_eq!((&run["state"], &run["added"]), (&json!("finished"), &json!(4)));
    let pushed = quarry(&["sources", "add", "push", "crm"]).code(0).stdout;
    assert!(pushed.contains("secret     qs_") && pushed.contains("shown this once"), "{pushed}");
    quarry(&["sources", "sync", "crm"]).code(4);
    assert_eq!(quarry(&["sources", "list", "--json"]).code(0).json()["items"].as_array().unwrap().len(), 2);
    quarry(&["sources", "remove", "docs"]).code(0);
    assert_eq!(quarry(&["documents", "list", "--json"]).code(0).json()["items"].as_array().unwrap().len(), 4);

    let hook = quarry(&["webhooks", "add", "http://127.0.0.1:1/hook", "--event", "document.dead", "--json"]);
    let hook = hook.code(0).json();
    let id = hook["id"].as_str().unwrap();
    let test = quarry(&["webhooks", "test", id]).code(1);
    assert!(test.stderr.contains("may not be reached"), "{}", test.stderr);
    assert!(quarry(&["webhooks", "deliveries", id]).code(0).stdout.contains("waiting"));
    assert!(quarry(&["webhooks", "list"]).code(0).stdout.contains("document.dead"));
    quarry(&["webhooks", "remove", id]).code(0);
    quarry(&["webhooks", "deliveries", id]).code(3);
}

/// The lines of a pass, without its summary.
fn changes(stdout: &str) -> Vec<(String, String)> {
    let lines = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line["change"].is_string())
        .map(|line| {
            (line["change"].as_str().unwrap().to_owned(), line["source"].as_str().unwrap().to_owned())
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(change, source)| ((*change).to_owned(), (*source).to_owned())).collect()
}

#[test]
fn a_watched_folder_is_kept_in_sync_from_pass_to_pass() {
    let home = Home::with_documents();
    let watch = |code: i32, more: &[&str]| {
        let arguments: Vec<&str> =
            ["watch", "docs", "--prefix", "w/", "--once", "--json"].iter().chain(more).copied().collect();
        changes(&home.quarry(&arguments).code(code).stdout)
    };
    home.write("docs/tool.exe", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0");
    home.write("docs/void.md", "");
    let first = watch(7, &[]);
    assert_eq!(
        first
            .iter()
            .map(|(change, source)| (change.as_str(), source.as_str()))
            .filter(|(change, _)| *change == "added")
            .count(),
        4
    );
    assert!(first.contains(&("failed".into(), "w/void.md".into())), "{first:?}");
    std::fs::remove_file(home.path().join("docs/void.md")).unwrap();
    std::fs::remove_file(home.path().join("docs/tool.exe")).unwrap();
    assert_eq!(watch(0, &[]), []);
    home.write("docs/bridge.txt", "The bridge over the Elster was opened in 1894.");
    std::fs::rename(home.path().join("docs/tides.md"), home.path().join("docs/moon.md")).unwrap();
    std::fs::remove_file(home.path().join("docs/fees.csv")).unwrap();
    assert_eq!(
        watch(0, &[]),
        pairs(&[("renamed", "w/moon.md"), ("changed", "w/bridge.txt"), ("removed", "w/fees.csv")])
    );
    // Others' documents are not touched, though they stand below the same prefix.
    home.quarry(&["ingest", "docs/page.html", "--prefix", "w/"]).code(0);
    assert_eq!(watch(0, &[]), []);
    let listed = home.quarry(&["documents", "list", "--json"]).code(0).json();
    let mut sources: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|item| item["source"].as_str().unwrap()).collect();
    sources.sort_unstable();
    assert_eq!(sources, ["w/bridge.txt", "w/docs/page.html", "w/moon.md", "w/page.html"]);
    home.quarry(&["watch", "nowhere"]).code(3);
    home.quarry(&["watch", "docs/moon.md"]).code(4);
}

#[test]
fn a_watched_folder_that_is_suddenly_empty_removes_nothing() {
    let home = Home::new();
    for number in 0..12 {
        home.write(&format!("docs/{number}.md"), format!("Page {number}."));
    }
    home.quarry(&["watch", "docs", "--once"]).code(0);
    std::fs::remove_dir_all(home.path().join("docs")).unwrap();
    std::fs::create_dir(home.path().join("docs")).unwrap();
    let ran = home.quarry(&["watch", "docs", "--once"]).code(1);
    assert!(ran.stderr.contains("12 of 12 documents have no file any more"), "{}", ran.stderr);
    assert_eq!(
        home.quarry(&["documents", "list", "--json"]).code(0).json()["items"].as_array().unwrap().len(),
        12
    );
    home.quarry(&["watch", "docs", "--once", "--force"]).code(0);
    assert_eq!(home.quarry(&["documents", "list", "--json"]).code(0).json()["items"], json!([]));
}

#[cfg(unix)]
#[test]
fn watching_goes_on_until_it_is_stopped() {
    let home = Home::with_documents();
    let server = home.serve(&[]);
    let elsewhere = Home::new();
    elsewhere.write("notes/a.md", "Otters swim.");
    let key = home.key();
    let arguments = ["watch", "notes", "--every", "20ms", "--json", "--server", &server.url, "--key", &key];
    let mut command = elsewhere.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = move || -> Value {
        loop {
            let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            if line["change"].is_string() {
                return line;
            }
        }
    };
    assert_eq!(next()["source"], "a.md");
    elsewhere.write("notes/b.md", "Herons wade.");
    let line = next();
    assert_eq!((&line["change"], &line["source"]), (&json!("added"), &json!("b.md")));
    std::fs::rename(elsewhere.path().join("notes/b.md"), elsewhere.path().join("notes/c.md")).unwrap();
    let line = next();
    assert_eq!(
        (&line["change"], &line["from"], &line["source"]),
        (&json!("renamed"), &json!("b.md"), &json!("c.md"))
    );
    let changed = elsewhere.write("notes/c.md", "Herons stand.");
    let later = SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options().write(true).open(changed).unwrap().set_modified(later).unwrap();
    assert_eq!(next()["change"], "changed");
    std::fs::remove_file(elsewhere.path().join("notes/a.md")).unwrap();
    assert_eq!(next()["change"], "removed");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

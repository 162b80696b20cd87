//! Adding documents, and what is said of those that do not make it.

use serde_json::json;

use crate::harness::{Home, regex_escaped, snapshot};

#[test]
fn a_folder_becomes_searchable_and_a_second_run_changes_nothing() {
    let home = Home::with_documents();
    home.write("docs/.git/config", "hidden");
    home.write("docs/deep/er/note.txt", "A note about lighthouses.");
    snapshot!(home, "ingest", home.quarry(&["ingest", "docs"]).code(0).shown());
    snapshot!(home, "ingest_again", home.quarry(&["ingest", "docs", "--json"]).code(0).shown());
    home.write("docs/bridge.txt", "The bridge over the Elster was opened in 1894.");
    let report = home.quarry(&["ingest", "docs", "--json"]).code(0).json();
    assert_eq!((&report["new_versions"], &report["unchanged"]), (&json!(1), &json!(4)));
    let listed = home.quarry(&["documents", "list", "--json"]).code(0).json();
    let mut sources: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|item| item["source"].clone()).collect();
    sources.sort_by_key(ToString::to_string);
    assert_eq!(
        json!(sources),
        json!(["bridge.txt", "deep/er/note.txt", "fees.csv", "page.html", "tides.md"])
    );
}

#[test]
fn what_fails_is_told_with_its_reason_and_the_rest_is_in() {
    let home = Home::with_documents();
    home.write("docs/void.md", "");
    home.write("docs/fake.pdf", "This is no PDF.");
    home.write("docs/broken.docx", b"PK\x03\x04 and nothing that a zip file would have");
    home.write("docs/song.ogg", b"OggS and whatever follows");
    let ran = home.quarry(&["ingest", "docs"]).code(7);
    snapshot!(home, "ingest_failures", ran.shown());
    let ran = home.quarry(&["ingest", "docs", "--json"]).code(7);
    assert_eq!(ran.json()["documents"], 4);
    assert_eq!(ran.json()["failed"].as_array().unwrap().len(), 3);
    let error: serde_json::Value = serde_json::from_str(ran.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "documents_failed");
}

#[test]
fn lines_of_a_jsonl_file_are_documents() {
    let home = Home::new();
    home.write(
        "corpus.jsonl",
        "{\"id\": \"a\", \"title\": \"Salt\", \"text\": \"Salt was carried over the pass on mules.\", \"metadata\": {\"year\": 1802}}\n\
         \n{\"source\": \"b\", \"text\": \"Copper was smelted in the lower valley.\", \"metadata\": {\"year\": 1850}}\n{\"id\": \"c\"}\n",
    );
    let ran = home.quarry(&["ingest", "--jsonl", "corpus.jsonl", "-m", "kind=history", "--json"]).code(7);
    assert_eq!(ran.json()["created"], 2);
    assert_eq!(ran.json()["failed"][0]["source"], "corpus.jsonl:4");
    assert_eq!(ran.json()["failed"][0]["reason"], "not a document: missing field `text`");
    let filter = r#"{"and": [{"range": {"field": "year", "lt": 1820}}, {"eq": {"field": "kind", "value": "history"}}]}"#;
    let found = home.quarry(&["search", "valley pass", "--filter", filter, "--json"]).code(0).json();
    let sources: Vec<_> =
        found["hits"].as_array().unwrap().iter().map(|hit| hit["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["a"]);
}

#[test]
fn documents_can_be_looked_at_and_erased() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs/tides.md", "-m", "year=2024"]).code(0);
    let listed = home.quarry(&["documents", "list", "--json"]).code(0).json();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed["items"][0]["source"], "docs/tides.md");
    assert_eq!(listed["items"][0]["metadata"]["year"], 2024.0);
    assert!(home.quarry(&["documents", "show", &id]).code(0).stdout.contains("status    ready"));
    assert!(home.quarry(&["documents", "text", &id]).code(0).stdout.contains("The moon raises the sea"));
    let original = home.quarry(&["documents", "original", &id]).code(0).stdout;
    assert_eq!(original, std::fs::read_to_string(home.path().join("docs/tides.md")).unwrap());
    let chunks = home.quarry(&["documents", "chunks", &id, "--json"]).code(0).json();
    assert_eq!(chunks["items"][0]["headings"], json!(["Tides"]));
    let jobs = home.quarry(&["jobs", "list", "--json"]).code(0).json();
    assert_eq!(jobs["items"][0]["status"], "done");
    home.quarry(&["documents", "remove", &id]).code(0);
    let found = home.quarry(&["search", "moon", "--json"]).code(0).json();
    assert_eq!(found["hits"], json!([]));
    assert!(
        home.quarry(&["documents", "show", &id]).code(3).stderr.starts_with("error: there is no document")
    );
}

#[test]
fn collections_are_made_shown_and_erased() {
    let home = Home::with_documents();
    let ran = home.quarry(&["ingest", "docs", "-c", "papers"]).code(3);
    assert!(ran.stderr.starts_with("error: there is no collection `papers`\n"), "{}", ran.stderr);
    home.quarry(&["collections", "add", "papers", "--description", "Papers of all kinds"]).code(0);
    home.quarry(&["collections", "add", "papers"]).code(5);
    home.quarry(&["ingest", "docs", "-c", "papers"]).code(0);
    let shown = home.quarry(&["collections", "show", "papers", "--json"]).code(0).json();
    assert_eq!(shown["documents"]["ready"], 4);
    assert!(home.quarry(&["collections", "list"]).code(0).stdout.contains("Papers of all kinds"));
    home.quarry(&["collections", "remove", "papers"]).code(0);
    home.quarry(&["collections", "show", "papers"]).code(3);
}

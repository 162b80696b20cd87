//! Every refused input, with the sentence a person reads.

use crate::harness::{Home, regex_escaped, snapshot};

#[test]
fn what_is_not_there_is_named() {
    let home = Home::with_documents();
    let mut said = String::new();
    said += &home.quarry(&["ingest", "nowhere"]).code(3).shown();
    said += &home.quarry(&["search", "x"]).code(3).shown();
    home.quarry(&["ingest", "docs"]).code(0);
    said += &home.quarry(&["search", "x", "-c", "papers"]).code(3).shown();
    said += &home.quarry(&["jobs", "show", "01900000-0000-7000-8000-000000000000"]).code(3).shown();
    said += &home.quarry(&["history", "show", "01900000-0000-7000-8000-000000000000"]).code(3).shown();
    said += &home.quarry(&["models", "pull", "word2vec"]).code(4).shown();
    said += &home.quarry(&["models", "pull", "all-minilm-l6-v2", "--from", "nowhere"]).code(3).shown();
    said += &home.quarry(&["eval", "run", "--dataset", "nowhere"]).code(3).shown();
    said += &home.quarry(&["eval", "run", "--dataset", "docs"]).code(4).shown();
    snapshot!(home, "not_there", said);
}

#[test]
fn wrong_values_say_what_is_right() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let mut said = String::new();
    for filter in [
        "{",
        r#"{"eq": {"field": "year"}}"#,
        r#"{"equal": {"field": "year", "value": 1}}"#,
        r#"{"and": [{"range": {"field": "a b", "gt": 1}}]}"#,
    ] {
        said += &home.quarry(&["search", "x", "--filter", filter]).code(4).shown();
    }
    said += &home.quarry(&["search", " "]).code(4).shown();
    said += &home.quarry(&["search", "x", "-k", "0"]).code(4).shown();
    said += &home.quarry(&["ask", "x", "--sentences", "99"]).code(4).shown();
    said += &home.quarry(&["ingest", "docs", "-m", "year"]).code(4).shown();
    said += &home.quarry(&["search", "x", "-c", "Not A Name"]).code(2).shown();
    snapshot!(home, "wrong_values", said);
}

#[test]
fn a_filter_is_refused_as_json_too() {
    let home = Home::with_documents();
    let ran = home.quarry(&["search", "x", "--filter", "{", "--json"]).code(4);
    let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"], "invalid_filter");
    assert!(ran.stdout.is_empty());
}

#[test]
fn a_database_that_is_none_is_not_touched() {
    let home = Home::with_documents();
    home.write(
        "quarry-data/quarry.db",
        "This is a letter to my grandmother, and not a database at all.".repeat(80),
    );
    let before = std::fs::read(home.path().join("quarry-data/quarry.db")).unwrap();
    let ran = home.quarry(&["ingest", "docs"]).code(1);
    assert!(
        ran.stderr.starts_with("error: the database file is damaged or not a database"),
        "{}",
        ran.stderr
    );
    assert_eq!(std::fs::read(home.path().join("quarry-data/quarry.db")).unwrap(), before);
}

#[test]
fn a_data_folder_that_is_a_file_is_refused() {
    let home = Home::with_documents();
    home.write("thing", "a file");
    let ran = home.quarry(&["search", "x", "--data", "thing"]).code(4);
    assert!(ran.stderr.contains("`thing` is a file; a data folder is a folder"), "{}", ran.stderr);
    let ran = home.quarry(&["ingest", "docs", "--data", "thing"]);
    assert!(ran.code != 0 && ran.stderr.contains("`thing` cannot be made"), "{}", ran.stderr);
}

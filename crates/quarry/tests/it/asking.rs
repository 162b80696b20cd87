//! Searching and asking.

use crate::harness::{Home, regex_escaped, snapshot};

#[test]
fn passages_are_found_and_explained() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let found =
        home.quarry(&["search", "how", "long", "is", "the", "bridge", "--json", "--explain"]).code(0).json();
    assert_eq!(found["hits"][0]["source"], "bridge.txt");
    assert!(found["hits"][0]["explain"]["features"].as_array().unwrap().len() > 1);
    let ran = home.quarry(&["search", "bridge Elster", "-k", "1"]).code(0);
    snapshot!(home, "search", ran.shown());
    for mode in ["lexical", "dense"] {
        let found =
            home.quarry(&["search", "bridge over the Elster", "--mode", mode, "--json"]).code(0).json();
        assert_eq!(found["hits"][0]["source"], "bridge.txt", "{mode}");
    }
    let history = home.quarry(&["history", "list", "--json"]).code(0).json();
    assert_eq!(history["items"].as_array().unwrap().len(), 4);
    let id = history["items"][0]["id"].as_str().unwrap();
    assert!(
        home.quarry(&["history", "show", id]).code(0).stdout.contains("question  bridge over the Elster")
    );
}

#[test]
fn a_question_is_answered_with_its_sources() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let ran =
        home.quarry(&["ask", "When was the bridge over the Elster opened?", "--sentences", "1"]).code(0);
    snapshot!(home, "ask", ran.shown());
    let answer = home.quarry(&["ask", "When was the bridge opened?", "--json"]).code(0).json();
    assert_eq!(answer["answered"], true);
    let citation = &answer["citations"][0];
    assert_eq!(citation["source"], "bridge.txt");
    assert_eq!(citation["quote"], "The bridge over the Elster was opened in 1893.");
    let id = citation["document_id"].as_str().unwrap();
    let text = home.quarry(&["documents", "text", id, "--json"]).code(0).json();
    let text: Vec<char> = text["text"].as_str().unwrap().chars().collect();
    let (start, end) =
        (citation["span"]["start"].as_u64().unwrap(), citation["span"]["end"].as_u64().unwrap());
    let cited: String = text[start as usize..end as usize].iter().collect();
    assert_eq!(cited, citation["quote"].as_str().unwrap());
}

#[test]
fn what_the_documents_do_not_say_is_not_made_up() {
    let home = Home::with_documents();
    home.quarry(&["ingest", "docs"]).code(0);
    let answer = home.quarry(&["ask", "What is the boiling point of tungsten?", "--json"]).code(0).json();
    assert_eq!(answer["answered"], false);
    assert_eq!(answer["answer"], "The documents do not answer this.");
}

#[test]
fn a_folder_can_be_asked_without_leaving_anything_behind() {
    let home = Home::with_documents();
    let answer = home
        .quarry(&["ask", "--from", "docs", "--json", "How many flowers does a bee visit?"])
        .code(0)
        .json();
    assert_eq!(answer["citations"][0]["source"], "page.html");
    assert!(!home.path().join("quarry-data").exists());
    home.quarry(&["ask", "--from", "docs", "--data", "kept", "How many flowers does a bee visit?"]).code(0);
    assert!(home.path().join("kept/quarry.db").exists());
}

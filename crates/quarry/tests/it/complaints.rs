//! The loudest complaints about ingestion elsewhere, each as a test that it does not happen here.
//!
//! The long form, with hundreds of kills, is `make chaos`.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use quarry_models::testing::Reply;
use serde_json::{Value, json};

#[cfg(target_os = "linux")]
use crate::{api::looked_for, harness::Server};
use crate::{
    api::{Api, file},
    harness::Home,
    model::Embeddings,
    traps::{self, book, noise},
};

/// A page, so that its reading needs a parser.
const PAGE: &[u8] = b"<html><head><title>Bees</title></head><body><main><h1>Bees</h1><p>A bee visits about five thousand flowers on one day of good weather.</p></main></body></html>";

fn verified(home: &Home) {
    let verified = home.quarry(&["index", "verify", "--json"]).code(0).json();
    assert_eq!(verified["clean"], true, "{verified}");
}

/// The processes that parse for a server.
#[cfg(target_os = "linux")]
fn parsers(server: &Server) -> Vec<u32> {
    let mut found = Vec::new();
    let tasks = format!("/proc/{}/task", server.child.id());
    for task in std::fs::read_dir(tasks).unwrap() {
        // A thread that ends meanwhile lists nothing.
        let children = std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default();
        found.extend(children.split_whitespace().map(|child| child.parse::<u32>().unwrap()));
    }
    let parses = |pid: &u32| {
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.split('\0').any(|word| word == "parse-worker")
    };
    found.retain(parses);
    found
}

/// Ends the parser that reads a document, once there is one.
#[cfg(target_os = "linux")]
fn end_parser(api: &Api, server: &Server, id: &Value, signal: &str) {
    api.until(id, |document| document["status"] == "processing");
    let pid = looked_for(|| parsers(server).first().copied()).expect("no parser was started");
    let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_crashes_the_parser_is_not_stuck_in_processing() {
    let home = Home::new();
    let server = home.serve(&[]);
    let api = Api::of(&home, &server);
    let id = api.add("crash.pdf", &book(4_000), false)["id"].clone();
    end_parser(&api, &server, &id, "-ABRT");
    let failed = api.until(&id, |document| document["status"] == "failed");
    assert!(failed["error"].as_str().unwrap().contains("the parser crashed on it"), "{failed}");
    let ingestion = &failed["ingestion"];
    assert_eq!((&ingestion["code"], &ingestion["stage"]), (&json!("parser_crashed"), &json!("fetched")));
    assert!(ingestion["hint"].is_string(), "{ingestion}");
    let dead = api.items("/v1/jobs/dead");
    assert_eq!((dead.len(), &dead[0]["document_id"]), (1, &id));
    assert!(
        api.items("/v1/jobs?status=running").is_empty() && api.items("/v1/jobs?status=queued").is_empty()
    );
    assert_eq!(api.add("bees.html", PAGE, true)["status"], "ready");
    verified(&home);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_never_done_is_ended() {
    let home = Home::new();
    home.write("quarry-data/quarry.toml", "[parse]\ncpu_seconds = 1\nwall_seconds = 30\n");
    let server = home.serve(&[]);
    let api = Api::of(&home, &server);
    let id = api.add("endless.pdf", &book(9_000), false)["id"].clone();
    let failed = api.until(&id, |document| document["status"] == "failed");
    assert_eq!(failed["ingestion"]["code"], "parser_timeout", "{failed}");
    assert!(failed["error"].as_str().unwrap().contains("`parse.cpu_seconds`"), "{failed}");
    assert_eq!(api.add("bees.html", PAGE, true)["status"], "ready");
}

#[cfg(target_os = "linux")]
#[test]
fn killing_the_parser_process_costs_a_retry() {
    let home = Home::new();
    let server = home.serve(&[]);
    let api = Api::of(&home, &server);
    let id = api.add("large.pdf", &book(4_000), false)["id"].clone();
    end_parser(&api, &server, &id, "-KILL");
    for number in 0..12 {
        assert_eq!(api.add(&format!("{number}.html"), PAGE, true)["status"], "ready");
    }
    // Whoever ended it (the system, when memory is short) says nothing about the document.
    let ready = api.until(&id, |document| document["status"] == "ready");
    assert_eq!(ready["version"], 1);
    assert!(api.items("/v1/jobs/dead").is_empty());
    verified(&home);
}

#[test]
fn a_failed_document_can_be_retried_and_deleted() {
    let home = Home::new();
    home.write("quarry-data/quarry.toml", "[parse]\nmax_pages = 2\n");
    let mut server = home.serve(&[]);
    let mut api = Api::of(&home, &server);
    let ids: Vec<Value> =
        (3..6).map(|pages| api.add(&format!("{pages}.pdf"), &book(pages), true)["id"].clone()).collect();
    for id in &ids {
        let failed = api.document(id);
        assert_eq!(
            (&failed["status"], &failed["ingestion"]["code"]),
            (&json!("failed"), &json!("over_limit"))
        );
    }
    let letters = home.quarry(&["jobs", "dead", "list", "--json"]).code(0).json()["items"].clone();
    assert_eq!(letters.as_array().unwrap().len(), 3);
    let shown = home.quarry(&["jobs", "dead", "show", letters[0]["id"].as_str().unwrap()]).code(0).stdout;
    assert!(shown.contains("over_limit") && shown.contains("hint"), "{shown}");
    home.quarry(&["jobs", "dead", "retry"]).code(2);

    // One is removed while it is failed, and its dead letter with it.
    api.delete(&format!("/v1/documents/{}", ids[0].as_str().unwrap()));
    assert_eq!(api.call("GET", &format!("/v1/documents/{}", ids[0].as_str().unwrap()), &Value::Null).0, 404);
    assert_eq!(api.items("/v1/jobs/dead?code=over_limit").len(), 2);

    // Without the reason, a retry succeeds; with it, the next one fails in the same way.
    let job = api.document(&ids[1])["ingestion"]["job_id"].as_str().unwrap().to_owned();
    api.post(&format!("/v1/jobs/{job}/retry"), &Value::Null);
    api.until(&ids[1], |document| document["status"] == "failed");
    assert_eq!(server.stop().0, 0);
    home.write("quarry-data/quarry.toml", "[parse]\nmax_pages = 100\n");
    server = home.serve(&[]);
    api = Api::of(&home, &server);
    api.post(&format!("/v1/jobs/{job}/retry"), &Value::Null);
    let ready = api.until(&ids[1], |document| document["status"] == "ready");
    assert!(ready["error"].is_null() && ready["ingestion"].is_null(), "{ready}");

    // A dead letter that is dropped is forgotten; its document stays failed until it is removed.
    let dropped = home.quarry(&["jobs", "dead", "drop", "--code", "over_limit", "--json"]).code(0).json();
    assert_eq!(dropped, json!({"jobs": 1}));
    assert!(api.items("/v1/jobs/dead").is_empty());
    assert_eq!(api.document(&ids[2])["status"], "failed");
    api.delete(&format!("/v1/documents/{}", ids[2].as_str().unwrap()));
    assert_eq!(api.items("/v1/documents").len(), 1);
    verified(&home);
}

#[test]
fn a_small_text_does_not_wait_for_a_huge_pdf() {
    let home = Home::new();
    let server = home.serve(&[]);
    let api = Api::of(&home, &server);
    let id = api.add("huge.pdf", &book(5_000), false)["id"].clone();
    api.until(&id, |document| document["status"] != "pending");
    let started = Instant::now();
    let small: [(&str, &[u8]); 3] = [
        ("small.txt", b"Amber is found on the shore after storms."),
        ("small.md", b"# Salt\n\nBy mule.\n"),
        ("small.html", PAGE),
    ];
    for (name, bytes) in small {
        assert_eq!(api.add(name, bytes, true)["status"], "ready", "{name}");
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let huge = api.document(&id);
    if huge["status"] == "processing" {
        assert!(huge["ingestion"]["detail"].as_str().unwrap().starts_with("is being "), "{huge}");
        let (status, job) = api.call(
            "POST",
            &format!("/v1/jobs/{}/cancel", huge["ingestion"]["job_id"].as_str().unwrap()),
            &Value::Null,
        );
        // It may have been done at the last moment.
        assert!(status == 200 && job["status"] == "cancelled" || status == 409, "{status} {job}");
        api.until(&id, |document| matches!(document["status"].as_str(), Some("failed" | "ready")));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_document_deleted_while_processing_stays_deleted() {
    let home = Home::new();
    let mut server = home.serve(&[]);
    let mut api = Api::of(&home, &server);
    let id = api.add("large.pdf", &book(5_000), false)["id"].clone();
    api.until(&id, |document| document["status"] == "processing");
    let path = format!("/v1/documents/{}", id.as_str().unwrap());
    api.delete(&path);
    let gone = |api: &Api| {
        assert_eq!(api.call("GET", &path, &Value::Null).0, 404);
        assert!(api.items("/v1/documents").iter().all(|document| document["id"] != id));
        assert!(api.items("/v1/jobs").iter().all(|job| job["document_id"] != id));
    };
    gone(&api);
    // Nobody goes on reading it for nothing.
    looked_for(|| parsers(&server).is_empty().then_some(())).expect("its parser goes on");
    assert_eq!(api.add("bees.html", PAGE, true)["status"], "ready");
    gone(&api);
    assert_eq!(server.stop().0, 0);
    server = home.serve(&[]);
    api = Api::of(&home, &server);
    gone(&api);
    verified(&home);
}

#[test]
fn the_same_file_sent_twice_at_once_is_one_document() {
    let home = Home::new();
    let server = home.serve(&[]);
    let api = Api::of(&home, &server);
    for number in 0..8 {
        let name = format!("{number}.md");
        let text =
            format!("# Note {number}\n\nThe word of this note is zq{}.\n", "abcdefgh".repeat(number + 1));
        let start = Barrier::new(3);
        let send = || {
            start.wait();
            api.add(&name, text.as_bytes(), false)
        };
        let sent = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(sent.iter().all(|one| one["id"] == sent[0]["id"] && one["version"] == 1), "{sent:?}");
        assert_eq!(sent.iter().filter(|one| one["outcome"] == "created").count(), 1, "{sent:?}");
        api.until(&sent[0]["id"], |document| document["status"] == "ready");
        let question = json!({"query": format!("zq{}", "abcdefgh".repeat(number + 1)), "mode": "lexical"});
        assert_eq!(api.post("/v1/search", &question)["hits"].as_array().unwrap().len(), 1);
    }
    assert_eq!(api.items("/v1/documents").len(), 8);
    verified(&home);
}

#[test]
fn a_provider_that_answers_429_costs_no_attempts() {
    let refuses = Arc::new(AtomicBool::new(true));
    let script = Arc::clone(&refuses);
    let provider = Embeddings::answering(move |texts| {
        if script.load(Ordering::SeqCst) {
            Reply::json(429, &json!({"error": {"message": "slow down"}})).header("retry-after", "1")
        } else {
            Embeddings::vectors(texts)
        }
    });
    let home = Home::new();
    // A single attempt: with the first one that is lost, the document would be too.
    home.write("quarry-data/quarry.toml", format!("{}[ingest]\nmax_attempts = 1\n", provider.configured()));
    let server = home.serve(&[]);
    let api = Api::of(&home, &server);
    let id = api.add("note.txt", b"Amber is found on the shore after storms.", false)["id"].clone();
    let waiting = api.until(&id, |document| {
        document["status"] == "pending" && document["ingestion"]["waits"].as_u64() >= Some(2)
    });
    let ingestion = &waiting["ingestion"];
    assert_eq!((&ingestion["attempt"], &ingestion["code"]), (&json!(0), &json!("embedder_unavailable")));
    let detail = ingestion["detail"].as_str().unwrap();
    assert!(detail.starts_with("waits to be tried again: ") && detail.contains("slow down"), "{detail}");
    assert!(ingestion["due_at"].is_string() && ingestion["hint"].is_string(), "{ingestion}");
    assert!(api.items("/v1/jobs/dead").is_empty());
    refuses.store(false, Ordering::SeqCst);
    api.until(&id, |document| document["status"] == "ready");
    verified(&home);
}

#[test]
fn a_server_killed_in_the_middle_of_a_document_goes_on_with_it() {
    let silent = Arc::new(AtomicBool::new(true));
    let script = Arc::clone(&silent);
    let provider = Embeddings::answering(move |texts| {
        if script.load(Ordering::SeqCst) { Reply::silence() } else { Embeddings::vectors(texts) }
    });
    let home = Home::new();
    home.write("quarry-data/quarry.toml", provider.configured());
    let mut server = home.serve(&[]);
    let mut api = Api::of(&home, &server);
    let id = api.add("bees.html", PAGE, false)["id"].clone();
    let at_work =
        |document: &Value| document["status"] == "processing" && document["ingestion"]["stage"] == "chunked";
    for _ in 0..2 {
        let seen = api.until(&id, at_work);
        assert!(seen["ingestion"]["detail"].as_str().unwrap().starts_with("is being embedded"), "{seen}");
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        server = home.serve(&[]);
        api = Api::of(&home, &server);
    }
    silent.store(false, Ordering::SeqCst);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    server = home.serve(&[]);
    api = Api::of(&home, &server);
    let ready = api.until(&id, |document| document["status"] == "ready");
    assert_eq!((&ready["version"], api.items("/v1/documents").len()), (&json!(1), 1));
    verified(&home);
}

/// How a hostile file may end: with one of these codes, or somehow, as long as it ends and says why.
const SOMEHOW: &[&str] = &[];

#[test]
fn zip_bombs_and_endless_files_end_dead_with_a_reason() {
    let home = Home::new();
    let limits = "[parse]\ncpu_seconds = 20\nwall_seconds = 40\nmax_expanded_megabytes = 32\n";
    home.write("quarry-data/quarry.toml", limits);
    let server = home.serve(&[]);
    let api = Api::of(&home, &server);
    let png = b"\x89PNG\r\n\x1a\n0000000000000000";
    let files: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("bomb.docx", traps::bomb(64), &["over_limit"]),
        ("liar.docx", traps::liar(), &["over_limit", "damaged_document"]),
        ("cut.docx", traps::bomb(1)[..900].to_vec(), &["damaged_document", "wrong_format"]),
        (
            "deep.json",
            format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes(),
            &["over_limit"],
        ),
        ("deep.html", format!("<html><body>{}x", "<div>".repeat(50_000)).into_bytes(), &["over_limit"]),
        (
            "deep.xml",
            format!("<?xml version=\"1.0\"?>{}x", "<a>".repeat(100_000)).into_bytes(),
            &["over_limit"],
        ),
        ("encrypted.docx", traps::encrypted(), &["encrypted_document"]),
        ("page.docx", b"404 Not Found".to_vec(), &["wrong_format"]),
        ("picture.pdf", png.to_vec(), &["wrong_format", "ocr_needed", "damaged_document", "no_text"]),
        ("binary.bin", noise(), &["unsupported_format"]),
        ("blank.txt", b" \n\t \n".to_vec(), &["no_text"]),
        ("endless.pdf", traps::endless_pdf(), SOMEHOW),
        ("busy.pdf", traps::busy_pdf(), SOMEHOW),
        ("broken.pdf", traps::broken_pdf(), SOMEHOW),
    ];
    let mut dead = 0;
    for (name, bytes, codes) in &files {
        let id = api.add(name, bytes, true)["id"].clone();
        let ended =
            api.until(&id, |document| matches!(document["status"].as_str(), Some("ready" | "failed")));
        if ended["status"] == "ready" {
            assert!(codes.is_empty(), "{name} was read: {ended}");
            continue;
        }
        dead += 1;
        assert!(!ended["error"].as_str().unwrap().is_empty(), "{name}: {ended}");
        let code = ended["ingestion"]["code"].as_str().unwrap();
        assert!(codes.is_empty() || codes.contains(&code), "{name}: {ended}");
    }
    assert_eq!(api.items("/v1/jobs/dead").len(), dead);
    // Nothing at all is refused at the door, where its sender still listens.
    let (status, problem) = api.call("POST", "/v1/documents?wait=60", &file("empty.txt", b""));
    let told = problem["code"] == "empty_document" || problem["documents"][0]["status"] == "failed";
    assert!(told, "{status} {problem}");
    assert_eq!(api.add("bees.html", PAGE, true)["status"], "ready");
    verified(&home);
}

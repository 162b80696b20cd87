//! Forms with files.

use quarry_engine::EngineSettings;
use quarry_server::ServerSettings;
use serde_json::json;

use crate::app::{Ask, TestApp};

/// A part of a form: name, file name, content.
type Part<'a> = (&'a str, Option<&'a str>, &'a str);

fn form(boundary: &str, parts: &[Part<'_>]) -> (String, Vec<u8>) {
    let mut body = String::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        body += &format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
        );
    }
    body += &format!("--{boundary}--\r\n");
    (format!("multipart/form-data; boundary={boundary}"), body.into_bytes())
}

trait WithForm {
    fn form(self, boundary: &str, parts: &[Part<'_>]) -> Self;
}

impl WithForm for Ask<'_> {
    fn form(self, boundary: &str, parts: &[Part<'_>]) -> Self {
        let (kind, body) = form(boundary, parts);
        self.body(&kind, body)
    }
}

#[tokio::test]
async fn several_files_come_in_one_form() {
    let app = TestApp::start().await;
    let parts = [
        ("file", Some("a.md"), "# Slate\n\nSlate splits into thin sheets."),
        ("metadata", None, r#"{"kind": "rock"}"#),
        ("file", Some("b.txt"), "Chalk is a soft white limestone."),
    ];
    let reply =
        app.admin.ask("POST", "/v1/documents?wait=60").form("b1", &parts).send().await.expect(200).json();
    let told: Vec<_> =
        reply["documents"].as_array().unwrap().iter().map(|one| (&one["source"], &one["status"])).collect();
    assert_eq!(told, [(&json!("a.md"), &json!("ready")), (&json!("b.txt"), &json!("ready"))]);
    let filter = json!({"eq": {"field": "kind", "value": "rock"}});
    let found = app
        .admin
        .post("/v1/search", json!({"query": "limestone", "filter": filter}))
        .await
        .expect(200)
        .json();
    assert_eq!(found["hits"][0]["source"], "b.txt");
    app.stopped().await;
}

#[tokio::test]
async fn a_form_that_is_sent_again_is_done_once_whatever_its_boundary() {
    let app = TestApp::start().await;
    let parts = [("file", Some("a.txt"), "Quartz is hard."), ("source", None, "minerals/quartz")];
    let send = |boundary: &'static str| {
        app.admin.ask("POST", "/v1/documents?wait=60").header("idempotency-key", "k").form(boundary, &parts)
    };
    let first = send("one").send().await.expect(200);
    let second = send("two").send().await.expect(200);
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(first.json(), second.json());
    assert_eq!(first.json()["documents"][0]["source"], "minerals/quartz");
    app.stopped().await;
}

#[tokio::test]
async fn wrong_forms_say_what_is_wrong() {
    let mut small = EngineSettings::default();
    small.ingest.max_document_bytes = 100;
    let limits = ServerSettings { max_body_bytes: 2_000, ..ServerSettings::default() };
    let app = TestApp::with(limits, small).await;
    let (long, huge) = ("x".repeat(101), "x".repeat(3_000));
    let file: Part<'_> = ("file", Some("a.txt"), "text");
    let cases: &[(&[Part<'_>], u16, &str)] = &[
        (
            &[("file", Some("a.txt"), &long)],
            413,
            "`a.txt` has more than 100 bytes; no more are taken (`ingest.max_document_bytes`)",
        ),
        (&[("metadata", None, &huge)], 413, "the body is too large"),
        (&[("file", Some("a.txt"), "")], 400, "`a.txt` is empty (0 bytes); there is nothing to index"),
        (&[("collection", None, "x")], 400, "no part named `file`"),
        (&[file, ("collection", None, "No Such")], 400, "`No Such` is not a collection name"),
        (&[file, ("metadata", None, "[1]")], 400, "the part `metadata` is not a JSON object"),
        (&[file, ("files", Some("b.txt"), "text")], 400, "the form has a part `files`"),
        (
            &[file, ("file", Some("b.txt"), "t"), ("source", None, "s")],
            400,
            "`source` names one file, but the form has 2",
        ),
        (&[file, file], 400, "the source `a.txt` stands twice"),
    ];
    for (parts, status, sentence) in cases {
        let reply = app.admin.ask("POST", "/v1/documents").form("b", parts).send().await.expect(*status);
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(sentence), "{detail}");
    }
    let broken =
        app.admin.ask("POST", "/v1/documents").body("multipart/form-data; boundary=b", "--b\r\nbroken");
    broken.send().await.problem(400, "invalid_request");
    app.stopped().await;
}

//! Sources over HTTP.

use std::time::Duration;

use quarry_core::{Clock as _, SystemClock};
use quarry_engine::{EngineSettings, signature::sign};
use serde_json::{Value, json};

use crate::app::{Reply, Setup, TestApp};

/// A server that may read one folder.
async fn with_folder() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut engine = EngineSettings::default();
    engine.sources.folder_roots = vec![folder.path().to_owned()];
    (TestApp::set_up(Setup { engine, ..Setup::default() }).await, folder)
}

fn write(folder: &tempfile::TempDir, name: &str, text: &str) {
    std::fs::write(folder.path().join(name), text).unwrap();
}

/// The run that ended, by its number.
async fn ended(app: &TestApp, source: &str, number: u64) -> Value {
    for _ in 0..2_000 {
        let runs = app.admin.get(format!("/v1/sources/{source}/runs")).await.expect(200).json();
        let runs = runs["items"].as_array().unwrap();
        let run = runs.iter().find(|run| run["number"] == number).unwrap().clone();
        if run["state"] != "running" {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the run of `{source}` does not end");
}

async fn sync(app: &TestApp, path: &str) -> Value {
    let begun = app.admin.ask("POST", path).send().await.expect(202).json();
    let source = path.split('/').nth(3).unwrap();
    ended(app, source, begun["number"].as_u64().unwrap()).await
}

#[tokio::test]
async fn a_folder_lives_as_a_source() {
    let (app, folder) = with_folder().await;
    write(&folder, "a.md", "Otters swim.");
    write(&folder, "b.md", "Herons wade.");
    let path = folder.path().to_str().unwrap();
    let body = json!({"name": "docs", "kind": "folder", "path": path, "metadata": {"team": "birds"}});
    let made = app.admin.post("/v1/sources", body.clone()).await.expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("/v1/sources/{id}"));
    assert!(made.json().get("secret").is_none());
    app.admin.post("/v1/sources", body).await.problem(409, "source_exists");

    let run = sync(&app, "/v1/sources/docs/sync").await;
    assert_eq!((&run["state"], &run["added"]), (&json!("finished"), &json!(2)), "{run}");
    let items = app.admin.get(format!("/v1/sources/{id}/items")).await.expect(200).json();
    assert_eq!(items["items"][0]["key"], "a.md");
    let document = items["items"][0]["document_id"].as_str().unwrap();
    let document = app.admin.get(format!("/v1/documents/{document}")).await.expect(200).json();
    assert_eq!(
        (&document["source"], &document["metadata"]["source_name"]),
        (&json!("docs/a.md"), &json!("docs"))
    );

    let read = app.admin.get("/v1/sources/docs").await.expect(200);
    let tag = read.header("etag").to_owned();
    app.admin.ask("GET", "/v1/sources/docs").header("if-none-match", &tag).send().await.expect(304);
    let change = json!({"every_seconds": 3600, "paused": true});
    let patch = |tag: &str| {
        let tag = tag.to_owned();
        let (app, change) = (&app, &change);
        async move {
            app.admin.ask("PATCH", "/v1/sources/docs").header("if-match", &tag).json(change).send().await
        }
    };
    let changed = patch(&tag).await.expect(200).json();
    assert_eq!((&changed["every_seconds"], &changed["paused"]), (&json!(3600), &json!(true)));
    patch(&tag).await.problem(412, "precondition_failed");
    let none = app.admin.ask("PATCH", "/v1/sources/docs").json(&json!({"every_seconds": null})).send().await;
    assert!(none.expect(200).json().get("every_seconds").is_none());

    app.admin.delete("/v1/sources/docs?documents=remove").await.expect(204);
    app.admin.get("/v1/sources/docs").await.problem(404, "source_not_found");
    assert_eq!(app.admin.get("/v1/documents").await.expect(200).json()["items"], json!([]));
    app.stopped().await;
}

#[tokio::test]
async fn what_can_never_work_is_refused_with_a_pointer() {
    let (app, folder) = with_folder().await;
    let path = folder.path().to_str().unwrap();
    let cases = [
        (json!({"name": "A B", "kind": "push"}), "/name", "invalid_source"),
        (json!({"name": "a", "kind": "folder"}), "/path", "invalid_source"),
        (json!({"name": "a", "kind": "folder", "path": "/"}), "/path", "invalid_source"),
        (
            json!({"name": "a", "kind": "folder", "path": path, "every_seconds": 1}),
            "/every_seconds",
            "invalid_source",
        ),
        (json!({"name": "a", "kind": "web", "urls": []}), "/urls", "invalid_source"),
        (json!({"name": "a", "kind": "web", "urls": ["x"]}), "/urls", "invalid_source"),
        (json!({"name": "a", "kind": "mail"}), "/kind", "invalid_request"),
        (json!({"name": "a", "kind": "push", "pth": "x"}), "/pth", "invalid_request"),
        (json!({"name": "a", "kind": "push", "every_seconds": "x"}), "/every_seconds", "invalid_request"),
    ];
    for (body, pointer, code) in cases {
        let problem = app.admin.post("/v1/sources", body.clone()).await.problem(400, code);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    app.admin.ask("POST", "/v1/sources/nobody/sync").send().await.problem(404, "source_not_found");
    app.admin.get("/v1/sources/nobody/runs").await.problem(404, "source_not_found");
    app.admin.get("/v1/sources/nobody/items").await.problem(404, "source_not_found");
    app.admin.delete("/v1/sources/nobody").await.problem(404, "source_not_found");
    app.admin.delete("/v1/sources/nobody?documents=burn").await.problem(400, "invalid_parameter");
    app.stopped().await;
}

#[tokio::test]
async fn a_source_can_be_made_safely_twice() {
    let app = TestApp::start().await;
    let make = || async {
        let body = json!({"name": "crm", "kind": "push"});
        app.admin
            .ask("POST", "/v1/sources")
            .header("idempotency-key", "k1")
            .json(&body)
            .send()
            .await
            .expect(201)
    };
    let (first, second) = (make().await, make().await);
    assert_eq!(first.json(), second.json());
    assert!(first.json()["secret"].as_str().unwrap().starts_with("qs_"));
    assert_eq!(second.header("idempotency-replayed"), "true");
    let listed = app.admin.get("/v1/sources").await.expect(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert!(listed["items"][0].get("secret").is_none(), "{listed}");
    app.stopped().await;
}

struct Sender<'a> {
    app: &'a TestApp,
    id: String,
    secret: String,
}

impl Sender<'_> {
    async fn send(&self, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).unwrap();
        let header = sign(&self.secret, SystemClock.now(), &body);
        self.signed(&self.id, &header, body).await
    }

    async fn signed(&self, id: &str, header: &str, body: Vec<u8>) -> Reply {
        let ask = self.app.anonymous.ask("POST", format!("/v1/sources/{id}/push"));
        ask.header("x-quarry-signature", header).body("application/json", body).send().await
    }
}

async fn sender(app: &TestApp) -> Sender<'_> {
    let made = app.admin.post("/v1/sources", json!({"name": "crm", "kind": "push"})).await.expect(201).json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Sender { app, id: text("id"), secret: text("secret") }
}

#[tokio::test]
async fn a_sender_needs_no_key() {
    let app = TestApp::start().await;
    let crm = sender(&app).await;
    let body = json!({"upserts": [
        {"key": "1", "text": "Otters swim.", "title": "Otters", "metadata": {"year": 2024}},
        {"key": "2", "content_base64": "SGVyb25zIHdhZGUu", "name": "herons.txt"},
    ]});
    let run = crm.send(&body).await.expect(200).json();
    assert_eq!((&run["added"], &run["state"]), (&json!(2), &json!("finished")));
    let listed = app.admin.get("/v1/documents").await.expect(200).json();
    let sources: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|one| one["source"].clone()).collect();
    assert_eq!(sources, [json!("crm/2"), json!("crm/1")]);
    let run = crm.send(&json!({"deletes": ["2"]})).await.expect(200).json();
    assert_eq!((&run["removed"], &run["number"]), (&json!(1), &json!(2)));
    let shown = app.admin.get("/v1/sources/crm").await.expect(200).json();
    assert_eq!(shown["last_run"]["removed"], 1);
    app.admin.ask("POST", "/v1/sources/crm/sync").send().await.problem(400, "source_not_synced");
    app.stopped().await;
}

#[tokio::test]
async fn a_stranger_is_told_the_same_whether_the_source_is_there_or_not() {
    let app = TestApp::start().await;
    let crm = sender(&app).await;
    let body = b"{\"deletes\": [\"1\"]}".to_vec();
    let right = sign(&crm.secret, SystemClock.now(), &body);
    let nobody = "0190a000-0000-7000-8000-000000000000";
    let mut said = std::collections::BTreeSet::new();
    for (id, header) in [
        (crm.id.as_str(), "t=1,v1=00".to_owned()),
        (&crm.id, sign("qs_other", SystemClock.now(), &body)),
        (nobody, right.clone()),
        ("no-id-at-all", right.clone()),
    ] {
        let mut problem = crm.signed(id, &header, body.clone()).await.problem(401, "unauthenticated");
        problem.as_object_mut().unwrap().remove("request_id");
        said.insert(problem.to_string());
    }
    for id in [crm.id.as_str(), nobody] {
        // Without a signature nothing is read, whatever it says of itself.
        let ask = app.anonymous.ask("POST", format!("/v1/sources/{id}/push"));
        let mut problem = ask.body("text/plain", "x").send().await.problem(401, "unauthenticated");
        problem.as_object_mut().unwrap().remove("request_id");
        said.insert(problem.to_string());
    }
    assert_eq!(said.len(), 1, "{said:?}");
    crm.signed(&crm.id, &right, body.clone()).await.expect(200);
    crm.signed(&crm.id, &right, body).await.problem(409, "push_replayed");
    // The admin's key is no signature.
    let ask = app.admin.ask("POST", format!("/v1/sources/{}/push", crm.id));
    ask.json(&json!({"deletes": ["1"]})).send().await.problem(401, "unauthenticated");
    app.stopped().await;
}

#[tokio::test]
async fn a_wrong_push_says_where() {
    let app = TestApp::start().await;
    let crm = sender(&app).await;
    for (body, pointer) in [
        (json!({}), "/upserts"),
        (json!({"upserts": [{"key": "1"}]}), "/upserts/0"),
        (
            json!({"upserts": [{"key": "1", "text": "a"}, {"key": "2", "content_base64": "%"}]}),
            "/upserts/1/content_base64",
        ),
        (json!({"upserts": [{"key": "1", "text": "a"}], "deletes": ["1"]}), "/deletes"),
        (json!({"upserts": [{"kye": "1", "text": "a"}]}), "/upserts/0/kye"),
    ] {
        let reply = crm.send(&body).await.expect(400).json();
        assert_eq!(reply["errors"][0]["pointer"], pointer, "{reply}");
    }
    let long = crm.send(&json!({"upserts": [{"key": "1", "text": "x".repeat(33 << 20)}]})).await;
    long.problem(413, "body_too_large");
    app.stopped().await;
}

//! Ingestion as a client sees it: bulk lines, dead letters, generations, progress.

use serde_json::{Value, json};

use crate::{
    app::{Persona, TestApp, added},
    schema,
};

/// Adds a document that cannot be read, and gives it as it is then.
async fn broken(app: &TestApp, source: &str) -> Value {
    let body = json!({"source": source, "name": source, "content_base64": "UEsDBAAAAAAAAAAAAAAAAA=="});
    let added = app.admin.post("/v1/documents?wait=30", body).await.json();
    let id = added["documents"][0]["id"].as_str().unwrap();
    app.admin.get(format!("/v1/documents/{id}")).await.expect(200).json()
}

async fn lines(persona: &Persona, path: &str, body: &str) -> crate::app::Reply {
    persona.ask("POST", path).body("application/x-ndjson", body.as_bytes().to_vec()).send().await
}

#[tokio::test]
async fn lines_of_any_number_are_stored_and_bad_ones_are_told() {
    let app = TestApp::start().await;
    let mut body: String = (0..600)
        .map(|number| format!("{{\"source\": \"s{number}\", \"text\": \"Otter {number} sleeps.\"}}\n"))
        .collect();
    body.push_str("\n{\"source\": \"s0\", \"text\": \"Otter 0 is awake.\"}\nnot json\n{\"txt\": \"a\"}\n");
    body.push_str("{\"source\": \"bad\", \"text\": \"a\", \"metadata\": {\"a b\": 1}}\n{\"text\": \"last\"}");
    let report = lines(&app.admin, "/v1/documents/bulk", &body).await.expect(200).json();
    schema::check_named("BulkReport", &report);
    assert_eq!(
        (&report["lines"], &report["created"], &report["new_versions"]),
        (&json!(605), &json!(601), &json!(1))
    );
    let failures = report["failures"].as_array().unwrap();
    let told: Vec<_> =
        failures.iter().map(|one| (one["line"].as_u64().unwrap(), one["code"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [(603, "invalid_request"), (604, "invalid_request"), (605, "invalid_metadata")],
        "{failures:#?}"
    );
    // The same again costs no work, but for the source that stands twice.
    let again = lines(&app.admin, "/v1/documents/bulk", &body).await.expect(200).json();
    assert_eq!((&again["created"], &again["unchanged"]), (&json!(0), &json!(600)));
    lines(&app.admin, "/v1/documents/bulk?collection=nobody", "{\"text\": \"a\"}")
        .await
        .problem(404, "collection_not_found");
    let text = app.admin.ask("POST", "/v1/documents/bulk").json(&json!({"text": "a"})).send().await;
    text.problem(415, "unsupported_media_type");
    lines(&app.anonymous, "/v1/documents/bulk", "{\"text\": \"a\"}").await.expect(401);
    app.stopped().await;
}

#[tokio::test]
async fn dead_letters_say_why_and_are_retried_and_dropped() {
    let app = TestApp::start().await;
    let document = broken(&app, "a.docx").await;
    schema::check_named("Document", &document);
    assert_eq!(document["status"], "failed");
    let ingestion = &document["ingestion"];
    assert!(ingestion["hint"].is_string() && ingestion["code"].is_string(), "{document}");
    broken(&app, "b.docx").await;
    added(&app, json!({"text": "A sound one."})).await;
    let dead = app.admin.get("/v1/jobs/dead").await.expect(200).json();
    let dead = dead["items"].as_array().unwrap();
    assert_eq!(dead.len(), 2);
    schema::check_named("Job", &dead[0]);
    assert_eq!((&dead[0]["stage"], &dead[0]["status"]), (&json!("fetched"), &json!("dead")));
    let code = dead[0]["code"].as_str().unwrap();
    let none = app.admin.get("/v1/jobs/dead?code=nothing").await.expect(200).json();
    assert_eq!(none["items"], json!([]));
    app.admin.get("/v1/jobs/dead?collection=nobody").await.problem(404, "collection_not_found");

    let id = dead[0]["id"].as_str().unwrap();
    app.admin.ask("POST", format!("/v1/jobs/{id}/retry")).send().await.expect(200);
    let mut told = app.admin.ask("GET", format!("/v1/jobs/{id}/events")).listen().await.rest().await;
    let last = told.pop().unwrap();
    assert_eq!((last.kind.as_str(), &last.data["status"]), ("job", &json!("dead")));
    let retried = app.admin.post("/v1/jobs/dead/retry", json!({"code": code})).await.expect(200).json();
    assert_eq!(retried, json!({"jobs": 2}));
    for source in ["a.docx", "b.docx"] {
        broken(&app, source).await;
    }
    app.admin.ask("POST", format!("/v1/jobs/{id}/cancel")).send().await.problem(409, "job_over");
    app.admin.post("/v1/jobs/dead/drop", json!({"stages": 1})).await.expect(400);
    let dropped = app.admin.post("/v1/jobs/dead/drop", json!({})).await.expect(200).json();
    assert_eq!(dropped, json!({"jobs": 2}));
    let failed = app.admin.get("/v1/documents?status=failed").await.expect(200).json();
    assert_eq!(failed["items"].as_array().unwrap().len(), 2, "their documents stay, with their reasons");
    app.stopped().await;
}

#[tokio::test]
async fn a_collection_is_cut_anew_and_swapped_back() {
    let app = TestApp::start().await;
    let text = "Sea otters sleep in kelp. They hold hands so that they do not drift apart. ".repeat(8);
    added(&app, json!({"source": "otters", "text": text})).await;
    let place = "/v1/collections/default/generations";
    let wrong = json!({"chunking": {"strategy": "fixed", "max_tokens": 3}});
    app.admin.post(place, wrong).await.problem(400, "invalid_chunking");
    let change = json!({"chunking": {"strategy": "fixed", "max_tokens": 16, "overlap_tokens": 0}});
    let begun = app.admin.post(place, change).await.expect(202);
    schema::check_named("Generation", &begun.json());
    let next = begun.header("location").to_owned();
    assert_eq!(next, format!("{place}/2"));
    let live = async |path: &str| loop {
        let one = app.admin.get(path).await.expect(200).json();
        if one["state"] == "live" {
            break one;
        }
        assert_eq!(one["state"], "building", "{one}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(live(&next).await["done"], 1);
    let collection = app.admin.get("/v1/collections/default").await.expect(200).json();
    assert_eq!(
        (&collection["chunking"]["strategy"], &collection["generation"]),
        (&json!("fixed"), &json!(2))
    );
    assert!(collection["chunks"].as_u64().unwrap() > 4, "{collection}");
    app.admin.delete(&next).await.problem(409, "generation_busy");
    app.admin.ask("POST", format!("{place}/1/activate")).send().await.expect(202);
    live(&format!("{place}/1")).await;
    app.admin.delete(&next).await.expect(204);
    app.admin.get(&next).await.problem(404, "generation_not_found");
    let listed = app.admin.get(place).await.expect(200).json();
    schema::check_named("Generations", &listed);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let verified = app.admin.get("/v1/collections/default/index").await.expect(200).json();
    assert_eq!(verified["clean"], true);
    app.stopped().await;
}

#[tokio::test]
async fn a_collection_tells_how_far_it_is() {
    let app = TestApp::start().await;
    added(&app, json!({"text": "One."})).await;
    let mut told = app.admin.ask("GET", "/v1/collections/default/events").listen().await;
    let first = told.until("progress").await;
    schema::check_named("CollectionProgress", &first.data);
    assert_eq!(first.data["documents"]["ready"], 1);
    added(&app, json!({"text": "Two."})).await;
    loop {
        let next = told.until("progress").await;
        if next.data["documents"]["ready"] == 2 {
            break;
        }
    }
    app.admin.get("/v1/collections/nobody/events").await.problem(404, "collection_not_found");
    drop(told);
    app.stopped().await;
}

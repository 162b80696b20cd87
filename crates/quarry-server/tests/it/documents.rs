//! Documents over HTTP.

use serde_json::{Value, json};

use crate::app::{TestApp, added};

const TIDES: &str = "# Tides\n\nThe moon raises the sea twice a day. The sun does so too, but less.";

#[tokio::test]
async fn a_document_is_added_read_changed_and_removed() {
    let app = TestApp::start().await;
    let body = json!({"source": "notes/tides.md", "text": TIDES, "metadata": {"year": 2024, "tags": ["sea", "moon"]}});
    let reply = app.admin.post("/v1/documents?wait=60", body).await.expect(200);
    let document = reply.json()["documents"][0].clone();
    assert_eq!(
        (&document["outcome"], &document["status"], &document["version"]),
        (&json!("created"), &json!("ready"), &json!(1))
    );
    let place = reply.header("location").to_owned();
    assert_eq!(place, format!("/v1/documents/{}", document["id"].as_str().unwrap()));

    let read = app.admin.get(&place).await.expect(200);
    assert_eq!(read.json()["media_type"], "text/markdown");
    assert_eq!(read.json()["metadata"], json!({"year": 2024.0, "tags": ["sea", "moon"]}));
    let tag = read.header("etag").to_owned();
    let known = app.admin.ask("GET", &place).header("if-none-match", &format!("\"x\", W/{tag}")).send().await;
    assert!(known.expect(304).body.is_empty());

    let text = app.admin.get(format!("{place}/text")).await.expect(200);
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert!(text.text().contains("The moon raises the sea"));
    let chunks = app.admin.get(format!("{place}/chunks")).await.expect(200).json();
    assert_eq!(chunks["items"][0]["headings"], json!(["Tides"]));
    let original = app.admin.get(format!("{place}/original")).await.expect(200);
    assert_eq!(original.text(), TIDES);
    assert_eq!(original.header("content-disposition"), "attachment; filename*=UTF-8''tides.md");
    assert_eq!(original.header("x-content-type-options"), "nosniff");

    let change = json!({"title": "On tides", "metadata": {"year": 2025}});
    let changed =
        app.admin.ask("PATCH", &place).header("if-match", &tag).json(&change).send().await.expect(200).json();
    assert_eq!((&changed["title"], &changed["metadata"]), (&json!("On tides"), &json!({"year": 2025.0})));
    let late = app.admin.ask("PATCH", &place).header("if-match", &tag).json(&change).send().await;
    late.problem(412, "precondition_failed");

    app.admin.delete(&place).await.expect(204);
    app.admin.get(&place).await.problem(404, "document_not_found");
    let found = app.admin.post("/v1/search", json!({"query": "moon and sea"})).await.expect(200).json();
    assert_eq!(found["hits"], json!([]));
    app.stopped().await;
}

#[tokio::test]
async fn the_same_source_makes_a_new_version_and_the_same_bytes_nothing() {
    let app = TestApp::start().await;
    let first = added(&app, json!({"source": "a", "text": "Granite is an igneous rock."})).await;
    let same = added(&app, json!({"source": "a", "text": "Granite is an igneous rock."})).await;
    assert_eq!((&same["outcome"], &same["id"]), (&json!("unchanged"), &first["id"]));
    assert!(same.get("job_id").is_none());
    let next = added(&app, json!({"source": "a", "text": "Marble is a metamorphic rock."})).await;
    assert_eq!(
        (&next["outcome"], &next["id"], &next["version"]),
        (&json!("new_version"), &first["id"], &json!(2))
    );
    app.stopped().await;
}

#[tokio::test]
async fn many_documents_in_one_call_are_listed_in_pages() {
    let app = TestApp::start().await;
    let documents: Vec<Value> = (0..7)
        .map(|number| json!({"source": format!("s{number}"), "text": format!("Stone number {number} lies here.")}))
        .collect();
    let reply = app.admin.post("/v1/documents?wait=60", json!({"documents": documents})).await.expect(200);
    assert_eq!(reply.header("location"), "");
    let sources: Vec<Value> =
        reply.json()["documents"].as_array().unwrap().iter().map(|one| one["source"].clone()).collect();
    assert_eq!(sources, ["s0", "s1", "s2", "s3", "s4", "s5", "s6"]);

    let mut seen = Vec::new();
    let mut path = "/v1/documents?status=ready&limit=3".to_owned();
    loop {
        let page = app.admin.get(path).await.expect(200).json();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|one| one["source"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/documents?status=ready&limit=3&cursor={cursor}");
    }
    seen.sort();
    assert_eq!(seen, ["s0", "s1", "s2", "s3", "s4", "s5", "s6"]);
    app.stopped().await;
}

#[tokio::test]
async fn bytes_come_in_base64_and_a_broken_file_is_a_result() {
    let app = TestApp::start().await;
    let encoded = json!({"documents": [
        {"name": "a.html", "content_base64": "PGh0bWw+PGJvZHk+PGgxPkxhdmE8L2gxPjxwPkxhdmEgaXMgbW9sdGVuIHJvY2suPC9wPjwvYm9keT48L2h0bWw+"},
        {"name": "b.pdf", "content_base64": "bm90IGEgcGRm"},
    ]});
    let reply = app.admin.post("/v1/documents?wait=60", encoded).await.expect(200).json();
    assert_eq!(reply["documents"][0]["status"], "ready", "{reply}");
    assert_eq!(reply["documents"][1]["status"], "failed", "{reply}");
    assert!(reply["documents"][1]["error"].as_str().unwrap().contains("named .pdf"), "{reply}");

    let job = format!("/v1/jobs/{}", reply["documents"][1]["job_id"].as_str().unwrap());
    let dead = app.admin.get(&job).await.expect(200).json();
    assert_eq!(dead["status"], "dead");
    let listed = app.admin.get("/v1/jobs?status=dead").await.expect(200).json();
    assert_eq!(listed["items"][0]["id"], dead["id"]);
    app.admin.ask("POST", format!("{job}/retry")).send().await.expect(200);
    let done = format!("/v1/jobs/{}/retry", reply["documents"][0]["job_id"].as_str().unwrap());
    app.admin.ask("POST", done).send().await.problem(409, "job_not_dead");
    app.stopped().await;
}

#[tokio::test]
async fn text_taken_out_of_a_pdf_is_text() {
    let app = TestApp::start().await;
    added(&app, json!({"source": "report.pdf", "text": "{not json} but text that somebody extracted."}))
        .await;
    app.stopped().await;
}

//! Tenants: made, limited, suspended, erased; and what one sees of another, which is nothing.

use serde_json::{Value, json};

use crate::{
    app::{Persona, Reply, TestApp, added},
    roles::{self, Things},
    schema,
};

async fn tenant(app: &TestApp, name: &str, quotas: Value) -> Persona {
    let body = json!({"name": name, "quotas": quotas});
    let made = app.admin.post("/v1/tenants", body).await.expect(201).json();
    app.anonymous.with_key(made["owner_key"]["key"].as_str().unwrap())
}

#[tokio::test]
async fn a_tenant_is_made_suspended_resumed_and_erased() {
    let app = TestApp::start().await;
    let acme = tenant(&app, "acme", json!({})).await;
    let me = acme.get("/v1/me").await.expect(200).json();
    assert_eq!(
        (&me["tenant"], &me["role"], &me["actor"]),
        (&json!("acme"), &json!("owner"), &json!("key:owner"))
    );
    acme.post("/v1/documents?wait=60", json!({"text": "Otters swim."})).await.expect(200);
    acme.get("/v1/tenants").await.problem(403, "forbidden");
    acme.get("/metrics").await.problem(403, "forbidden");
    app.admin.post("/v1/tenants", json!({"name": "acme"})).await.problem(409, "tenant_exists");
    let wrong = app.admin.post("/v1/tenants", json!({"name": "A b"})).await.problem(400, "invalid_tenant");
    assert_eq!(wrong["errors"][0]["pointer"], "/name");

    let change = |body: Value| app.admin.ask("PATCH", "/v1/tenants/acme").json(&body).send();
    assert_eq!(change(json!({"status": "suspended"})).await.expect(200).json()["status"], "suspended");
    acme.get("/v1/me").await.problem(403, "tenant_suspended");
    change(json!({"status": "active"})).await.expect(200);
    let found = acme.post("/v1/search", json!({"query": "otters"})).await.expect(200).json();
    assert_eq!(found["hits"].as_array().unwrap().len(), 1);

    app.admin.delete("/v1/tenants/acme").await.expect(204);
    acme.get("/v1/me").await.problem(401, "unauthenticated");
    app.admin.get("/v1/tenants/acme").await.problem(404, "tenant_not_found");
    app.admin.delete("/v1/tenants/root").await.problem(400, "invalid_tenant");
    let root = app.admin.ask("PATCH", "/v1/tenants/root").json(&json!({"status": "suspended"})).send().await;
    root.problem(400, "invalid_tenant");
    app.stopped().await;
}

#[tokio::test]
async fn quotas_hold() {
    let app = TestApp::start().await;
    let small = tenant(&app, "small", json!({"documents": 2, "bytes": 40})).await;
    let add = |text: &str| small.post("/v1/documents", json!({"text": text, "source": text}));
    add("Otters swim.").await.expect(202);
    add("Beavers build.").await.expect(202);
    let full = add("Herons wait.").await.problem(403, "quota_reached");
    assert!(full["detail"].as_str().unwrap().contains("`documents` is 2"), "{full}");
    // What is there already is no more than before.
    add("Otters swim.").await.expect(202);
    let quotas = json!({"quotas": {"documents": 3, "bytes": 40}});
    app.admin.ask("PATCH", "/v1/tenants/small").json(&quotas).send().await.expect(200);
    add("Herons wait for hours and hours on end.").await.problem(403, "quota_reached");
    add("Herons wait.").await.expect(202);

    let quotas = json!({"quotas": {"requests_per_day": 3}});
    app.admin.ask("PATCH", "/v1/tenants/small").json(&quotas).send().await.expect(200);
    // Today's requests were counted before there was a quota.
    let spent = small.get("/v1/me").await;
    assert!(spent.headers.contains_key("retry-after"));
    spent.problem(429, "quota_spent");
    let usage = app.admin.get("/v1/tenants/small/usage").await.expect(200).json();
    assert_eq!((&usage["holdings"]["documents"], &usage["days"][0]["requests"]), (&json!(3), &json!(6)));
    app.stopped().await;
}

/// What an answer says, without what differs from request to request.
fn said(reply: &Reply, ids: &[&str]) -> String {
    let mut text = reply.text();
    if let Ok(mut body) = serde_json::from_str::<Value>(&text) {
        if let Some(body) = body.as_object_mut() {
            body.remove("request_id");
        }
        text = body.to_string();
    }
    ids.iter().fold(text, |text, id| text.replace(id, "ID"))
}

#[tokio::test]
async fn no_route_tells_one_tenant_of_another() {
    let app = TestApp::start().await;
    app.admin.post("/v1/collections", json!({"name": "secrets"})).await.expect(201);
    added(&app, json!({"collection": "secrets", "text": "The code word is heron."})).await;
    app.admin.post("/v1/agents", json!({"name": "spy"})).await.expect(201);
    app.admin.post("/v1/keys", json!({"name": "theirs"})).await.expect(201);
    let things = roles::things(&app).await;
    let other = tenant(&app, "other", json!({})).await;
    let nothing = Things::nowhere();
    let mut tried = 0;
    for (path, item) in schema::document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let open =
                operation["security"].as_array().is_some_and(|any| any.iter().any(|one| one == &json!({})));
            let route = format!("{} {path}", method.to_uppercase());
            if open
                || !path.contains('{')
                || path == "/v1/sources/{id}/push"
                || path.starts_with("/v1/models")
            {
                continue;
            }
            let named = path.replace("{name}", "secrets").replace("{key}", "theirs").replace("{number}", "1");
            let theirs = things.path(&named);
            let unknown =
                path.replace("{name}", "nothing").replace("{key}", "nothing").replace("{number}", "1");
            let unknown = nothing.path(&unknown);
            let body = roles::body(&route);
            let there = other.ask(&method.to_uppercase(), &theirs).json(&body).send().await;
            let nowhere = other.ask(&method.to_uppercase(), &unknown).json(&body).send().await;
            if path.starts_with("/v1/tenants") {
                assert_eq!(there.status, 403, "{route}");
                continue;
            }
            assert_eq!(there.status, 404, "{route} {theirs}: {}", there.text());
            let all = things.all();
            let mut ids: Vec<&str> = all.iter().map(String::as_str).collect();
            ids.extend(["0190a000-0000-7000-8000-000000000000", "secrets", "theirs", "nothing"]);
            assert_eq!(said(&there, &ids), said(&nowhere, &ids), "{route} tells what is there");
            tried += 1;
        }
    }
    assert!(tried > 40, "only {tried} routes were tried");

    // Lists and searches of the other hold nothing of it.
    for path in [
        "/v1/collections",
        "/v1/jobs",
        "/v1/runs",
        "/v1/sessions",
        "/v1/facts",
        "/v1/history",
        "/v1/sources",
        "/v1/webhooks",
    ] {
        assert_eq!(other.get(path).await.expect(200).json()["items"], json!([]), "{path}");
    }
    let agents = other.get("/v1/agents").await.expect(200).text();
    assert!(!agents.contains("spy"), "{agents}");
    assert!(!other.get("/v1/models").await.expect(200).text().contains("spy"));
    let keys = other.get("/v1/keys").await.expect(200).json();
    assert_eq!(keys["items"].as_array().unwrap().len(), 1, "only its owner's");
    for path in ["/v1/search", "/v1/query"] {
        let body = json!({"collection": "secrets", "query": "heron"});
        other.post(path, body).await.problem(404, "collection_not_found");
    }
    let chat = json!({"model": "spy", "messages": [{"role": "user", "content": "heron"}]});
    assert_eq!(other.post("/v1/chat/completions", chat).await.status, 404);
    app.stopped().await;
}

//! Every documented route, asked by everybody: what a role may not, it is refused.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    app::{Persona, TestApp, added},
    schema,
};

/// The least role for each route. A route that is added has to be added here.
const LEAST: &[(&str, &str)] = &[
    ("GET /healthz", "anyone"),
    ("GET /readyz", "anyone"),
    ("GET /openapi.json", "anyone"),
    ("POST /v1/sources/{id}/push", "anyone"),
    ("GET /metrics", "admin"),
    ("GET /v1/me", "reader"),
    ("GET /v1/audit", "admin"),
    ("GET /v1/audit/export", "admin"),
    ("GET /v1/audit/verify", "admin"),
    ("GET /v1/agents", "reader"),
    ("POST /v1/agents", "admin"),
    ("GET /v1/agents/{agent}", "reader"),
    ("PATCH /v1/agents/{agent}", "admin"),
    ("DELETE /v1/agents/{agent}", "admin"),
    ("POST /v1/agents/{agent}/runs", "reader"),
    ("GET /v1/agents/{agent}/versions", "reader"),
    ("GET /v1/agents/{agent}/versions/{version}", "reader"),
    ("POST /v1/chat/completions", "reader"),
    ("POST /v1/embeddings", "reader"),
    ("GET /v1/models", "reader"),
    ("GET /v1/models/{id}", "reader"),
    ("GET /v1/collections", "reader"),
    ("POST /v1/collections", "admin"),
    ("GET /v1/collections/{name}", "reader"),
    ("PATCH /v1/collections/{name}", "admin"),
    ("DELETE /v1/collections/{name}", "admin"),
    ("GET /v1/collections/{name}/events", "reader"),
    ("GET /v1/collections/{name}/generations", "reader"),
    ("POST /v1/collections/{name}/generations", "admin"),
    ("GET /v1/collections/{name}/generations/{number}", "reader"),
    ("DELETE /v1/collections/{name}/generations/{number}", "admin"),
    ("POST /v1/collections/{name}/generations/{number}/activate", "admin"),
    ("GET /v1/collections/{name}/index", "admin"),
    ("POST /v1/collections/{name}/index/repair", "admin"),
    ("POST /v1/collections/{name}/index/rebuild", "admin"),
    ("GET /v1/documents", "reader"),
    ("POST /v1/documents", "editor"),
    ("POST /v1/documents/bulk", "editor"),
    ("GET /v1/documents/{id}", "reader"),
    ("PATCH /v1/documents/{id}", "editor"),
    ("DELETE /v1/documents/{id}", "editor"),
    ("GET /v1/documents/{id}/chunks", "reader"),
    ("GET /v1/documents/{id}/original", "reader"),
    ("GET /v1/documents/{id}/text", "reader"),
    ("GET /v1/facts", "reader"),
    ("POST /v1/facts", "reader"),
    ("DELETE /v1/facts", "reader"),
    ("PATCH /v1/facts/{id}", "own"),
    ("DELETE /v1/facts/{id}", "own"),
    ("GET /v1/history", "reader"),
    ("GET /v1/history/{id}", "own"),
    ("DELETE /v1/history/{id}", "own"),
    ("GET /v1/jobs", "editor"),
    ("GET /v1/jobs/dead", "editor"),
    ("POST /v1/jobs/dead/drop", "editor"),
    ("POST /v1/jobs/dead/retry", "editor"),
    ("GET /v1/jobs/{id}", "editor"),
    ("DELETE /v1/jobs/{id}", "editor"),
    ("POST /v1/jobs/{id}/cancel", "editor"),
    ("GET /v1/jobs/{id}/events", "editor"),
    ("POST /v1/jobs/{id}/retry", "editor"),
    ("GET /v1/keys", "reader"),
    ("POST /v1/keys", "admin"),
    ("GET /v1/keys/{key}", "own"),
    ("DELETE /v1/keys/{key}", "own"),
    ("POST /v1/keys/{key}/rotate", "own"),
    ("POST /v1/query", "reader"),
    ("GET /v1/runs", "reader"),
    ("GET /v1/runs/{id}", "own"),
    ("DELETE /v1/runs/{id}", "own"),
    ("POST /v1/runs/{id}/approvals", "own"),
    ("POST /v1/runs/{id}/cancel", "own"),
    ("GET /v1/runs/{id}/events", "own"),
    ("POST /v1/runs/{id}/replay", "own"),
    ("POST /v1/search", "reader"),
    ("GET /v1/sessions", "reader"),
    ("POST /v1/sessions", "reader"),
    ("GET /v1/sessions/{id}", "own"),
    ("PATCH /v1/sessions/{id}", "own"),
    ("DELETE /v1/sessions/{id}", "own"),
    ("GET /v1/sessions/{id}/export", "own"),
    ("GET /v1/sessions/{id}/messages", "own"),
    ("GET /v1/sources", "editor"),
    ("POST /v1/sources", "admin"),
    ("GET /v1/sources/{id}", "editor"),
    ("PATCH /v1/sources/{id}", "admin"),
    ("DELETE /v1/sources/{id}", "admin"),
    ("GET /v1/sources/{id}/items", "editor"),
    ("GET /v1/sources/{id}/runs", "editor"),
    ("POST /v1/sources/{id}/sync", "editor"),
    ("GET /v1/usage", "admin"),
    ("GET /v1/tenants", "owner"),
    ("POST /v1/tenants", "owner"),
    ("GET /v1/tenants/{tenant}", "owner"),
    ("PATCH /v1/tenants/{tenant}", "owner"),
    ("DELETE /v1/tenants/{tenant}", "owner"),
    ("GET /v1/tenants/{tenant}/usage", "owner"),
    ("GET /v1/webhooks", "admin"),
    ("POST /v1/webhooks", "admin"),
    ("DELETE /v1/webhooks/{id}", "admin"),
    ("GET /v1/webhooks/{id}/deliveries", "admin"),
    ("POST /v1/webhooks/{id}/test", "admin"),
];

/// Things that are there, for the parameters of paths.
pub struct Things {
    document: String,
    job: String,
    agent: String,
    run: String,
    session: String,
    fact: String,
    history: String,
    source: String,
    webhook: String,
}

pub async fn things(app: &TestApp) -> Things {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let admin = &app.admin;
    let document = added(app, json!({"text": "Otters swim."})).await;
    let jobs = admin.get("/v1/jobs").await.expect(200).json();
    let agent = admin.get("/v1/agents/default").await.expect(200).json();
    let run = admin.post("/v1/agents/default/runs", json!({"input": "Who swims?"})).await.expect(200).json();
    let session = admin.post("/v1/sessions", json!({})).await.expect(201).json();
    let fact = admin.post("/v1/facts", json!({"text": "I like otters."})).await.expect(201).json();
    let answer = admin.post("/v1/query", json!({"question": "Who swims?"})).await.expect(200).json();
    let source = json!({"name": "pushed", "kind": "push"});
    let source = admin.post("/v1/sources", source).await.expect(201).json();
    let webhook =
        admin.post("/v1/webhooks", json!({"url": "https://example.com/x"})).await.expect(201).json();
    Things {
        document: text(&document, "id"),
        job: text(&jobs["items"][0], "id"),
        agent: text(&agent, "id"),
        run: text(&run, "run_id"),
        session: text(&session, "id"),
        fact: text(&fact, "id"),
        history: text(&answer, "query_id"),
        source: text(&source, "id"),
        webhook: text(&webhook, "id"),
    }
}

impl Things {
    /// Things that are not there.
    pub fn nowhere() -> Self {
        let id = || "0190a000-0000-7000-8000-000000000000".to_owned();
        Self {
            document: id(),
            job: id(),
            agent: id(),
            run: id(),
            session: id(),
            fact: id(),
            history: id(),
            source: id(),
            webhook: id(),
        }
    }

    /// All ids.
    pub fn all(&self) -> Vec<String> {
        [
            &self.document,
            &self.job,
            &self.agent,
            &self.run,
            &self.session,
            &self.fact,
            &self.history,
            &self.source,
            &self.webhook,
        ]
        .map(Clone::clone)
        .to_vec()
    }

    pub fn path(&self, template: &str) -> String {
        let id = match template.split('/').nth(2) {
            Some("documents") => &self.document,
            Some("jobs") => &self.job,
            Some("runs") => &self.run,
            Some("sessions") => &self.session,
            Some("facts") => &self.fact,
            Some("history") => &self.history,
            Some("sources") => &self.source,
            Some("webhooks") => &self.webhook,
            _ => "extractive",
        };
        template
            .replace("{id}", id)
            .replace("{agent}", &self.agent)
            .replace("{name}", "default")
            .replace("{number}", "1")
            .replace("{version}", "1")
            .replace("{key}", "admin")
            .replace("{tenant}", "root")
    }
}

/// A body that is right for a route, so that what refuses is the role and not the shape.
pub fn body(route: &str) -> Value {
    match route {
        "POST /v1/agents" => json!({"name": "other"}),
        "POST /v1/agents/{agent}/runs" => json!({"input": "Who swims?"}),
        "POST /v1/chat/completions" => {
            json!({"model": "default", "messages": [{"role": "user", "content": "Who swims?"}]})
        }
        "POST /v1/embeddings" => json!({"model": "static-en-256", "input": "otter"}),
        "POST /v1/collections" => json!({"name": "other"}),
        "PATCH /v1/collections/{name}" => json!({"description": "x"}),
        "POST /v1/collections/{name}/generations" => json!({"chunking": {"strategy": "fixed"}}),
        "POST /v1/documents" => json!({"text": "Beavers build."}),
        "PATCH /v1/documents/{id}" => json!({"title": "x"}),
        "POST /v1/facts" => json!({"text": "I like beavers."}),
        "PATCH /v1/facts/{id}" => json!({"text": "I like beavers."}),
        "POST /v1/keys" => json!({"name": "other"}),
        "POST /v1/query" => json!({"question": "Who swims?"}),
        "POST /v1/search" => json!({"query": "Who swims?"}),
        "POST /v1/runs/{id}/approvals" => json!({"call_id": "x", "approved": true}),
        "PATCH /v1/sessions/{id}" => json!({"title": "x"}),
        "POST /v1/sources" => json!({"name": "other", "kind": "push"}),
        "POST /v1/tenants" => json!({"name": "other"}),
        "POST /v1/webhooks" => json!({"url": "https://example.com/y"}),
        _ => json!({}),
    }
}

async fn ask(who: &Persona, things: &Things, route: &str) -> (u16, String) {
    let (method, template) = route.split_once(' ').unwrap();
    let path = things.path(template);
    let ask = who.ask(method, path);
    let ask = match (method, template) {
        ("GET" | "DELETE", _) => ask,
        (_, "/v1/documents/bulk") => ask.body("application/x-ndjson", "{\"text\": \"Beavers build.\"}\n"),
        _ => ask.json(&body(route)),
    };
    // Streams that go on for ever are looked at and left.
    if template.ends_with("/events") && !template.contains("runs") {
        return (ask.status().await, String::new());
    }
    let reply = ask.send().await;
    let text = reply.text();
    // Of many lines, each is refused for itself.
    let refused = template.ends_with("/bulk") && text.contains("\"code\":\"forbidden\"");
    (if refused { 403 } else { reply.status.as_u16() }, text)
}

#[tokio::test]
async fn every_route_refuses_whoever_may_not() {
    let app = TestApp::start().await;
    let things = things(&app).await;
    let least: BTreeMap<&str, &str> = LEAST.iter().copied().collect();
    let mut documented = 0;
    for (path, item) in schema::document()["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let route = format!("{} {path}", method.to_uppercase());
            assert!(least.contains_key(route.as_str()), "{route} has no row in the table");
            documented += 1;
        }
    }
    assert_eq!(documented, least.len(), "the table has rows of routes that are not documented");

    let mut wrong = Vec::new();
    let ranks = ["reader", "editor", "admin", "owner"];
    for (place, role) in ranks.into_iter().enumerate().take(3) {
        let who = app.persona(&format!("a-{role}"), json!({"role": role})).await;
        for (route, needed) in LEAST {
            let (status, text) = match *needed {
                "anyone" => continue,
                // What is somebody else's is not there, except for admins, who see to runs, history and keys.
                "own" if role == "admin" => continue,
                "own" => {
                    let (status, text) = ask(&who, &things, route).await;
                    if status != 404 {
                        wrong.push(format!("{role} {route}: {status} instead of 404: {text}"));
                    }
                    continue;
                }
                // Whoever may is only asked to read: what is tried here must not change what is tried next.
                needed if ranks.iter().position(|one| *one == needed).unwrap() <= place => {
                    if !route.starts_with("GET") {
                        continue;
                    }
                    let (status, text) = ask(&who, &things, route).await;
                    if status != 200 && status != 404 {
                        wrong.push(format!("{role} {route}: {status}: {text}"));
                    }
                    continue;
                }
                _ => ask(&who, &things, route).await,
            };
            if status != 403 {
                wrong.push(format!("{role} {route}: {status} instead of 403: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    app.stopped().await;
}

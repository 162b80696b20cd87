//! The server itself: probes, pages, headers, limits, the end.

use std::time::Duration;

use quarry_engine::EngineSettings;
use quarry_server::ServerSettings;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::app::{KEY, TestApp, added};

/// A search whose body does not come, so that it stays at hand.
async fn unfinished(app: &TestApp) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /v1/search HTTP/1.1\r\nhost: quarry\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: 17\r\n\r\n{{\"query\""
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It is at hand once the server counts it; metrics are open to everybody in these tests.
    loop {
        let metrics = app.anonymous.get("/metrics").await.text();
        let line = metrics.lines().find(|line| line.starts_with("quarry_http_requests_in_flight"));
        // This very request counts too; other tests of the process only add to it.
        if line
            .and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .is_some_and(|count| count >= 2.0)
        {
            return stream;
        }
        tokio::task::yield_now().await;
    }
}

async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    String::from_utf8(all).unwrap()
}

fn open() -> ServerSettings {
    ServerSettings { metrics_open: true, ..ServerSettings::default() }
}

#[tokio::test]
async fn probes_answer_without_a_key() {
    let app = TestApp::start().await;
    let alive = app.anonymous.get("/healthz").await.expect(200).json();
    assert_eq!(alive["status"], "ok");
    let ready = app.anonymous.get("/readyz").await.expect(200).json();
    assert_eq!(ready["status"], "ready");
    let names: Vec<_> =
        ready["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["database", "queue", "index", "embedder"]);
    app.anonymous.get("/metrics").await.problem(401, "unauthenticated");
    app.engine.stop(Duration::from_secs(10)).await;
    let broken = app.anonymous.get("/readyz").await.expect(503).json();
    assert_eq!(broken["status"], "not_ready");
    app.stopped().await;
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let app = TestApp::start().await;
    app.admin.get(format!("/v1/jobs/{}", "0190a000-0000-7000-8000-000000000000")).await.expect(404);
    let metrics = app.admin.get("/metrics").await.expect(200).text();
    let counted = |line: &str| {
        line.starts_with("quarry_http_requests_total{")
            && line.contains("route=\"/v1/jobs/{id}\"")
            && line.contains("status=\"404\"")
    };
    assert!(metrics.lines().any(counted), "{metrics}");
    assert!(
        metrics.contains("quarry_http_request_seconds_bucket{route=\"/v1/jobs/{id}\",le=\"0.001\"}"),
        "{metrics}"
    );
    app.stopped().await;
}

#[tokio::test]
async fn every_response_has_an_id_and_is_closed_to_scripts() {
    let app = TestApp::start().await;
    for path in ["/", "/docs", "/healthz", "/v1/collections", "/nothing"] {
        let reply = app.admin.ask("GET", path).header("x-request-id", "mine-1").send().await;
        assert_eq!(reply.header("x-request-id"), "mine-1", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
    let made = app.admin.ask("GET", "/healthz").header("x-request-id", "a b\tc").send().await;
    assert_eq!(made.header("x-request-id").len(), 32);
    assert_eq!(app.admin.get("/v1/collections").await.header("cache-control"), "no-store");
    app.stopped().await;
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere() {
    let app = TestApp::start().await;
    for page in ["/", "/docs"] {
        let html = app.anonymous.get(page).await.expect(200);
        assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
        let text = html.text();
        for attribute in ["src=\"", "href=\""] {
            for link in text.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                if link.starts_with("data:") {
                    continue;
                }
                assert!(link.starts_with('/') && !link.starts_with("//"), "{page} refers to {link}");
                app.anonymous.get(link).await.expect(200);
            }
        }
        assert!(
            !text.contains("<script>") && !text.contains("style=\"") && !text.contains("onclick"),
            "{page}"
        );
    }
    app.stopped().await;
}

#[tokio::test]
async fn one_request_too_many_is_asked_to_come_back() {
    let app = TestApp::with(ServerSettings { max_requests: 1, ..open() }, EngineSettings::default()).await;
    let held = unfinished(&app).await;
    let reply = app.admin.get("/v1/collections").await;
    assert_eq!(reply.header("retry-after"), "1");
    reply.problem(503, "overloaded");
    app.anonymous.get("/healthz").await.expect(200);
    drop(held);
    app.stopped().await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let settings = ServerSettings { request_timeout_seconds: 1, ..open() };
    let app = TestApp::with(settings, EngineSettings::default()).await;
    let mut held = unfinished(&app).await;
    let mut reply = vec![0; 4_096];
    let read = held.read(&mut reply).await.unwrap();
    let reply = String::from_utf8_lossy(&reply[..read]).into_owned();
    assert!(reply.starts_with("HTTP/1.1 504"), "{reply}");
    assert!(reply.contains("was not done within 1 seconds"), "{reply}");
    drop(held);
    app.stopped().await;
}

#[tokio::test]
async fn a_stopping_server_finishes_what_is_at_hand() {
    let mut app = TestApp::with(open(), EngineSettings::default()).await;
    added(&app, json!({"text": "Flint makes sparks."})).await;
    let mut held = unfinished(&app).await;
    app.close();
    // The port is closed to new connections before the request at hand is over.
    while TcpStream::connect(app.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    held.write_all(b":\"flint\"}").await.unwrap();
    let reply = rest(held).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains("Flint makes sparks."), "{reply}");
    app.stopped().await;
}

#[tokio::test]
async fn a_server_does_not_wait_for_ever_to_stop() {
    let settings = ServerSettings { shutdown_grace_seconds: 1, ..open() };
    let app = TestApp::with(settings, EngineSettings::default()).await;
    let held = unfinished(&app).await;
    app.stopped().await;
    let reply = rest(held).await;
    assert_eq!(reply, "");
}

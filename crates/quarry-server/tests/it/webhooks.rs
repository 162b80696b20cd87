//! Webhooks over HTTP.

use std::time::Duration;

use quarry_engine::outbound::OutboundSettings;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::app::{Setup, TestApp, added};

#[tokio::test]
async fn a_webhook_is_made_told_and_removed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let taking = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut bytes = vec![0; 16_384];
            let _ = socket.read(&mut bytes).await;
            let _ = socket.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
        }
    });
    let outbound = OutboundSettings { allow_private: vec![place.clone()], ..OutboundSettings::default() };
    let app = TestApp::set_up(Setup { outbound, ..Setup::default() }).await;
    let body = json!({"url": format!("http://{place}/hook"), "events": ["document.ready"]});
    let made = app.admin.post("/v1/webhooks", body).await.expect(201).json();
    assert!(made["secret"].as_str().unwrap().starts_with("whs_"));
    let id = made["id"].as_str().unwrap();
    let listed = app.admin.get("/v1/webhooks").await.expect(200).json();
    assert_eq!((&listed["items"][0]["id"], listed["items"][0].get("secret")), (&made["id"], None));
    let test = app.admin.ask("POST", format!("/v1/webhooks/{id}/test")).send().await.expect(200).json();
    assert_eq!((&test["state"], &test["status"]), (&json!("delivered"), &json!(204)));

    added(&app, json!({"text": "Otters swim."})).await;
    for _ in 0..2_000 {
        let messages = app.admin.get(format!("/v1/webhooks/{id}/deliveries")).await.expect(200).json();
        let first = &messages["items"][0];
        if first["event"] == "document.ready" && first["state"] == "delivered" {
            app.admin.delete(format!("/v1/webhooks/{id}")).await.expect(204);
            app.admin.get(format!("/v1/webhooks/{id}/deliveries")).await.problem(404, "webhook_not_found");
            app.stopped().await;
            taking.abort();
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nothing was told");
}

#[tokio::test]
async fn a_wrong_webhook_says_where() {
    let app = TestApp::start().await;
    for (body, pointer) in [
        (json!({"url": "gopher://x"}), "/url"),
        (json!({"url": "https://a/b", "events": ["x"]}), "/events"),
        (json!({"url": "https://a/b", "evnts": []}), "/evnts"),
    ] {
        let problem = app.admin.post("/v1/webhooks", body).await.expect(400).json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let missing = json!({"url": "https://a/b", "collection": "nowhere"});
    app.admin.post("/v1/webhooks", missing).await.problem(404, "collection_not_found");
    app.admin.delete("/v1/webhooks/x").await.problem(400, "invalid_id");
    app.stopped().await;
}

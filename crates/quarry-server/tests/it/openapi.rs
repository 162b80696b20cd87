//! The OpenAPI document.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{app::TestApp, schema};

#[test]
fn the_checked_in_document_is_the_present_one() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    let present = quarry_server::openapi_json();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &present).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept.trim_end() == present.trim_end(),
        "docs/reference/openapi.json is not the present one: run this test with UPDATE=1"
    );
}

#[test]
fn every_operation_is_described_and_every_reference_leads_somewhere() {
    let document = schema::document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(
                names.insert(operation["operationId"].as_str().unwrap()),
                "{method} {path} shares its name"
            );
            let said = operation["summary"].as_str().or_else(|| operation["description"].as_str());
            assert!(said.is_some_and(|said| !said.is_empty()), "{method} {path} says nothing of itself");
            assert!(operation["responses"]["default"].is_object(), "{method} {path} has no problem response");
            assert!(operation["tags"][0].is_string(), "{method} {path} has no tag");
        }
    }
    assert!(names.len() >= 54, "{names:?}");
    let text = document.to_string();
    let named: BTreeSet<&str> =
        text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for name in named {
        assert!(document["components"]["schemas"][name].is_object(), "`{name}` is referred to and not there");
    }
}

#[tokio::test]
async fn every_documented_route_is_there_and_asks_for_the_key_as_documented() {
    let app = TestApp::start().await;
    for (path, item) in schema::document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let url = path
                .replace("{name}", "default")
                .replace("{agent}", "default")
                .replace("{version}", "1")
                .replace("{key}", "admin")
                .replace("{tenant}", "root")
                .replace("{id}", "0190a000-0000-7000-8000-000000000000");
            let open = operation["security"]
                .as_array()
                .is_some_and(|any| any.iter().any(|one| one == &serde_json::json!({})));
            let reply = app.anonymous.ask(&method.to_uppercase(), url).send().await;
            if open {
                assert_eq!(reply.status, 200, "{method} {path}");
            } else if operation["tags"][0] == "openai" {
                assert_eq!(reply.expect(401).json()["error"]["code"], "invalid_api_key");
            } else {
                reply.problem(401, "unauthenticated");
            }
        }
    }
    let served = app.anonymous.get("/openapi.json").await.expect(200);
    assert_eq!(served.text(), quarry_server::openapi_json());
    app.stopped().await;
}

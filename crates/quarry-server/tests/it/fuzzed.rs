//! The served OpenAPI document, tried by `schemathesis`: nothing breaks, and nothing is answered that is not documented.
//!
//! All checks are on but two. `positive_data_acceptance` takes every request that fits the schema for one that has to be
//! accepted, and no schema can say which cursor a list gave out, which entity tag is the present one or which collection is
//! there. `negative_data_rejection` takes a header that nobody asked for, and a number beyond a format's range that is
//! a number all the same, for mistakes that have to be refused.

use std::path::Path;

use quarry_server::LimitsSettings;

use crate::{
    app::{KEY, Setup, TestApp},
    clients,
};

/// Cases of each operation and phase. All operations together take about half a minute.
const CASES: &str = "6";

/// Runs it against a server; with the key, or as a stranger.
async fn tried(app: &TestApp, python: &Path, key: Option<&str>) {
    let mut arguments: Vec<String> = [
        "-m",
        "schemathesis.cli",
        "run",
        &format!("http://{}/openapi.json", app.address),
        "--checks",
        "all",
        "--exclude-checks",
        "positive_data_acceptance,negative_data_rejection",
        "--phases",
        "examples,coverage,fuzzing",
        "--max-examples",
        CASES,
        "--continue-on-failure",
        "--no-shrink",
        "--seed",
        "1",
        "--request-timeout",
        "20",
        // Streams without an end, a body of JSON lines, which it cannot write, and what needs embedders that this world has not.
        "--exclude-path-regex",
        "(jobs|collections)/[^/]+/events|/bulk|/generations$|/rebuild$",
    ]
    .map(str::to_owned)
    .to_vec();
    if let Some(key) = key {
        arguments.extend(["--header".to_owned(), format!("Authorization: Bearer {key}")]);
    }
    let place = clients::folder("schemathesis");
    let Some(output) = clients::run(python.to_owned(), arguments, place).await else {
        panic!("{} cannot be run", python.display());
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Test cases:"), "nothing was tried: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_nothing_with_a_key_and_without_one() {
    let Some(python) = clients::python("schemathesis", "schemathesis==4.32.5").await else { return };
    // A tool that shows wrong keys on purpose would soon be told nothing else than to come back later.
    let limits = LimitsSettings { enabled: false, ..LimitsSettings::default() };
    let app = TestApp::set_up(Setup { limits, ..Setup::default() }).await;
    tried(&app, &python, Some(KEY)).await;
    tried(&app, &python, None).await;
    app.stopped().await;
}

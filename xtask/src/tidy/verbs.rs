//! Calls that are right in one place only.

use super::source::{Finding, Source};

/// Where the environment may be read: the executable's configuration, and the chores.
const READS_ENVIRONMENT: &[&str] = &["crates/quarry/src/config", "crates/quarry/src/main.rs", "xtask/"];

/// Where tasks may be started bare, each with why nobody needs to wait for it.
const STARTS_TASKS: &[&str] = &[
    // Group commit of uploads: callers wait for its answers, so it has ended when the last of them was answered.
    "crates/quarry-store/src/documents/add.rs",
    // The chores only name the call.
    "xtask/",
];

/// Where HTTP clients are made, each with whose addresses it calls.
const MAKES_CLIENTS: &[&str] = &[
    // The operator's: model servers and hubs.
    "crates/quarry-models/src/http.rs",
    // Everybody else's, guarded.
    "crates/quarry-engine/src/outbound/",
    // The person's at the terminal: their own server.
    "crates/quarry/src/backend/http.rs",
    // The chores only name the call.
    "xtask/",
];

/// Only the configuration reads the environment.
///
/// Reason: what steers the program must stand in one reference, be checked at start and be shown by `config show`.
pub(super) fn environment(source: &Source) -> Vec<Finding> {
    let reads =
        |line: &str| ["env::var(", "env::var_os(", "env::vars("].iter().any(|call| line.contains(call));
    find(
        source,
        READS_ENVIRONMENT,
        reads,
        "environment",
        "make it a configuration key: only crates/quarry/src/config reads the environment",
    )
}

/// Tasks are started through the tracker that shutdown waits for.
///
/// Reason: a task that nobody waits for is cut off in the middle of its write.
pub(super) fn spawns(source: &Source) -> Vec<Finding> {
    let spawns = |line: &str| ["tokio::spawn(", "task::spawn("].iter().any(|call| line.contains(call));
    find(
        source,
        STARTS_TASKS,
        spawns,
        "spawns",
        "spawn it through the engine's task tracker, so that shutdown waits for it",
    )
}

/// HTTP clients are made in three places.
///
/// Reason: an address that a user, a document or a model supplies must not reach what only this machine can, and only
/// the guarded client sees to that.
pub(super) fn clients(source: &Source) -> Vec<Finding> {
    if !source.text.contains("reqwest") {
        return Vec::new();
    }
    let makes = |line: &str| {
        let names = ["Client::builder(", "Client::new(", "Client::default(", "ClientBuilder::new("];
        let own = |name: &&str| {
            line.split_once(*name).is_some_and(|(before, _)| {
                before.ends_with("reqwest::") || !before.ends_with(|c: char| c.is_alphanumeric() || c == ':')
            })
        };
        line.contains("reqwest::get(") || names.iter().any(own)
    };
    find(
        source,
        MAKES_CLIENTS,
        makes,
        "clients",
        "use the engine's `outbound::Outbound`, which checks where an address leads",
    )
}

fn find(
    source: &Source,
    allowed: &[&str],
    calls: impl Fn(&str) -> bool,
    rule: &'static str,
    advice: &str,
) -> Vec<Finding> {
    let for_tests = source.path.contains("/src/testing/");
    if !source.is_module() || for_tests || allowed.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let is_code = |line: &str| !line.trim_start().starts_with("//");
    source
        .production()
        .filter(|(_, line)| is_code(line) && calls(line))
        .map(|(number, _)| source.finding(number, rule, advice))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_by_the_configuration_only() {
        let text = "//! X.\nlet home = std::env::var(\"HOME\");\n";
        assert_eq!(environment(&Source::new("crates/quarry-store/src/open.rs", text)).len(), 1);
        assert_eq!(environment(&Source::new("crates/quarry/src/config/load.rs", text)), []);
        assert_eq!(environment(&Source::new("crates/quarry-store/tests/it/main.rs", text)), []);
    }

    #[test]
    fn http_clients_are_made_in_three_places() {
        let text = "//! X.\nuse reqwest::Client;\nlet a = Client::builder();\nlet b = reqwest::Client::new();\n\
                    let c = genai::Client::builder();\nlet d = ChatClient::new();\nreqwest::get(url);\n";
        assert_eq!(clients(&Source::new("crates/quarry-server/src/fetch.rs", text)).len(), 3);
        assert_eq!(clients(&Source::new("crates/quarry-engine/src/outbound/client.rs", text)), []);
        assert_eq!(clients(&Source::new("crates/quarry-server/tests/it/app.rs", text)), []);
    }

    #[test]
    fn bare_tasks_are_refused_outside_tests() {
        let text =
            "//! X.\ntokio::spawn(work());\ntracker.spawn(work());\n#[cfg(test)]\ntokio::spawn(work());\n";
        assert_eq!(spawns(&Source::new("crates/quarry-engine/src/jobs.rs", text)).len(), 1);
    }
}

//! The configuration: layers, mistakes, secrets.

use crate::harness::{Home, regex_escaped, snapshot};

#[test]
fn all_mistakes_are_told_at_once() {
    let home = Home::new();
    home.write("my.toml", "[ingest]\nworkrs = 2\nbatch = \"many\"\n\n[servre]\nlisten = \"127.0.0.1:1\"\n");
    let variables = [("QUARRY__LOG__LEVEL", "loud")];
    let ran = home.quarry_with(&variables, &["config", "check", "--config", "my.toml"]).code(4);
    snapshot!(home, "config_mistakes", ran.shown());
    let ran = home.quarry_with(&variables, &["config", "check", "--config", "my.toml", "--json"]).code(4);
    let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["code"], "invalid_config");
}

#[test]
fn a_mistake_stops_every_command_before_it_does_anything() {
    let home = Home::with_documents();
    home.write("quarry-data/quarry.toml", "[ingest]\nworkrs = 2\n");
    let ran = home.quarry(&["ingest", "docs"]).code(4);
    assert!(ran.stderr.contains("did you mean `ingest.workers`?"), "{}", ran.stderr);
    assert!(!home.path().join("quarry-data/quarry.db").exists());
}

#[test]
fn what_is_in_force_is_shown_with_its_origin_and_without_secrets() {
    let home = Home::new();
    home.write(
        "quarry-data/quarry.toml",
        "[store]\nurl = \"postgres://me:hunter2@db/quarry\"\n[ingest]\nworkers = 3\n\
         [[models.embed.openai]]\nbase_url = \"http://m/v1\"\nmodel = \"m\"\napi_key = \"hunter2\"\n",
    );
    let ran = home.quarry_with(&[("QUARRY__LOG__LEVEL", "warn")], &["config", "show"]).code(0);
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    snapshot!(home, "config_show", ran.shown());
    let shown = home.quarry(&["config", "show", "--json"]).code(0).json();
    assert_eq!(shown["settings"]["ingest.workers"]["value"], 3);
    assert_eq!(shown["settings"]["ingest.workers"]["from"], "quarry-data/quarry.toml:4");
    assert_eq!(shown["settings"]["store.url"]["value"], "***");
    assert_eq!(shown["settings"]["log.level"]["from"], "default");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let home = Home::new();
    let ran = home.quarry(&["config", "check", "--config", "gone.toml"]).code(3);
    assert_eq!(
        ran.stderr,
        "error: `gone.toml` cannot be read: no such file or directory\n\
         hint: check the spelling; relative paths start at the current folder\n"
    );
    assert_eq!(
        home.quarry(&["config", "check"]).code(0).stdout,
        "there is no file; the defaults are in force\n"
    );
}

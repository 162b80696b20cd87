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
         [[models.embed.openai]]\nbase_url = \"http://m/v1\"\nmodel = \"m\"\napi_key = \"hunter2\"\n\
         [models.chat.fast]\nprovider = \"openai\"\nmodel = \"m\"\napi_key = \"hunter2\"\n\
         [[agents.mcp]]\nname = \"files\"\ncommand = \"files-mcp\"\ntools = [\"read\"]\nenv = { TOKEN = \"hunter2\" }\n",
    );
    let ran = home.quarry_with(&[("QUARRY__LOG__LEVEL", "warn")], &["config", "show"]).code(0);
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    snapshot!(home, "config_show", ran.shown());
    let shown = home.quarry(&["config", "show", "--json"]).code(0).json();
    assert_eq!(shown["settings"]["ingest.workers"]["value"], 3);
    assert_eq!(shown["settings"]["ingest.workers"]["from"], "quarry-data/quarry.toml:4");
    assert_eq!(shown["settings"]["store.url"]["value"], "***");
    assert_eq!(shown["settings"]["log.level"]["from"], "default");
    assert_eq!(shown["settings"]["models.chat.fast.api_key"]["value"], "***");
    assert_eq!(shown["settings"]["agents.mcp[0].env.TOKEN"]["value"], "***");
}

#[test]
fn mistakes_in_models_and_agents_are_told_with_the_nearest_key() {
    let home = Home::new();
    home.write(
        "my.toml",
        "[models]\nchat_defalt = \"fast\"\n[models.chat.fast]\nprovider = \"openai\"\nmodle = \"m\"\n\
         [[agents.mcp]]\nname = \"a\"\ncomand = \"x\"\n[outbound]\nports = [0]\n",
    );
    snapshot!(
        home,
        "config_agents_keys",
        home.quarry(&["config", "check", "--config", "my.toml"]).code(4).shown()
    );
    home.write(
        "my.toml",
        "[models]\nchat_default = \"big\"\n[models.chat.fast]\nprovider = \"opnai\"\nmodel = \"m\"\nfallbacks = [\"fast\", \"none\"]\n\
         [models.chat.safe]\nprovider = \"anthropic\"\nmodel = \"m\"\n\
         [[agents.mcp]]\nname = \"Big\"\ncommand = \"x\"\ntools = [\"*\"]\n[[agents.mcp]]\nname = \"b\"\ntools = [\"*\"]\n",
    );
    snapshot!(
        home,
        "config_agents_values",
        home.quarry(&["config", "check", "--config", "my.toml"]).code(4).shown()
    );
    home.write("my.toml", "[outbound]\nallow_private = [\"10.0.0.0\"]\n");
    let ran = home.quarry(&["config", "check", "--config", "my.toml"]).code(4);
    assert!(
        ran.stderr.contains("my.toml:2: the rules for outbound requests cannot be used"),
        "{}",
        ran.stderr
    );
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

//! The official OpenAI clients, from their registries, against a server whose model follows a script.
//!
//! They are installed below the target folder once. Where that cannot be done, because there is no Python, no Node or no
//! registry to be reached, the test says so and passes: a machine without a network can still test the rest.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use quarry_models::testing::{ScriptedChat, Turn};
use quarry_server::ServerSettings;

use crate::{
    app::{KEY, TestApp},
    talking::{self, ANSWER},
};

/// A model that looks something up when asked and answers when it has read.
async fn answering() -> TestApp {
    let chat = ScriptedChat::answering("scripted", |request| {
        let read = request.messages.iter().any(|message| message.role == quarry_models::chat::Role::Tool);
        if read { Turn::text(ANSWER.split_inclusive(' ')) } else { talking::looking_up().remove(0) }
    });
    talking::with(Arc::new(chat), ServerSettings::default()).await.0
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai-clients").join(name)
}

/// Runs a command to its end, off the async runtime; none where there is no such program.
async fn run(program: PathBuf, arguments: Vec<String>, place: PathBuf) -> Option<Output> {
    let command = move || Command::new(program).args(arguments).current_dir(place).output().ok();
    tokio::task::spawn_blocking(command).await.unwrap()
}

async fn installs(program: impl Into<PathBuf>, arguments: &[&str], place: &Path) -> bool {
    let program = program.into();
    let arguments = arguments.iter().map(|one| (*one).to_owned()).collect();
    match run(program.clone(), arguments, place.to_owned()).await {
        Some(output) if output.status.success() => true,
        Some(output) => {
            println!("skipped: {} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr));
            false
        }
        None => {
            println!("skipped: there is no {}", program.display());
            false
        }
    }
}

/// Runs a client's script against a server, and shows what it says where it fails.
async fn says_ok(program: PathBuf, script: &str, more: Vec<String>) {
    let app = answering().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let mut arguments =
        vec![script.display().to_string(), format!("http://{}/v1", app.address), KEY.to_owned()];
    arguments.extend(more);
    let output = run(program, arguments, folder("")).await.unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.starts_with("ok"), "{said}{complained}");
    app.stopped().await;
}

#[tokio::test]
async fn the_python_client_chats_streams_lists_and_embeds() {
    let home = folder("python");
    std::fs::create_dir_all(&home).unwrap();
    let (python, done) = (home.join("bin/python"), home.join("installed"));
    if !done.exists() {
        let made = installs("python3", &["-m", "venv", "."], &home).await;
        let wants = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "openai>=3,<4"];
        if !made || !installs(python.clone(), &wants, &home).await {
            return;
        }
        std::fs::write(done, "").unwrap();
    }
    says_ok(python, "chat.py", Vec::new()).await;
}

#[tokio::test]
async fn the_node_client_chats_streams_lists_and_embeds() {
    let home = folder("node");
    std::fs::create_dir_all(&home).unwrap();
    let done = home.join("installed");
    if !done.exists() {
        let wants = [
            "install",
            "--silent",
            "--no-audit",
            "--fetch-timeout=60000",
            "--fetch-retries=1",
            "--no-fund",
            "--prefix",
            ".",
            "openai@7",
        ];
        if !installs("node", &["--version"], &home).await || !installs("npm", &wants, &home).await {
            return;
        }
        std::fs::write(done, "").unwrap();
    }
    says_ok("node".into(), "chat.mjs", vec![home.display().to_string()]).await;
}

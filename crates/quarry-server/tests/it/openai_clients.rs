//! The official OpenAI clients, from their registries, against a server whose model follows a script.
//!
//! Where they cannot be installed, the test says so and passes: a machine without a network can still test the rest.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use quarry_models::testing::{ScriptedChat, Turn};
use quarry_server::ServerSettings;

use crate::{
    app::{KEY, TestApp},
    clients::{folder, installs, python, run},
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
    let Some(python) = python("python", "openai>=3,<4").await else { return };
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

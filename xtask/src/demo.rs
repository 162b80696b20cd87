//! `cargo xtask run`: from a fresh clone to an answer on the terminal, then to a server.

use std::process::Command;

use anyhow::{Result, bail};

use crate::tools;

const SAMPLES: &str = "samples";
const DATA: &str = "quarry-data";
const QUESTION: &str = "How long may a visitor stay in the reading room?";

/// Builds, indexes `samples/` into `./quarry-data`, asks one question, then serves until interrupted.
pub(crate) fn run() -> Result<()> {
    println!("==> building Quarry (release); the first time takes some minutes");
    tools::run(&mut tools::cargo(&["build", "--locked", "--release", "--package", "quarry"]))?;

    println!("\n==> quarry ingest {SAMPLES} --data {DATA}");
    tools::run(quarry().args(["ingest", SAMPLES, "--data", DATA]))?;

    println!("\n==> quarry ask \"{QUESTION}\" --data {DATA}");
    tools::run(quarry().args(["ask", QUESTION, "--data", DATA]))?;

    println!("\n==> quarry serve --data {DATA}    (stop it with Ctrl-C)");
    become_server(quarry().args(["serve", "--data", DATA]))
}

fn quarry() -> Command {
    let mut command = Command::new(tools::target().join("release/quarry"));
    command.current_dir(tools::root());
    command
}

/// This process becomes the server, so that an interrupt reaches it alone and it can close in order.
#[cfg(unix)]
fn become_server(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    bail!("the server could not be started: {error}")
}

#[cfg(not(unix))]
fn become_server(command: &mut Command) -> Result<()> {
    tools::run(command)
}

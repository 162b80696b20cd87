//! The Python side of `bench/`: its own virtual environment, then the script.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::tools;

/// `bench agent` measures runs of agents, `bench ingest` ingestion, `bench` everything else.
pub(crate) fn measure(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((what, rest)) if what == "agent" => run("agent.py", rest),
        Some((what, rest)) if what == "ingest" => run("ingest.py", rest),
        _ => run("run.py", arguments),
    }
}

/// `chaos texts` ends the server while texts are added; `chaos` also its parsers, while files of all kinds are.
pub(crate) fn chaos(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((what, rest)) if what == "texts" => run("chaos/kill.py", rest),
        _ => run("chaos/kill_files.py", arguments),
    }
}

/// Runs a script of `bench/` in its environment, which is made when it is missing.
fn run(script: &str, arguments: &[String]) -> Result<()> {
    let python = environment()?;
    tools::run(
        Command::new(python)
            .arg(tools::root().join("bench").join(script))
            .args(arguments)
            .current_dir(tools::root()),
    )
}

/// The environment's Python. It lives under `target/`, so that cleaning removes it, and keeps a copy of the
/// requirements it was made from, so that a run asks the package index only when they change.
fn environment() -> Result<PathBuf> {
    let folder = tools::target().join("bench-venv");
    let python = folder.join("bin/python");
    let requirements = tools::root().join("bench/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).context("bench/requirements.txt cannot be read")?;
    let installed = folder.join("requirements.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    println!("==> making the bench's Python environment, once");
    tools::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .context("the bench needs Python 3.10 or newer with its venv module")?;
    let mut install = Command::new(&python);
    tools::run(install.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))?;
    std::fs::write(&installed, wanted).context("the bench's environment cannot be written to")?;
    Ok(python)
}

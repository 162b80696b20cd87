//! The Python side of `bench/`: its own virtual environment, then the script.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::tools;

/// Runs a script of `bench/` in its environment, which is made when it is missing.
pub(crate) fn run(script: &str, arguments: &[String]) -> Result<()> {
    let python = environment()?;
    tools::run(
        Command::new(python)
            .arg(tools::root().join("bench").join(script))
            .args(arguments)
            .current_dir(tools::root()),
    )
}

/// The environment's Python. It lives under `target/`, so that cleaning removes it.
fn environment() -> Result<PathBuf> {
    let folder = tools::target().join("bench-venv");
    let python = folder.join("bin/python");
    if !python.exists() {
        println!("==> making the bench's Python environment, once");
        tools::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            .context("the bench needs Python 3.10 or newer with its venv module")?;
    }
    let requirements = tools::root().join("bench/requirements.txt");
    tools::run(
        Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements),
    )?;
    Ok(python)
}

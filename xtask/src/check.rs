//! `cargo xtask test`: everything that must pass before a change lands, and its coverage.

use anyhow::{Context, Result};

use crate::{
    codegen,
    steps::{self, Step},
    throwaway::{POSTGRES, REDIS, Throwaway},
    tidy, tools,
};

/// Pinned, so that a clean machine gets the runner that the configuration was written for.
const NEXTEST: &str = "0.9.143";

const STEPS: &[Step] = &[
    Step { name: "tools", about: "what the tests need and this machine lacks", run: prepare },
    Step { name: "format", about: "cargo fmt --check", run: format },
    Step { name: "tidy", about: "the rules that no compiler knows", run: tidy::run },
    Step { name: "lint", about: "clippy on every target, warnings denied", run: lint },
    Step { name: "doc", about: "the examples in the documentation", run: doc },
    Step { name: "test", about: "every test, on SQLite and PostgreSQL, in memory and in Redis", run: test },
    Step { name: "codegen", about: "generated references are up to date", run: || codegen::run(true) },
];

/// Runs the steps named, or all of them.
pub(crate) fn run(wanted: &[String]) -> Result<()> {
    steps::run(STEPS, wanted)
}

/// Line coverage of the whole workspace, PostgreSQL and Redis included where they can be had.
pub(crate) fn coverage() -> Result<()> {
    if !tools::answers("cargo", &["llvm-cov", "--version"]) {
        println!(
            "cargo-llvm-cov is not installed, so there is no coverage to show.\n\
             `cargo install cargo-llvm-cov --locked` and `rustup component add llvm-tools` bring it."
        );
        return Ok(());
    }
    with_servers(&["llvm-cov", "--workspace", "--ignore-filename-regex", "xtask/", "--summary-only"])
}

fn prepare() -> Result<()> {
    if has_nextest() {
        println!("    cargo-nextest is here");
        return Ok(());
    }
    println!("    installing cargo-nextest {NEXTEST}; this takes some minutes, once");
    let install = tools::run(&mut tools::cargo(&[
        "install",
        "--quiet",
        "--locked",
        "--version",
        NEXTEST,
        "cargo-nextest",
    ]));
    if let Err(error) = install {
        println!("    it could not be installed ({error:#}); `cargo test` stands in for it");
    }
    Ok(())
}

fn has_nextest() -> bool {
    tools::answers("cargo", &["nextest", "--version"])
}

fn format() -> Result<()> {
    tools::run(&mut tools::cargo(&["fmt", "--all", "--check"])).context("`cargo fmt --all` mends this")
}

fn lint() -> Result<()> {
    tools::run(&mut tools::cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

/// Before the tests, so that the tests' summary is the last thing a reader of the log sees.
fn doc() -> Result<()> {
    tools::run(&mut tools::cargo(&["test", "--locked", "--workspace", "--doc", "--quiet"]))
}

fn test() -> Result<()> {
    if has_nextest() {
        let profile = if std::env::var_os("CI").is_some() { "ci" } else { "default" };
        with_servers(&["nextest", "run", "--locked", "--workspace", "--profile", profile])
    } else {
        with_servers(&["test", "--locked", "--workspace", "--lib", "--bins", "--tests"])
    }
}

fn with_servers(arguments: &[&str]) -> Result<()> {
    let mut command = tools::cargo(arguments);
    let (mut running, mut skipped) = (Vec::new(), Vec::new());
    for kind in [&POSTGRES, &REDIS] {
        if let Some(server) = Throwaway::start(kind)? {
            command.env(kind.variable, &server.url);
            running.push(server);
        } else {
            skipped.push(kind.skipped);
        }
    }
    tools::run(&mut command)?;
    for said in skipped {
        println!("{said}");
    }
    Ok(())
}

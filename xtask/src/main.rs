//! Chores of this repository, in Rust so that they run wherever the project builds.
//!
//! `cargo xtask <chore>`: the Makefile is a menu over these and holds no logic. A chore prints what it does and
//! why it failed; it never changes a file that it does not name.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who runs it")]

mod bench;
mod check;
mod codegen;
mod demo;
mod metrics;
mod steps;
mod throwaway;
mod tidy;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore> [arguments]

  tidy                    the rules that no compiler knows: arrows, sizes, words, names
  codegen [--check]       write docs/reference/ from the built binary, or fail when it is stale
  test [step...]          everything that must pass before a change lands; with names, only those steps
  run                     build, index samples/, ask one question, serve
  coverage                line coverage of the tests, where cargo-llvm-cov is installed
  bench [arguments]       speed and memory against the peer (bench/README.md)
  bench agent [arguments] what a run of an agent costs beside its model
  bench ingest [arguments]
                          ingestion of 10,000 documents against the peer
  chaos [arguments]       kill -9 of server and parsers while files are added, 200 times (bench/README.md)
  chaos texts [arguments] kill -9 of the server while texts are added, with all checks after each of fifty kills";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match chore.as_str() {
        "tidy" => tidy::run(),
        "codegen" => codegen::run(rest.iter().any(|argument| argument == "--check")),
        "test" => check::run(&rest),
        "run" => demo::run(),
        "coverage" => check::coverage(),
        "bench" => bench::measure(&rest),
        "chaos" => bench::chaos(&rest),
        _ => {
            eprintln!("{USAGE}");
            return if chore.is_empty() || chore == "help" { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask {chore}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

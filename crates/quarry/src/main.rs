//! The handle: command line, configuration and wiring. Everything that Quarry does is in the crates below; this one
//! reads what the caller wants, builds the engine or finds the server, and prints what comes back.

mod backend;
mod cli;
mod commands;
mod config;
mod context;
mod data;
mod failure;
mod hints;
mod output;
mod reference;
mod telemetry;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::{cli::Cli, output::Output};

/// Gives freed memory back to the system soon, and costs less per request than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(refused) => return commands::refuse(&refused),
    };
    let out = Output::new(cli.global.json, cli.global.quiet, cli.global.verbose);
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

//! `quarry parse-worker`: the child's side of the cage.

use clap::Args;
use quarry_engine::cage;

use crate::failure::{Exit, Failure, Outcome};

/// What it may take.
#[derive(Debug, Args)]
pub(crate) struct ParseWorkerArgs {
    /// Megabytes of memory.
    #[arg(long, value_name = "N", default_value_t = 1_024)]
    memory_megabytes: u64,
}

/// Answers until standard input closes. Needs no configuration, no data folder and no other thread.
pub(crate) fn run(arguments: &ParseWorkerArgs) -> Outcome<()> {
    cage::serve(arguments.memory_megabytes).map_err(|error| {
        Failure::new(Exit::Failed, "parser_failed", format!("documents cannot be parsed: {error}"))
    })
}

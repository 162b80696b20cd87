//! `quarry completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{cli::Cli, context::Context};

/// For which shell.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(context: &Context, arguments: &CompletionsArgs) {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "quarry", &mut script);
    context.out.bytes(&script);
}

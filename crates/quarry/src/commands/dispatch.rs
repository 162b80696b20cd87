//! From the parsed command line to the command: logging and threads as the command needs them.

use std::{future::Future, process::ExitCode};

use crate::{
    cli::{Cli, Command},
    commands::{
        agents, ask, audit, chat, collections, completions, config, documents, eval, facts, history, index,
        ingest, jobs, keys, mcp, models, parse_worker, runs, search, serve, sessions, sources, tenants,
        watch, webhooks,
    },
    config::Flags,
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::Output,
    reference, telemetry,
};

/// Threads of a command that ends by itself. Parsing and embedding have their own.
const COMMAND_THREADS: usize = 2;

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Outcome<()> {
    let context = Context::new(cli.global, flags(&cli.command));
    match cli.command {
        Command::Config(command) => config::run(&context, &command),
        Command::Completions(arguments) => {
            completions::run(&context, &arguments);
            Ok(())
        }
        Command::Openapi => {
            context.out.raw(&(quarry_server::openapi_json().trim_end().to_owned() + "\n"));
            Ok(())
        }
        Command::CliReference => {
            context.out.raw(&reference::page());
            Ok(())
        }
        Command::ParseWorker(arguments) => parse_worker::run(&arguments),
        Command::Serve(arguments) => {
            let settings = context.config()?;
            telemetry::serve(&settings.log, context.verbose);
            let threads = match settings.runtime.worker_threads {
                0 => std::thread::available_parallelism().map_or(2, usize::from),
                threads => threads,
            };
            block_on(threads, serve::run(&context, &arguments))
        }
        command => {
            // Through a server, the configuration of this machine has no say.
            let log = if context.server.is_some() { None } else { Some(&context.config()?.log) };
            telemetry::command(log.unwrap_or(&crate::config::LogSettings::default()), context.verbose);
            block_on(COMMAND_THREADS, asynchronous(&context, command))
        }
    }
}

async fn asynchronous(context: &Context, command: Command) -> Outcome<()> {
    match command {
        Command::Ingest(arguments) => ingest::run(context, &arguments).await,
        Command::Watch(arguments) => watch::run(context, &arguments).await,
        Command::Search(arguments) => search::run(context, &arguments).await,
        Command::Ask(arguments) => ask::run(context, &arguments).await,
        Command::Chat(arguments) => chat::run(context, &arguments).await,
        Command::Mcp(arguments) => mcp::run(context, &arguments).await,
        Command::Agents(command) => agents::run(context, &command).await,
        Command::Sessions(command) => sessions::run(context, &command).await,
        Command::Facts(command) => facts::run(context, &command).await,
        Command::Runs(command) => runs::run(context, &command).await,
        Command::Collections(command) => collections::run(context, &command).await,
        Command::Documents(command) => documents::run(context, &command).await,
        Command::Jobs(command) => jobs::run(context, &command).await,
        Command::Sources(command) => sources::run(context, &command).await,
        Command::Webhooks(command) => webhooks::run(context, &command).await,
        Command::Keys(command) => keys::run(context, &command).await,
        Command::Tenants(command) => tenants::run(context, &command).await,
        Command::Whoami => keys::whoami(context).await,
        Command::History(command) => history::run(context, &command).await,
        Command::Audit(command) => audit::run(context, &command).await,
        Command::Index(command) => index::run(context, &command).await,
        Command::Models(command) => models::run(context, &command).await,
        Command::Eval(command) => eval::run(context, &command).await,
        Command::Serve(_)
        | Command::ParseWorker(_)
        | Command::Config(_)
        | Command::Completions(_)
        | Command::Openapi
        | Command::CliReference => Ok(()),
    }
}

/// What the command line sets in the configuration.
fn flags(command: &Command) -> Flags {
    match command {
        Command::Serve(arguments) => {
            arguments.listen.iter().map(|listen| ("server.listen", listen.clone(), "--listen")).collect()
        }
        Command::Eval(command) => command
            .embedder()
            .map(|id| ("models.embed.default", id.to_owned(), "--embedder"))
            .into_iter()
            .collect(),
        _ => Flags::new(),
    }
}

fn block_on(threads: usize, work: impl Future<Output = Outcome<()>>) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::new(Exit::Failed, "no_threads", format!("threads cannot be started: {error}"))
    })?;
    let outcome = runtime.block_on(work);
    // What is still running was given its time; the process does not wait for it a second time.
    runtime.shutdown_background();
    outcome
}

/// Prints what clap has to say: help and version, or why the command line is wrong.
pub(crate) fn refuse(refused: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    if refused.use_stderr() && wants_json {
        let text = refused.to_string();
        let mut parts = text.trim_start_matches("error: ").splitn(2, "\n\n");
        let message = parts.next().unwrap_or_default().trim().to_owned();
        let failure =
            Failure::new(Exit::Usage, "usage", message).hint("`quarry help` lists commands and options");
        Output::new(true, false, 0).failure(&failure);
        return ExitCode::from(Exit::Usage as u8);
    }
    drop(refused.print());
    ExitCode::from(u8::try_from(refused.exit_code()).unwrap_or(1))
}

//! The command line: global options and the list of commands. Each command's own arguments stand in its file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    agents::AgentsCommand, ask::AskArgs, audit::AuditCommand, chat::ChatArgs,
    collections::CollectionsCommand, completions::CompletionsArgs, config::ConfigCommand,
    documents::DocumentsCommand, eval::EvalCommand, facts::FactsCommand, history::HistoryCommand,
    index::IndexCommand, ingest::IngestArgs, jobs::JobsCommand, keys::KeysCommand, mcp::McpArgs,
    models::ModelsCommand, parse_worker::ParseWorkerArgs, runs::RunsCommand, search::SearchArgs,
    serve::ServeArgs, sessions::SessionsCommand, sources::SourcesCommand, tenants::TenantsCommand,
    watch::WatchArgs, webhooks::WebhooksCommand,
};

/// From a folder of documents to ranked passages, and answers whose every sentence points to its source.
#[derive(Debug, Parser)]
#[command(name = "quarry", version, propagate_version = false, max_term_width = 100)]
#[command(
    after_help = "Start with `quarry ingest PATH`, then `quarry ask \"...\"`; `quarry serve` opens the same over HTTP."
)]
#[command(after_long_help = crate::reference::exit_codes())]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Folder that holds everything [default: ./quarry-data].
    #[arg(long, global = true, value_name = "DIR", env = "QUARRY_DATA", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file [default: quarry.toml in the data folder, if it is there].
    #[arg(long, global = true, value_name = "FILE", env = "QUARRY_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Go through this server instead of using the data folder.
    #[arg(long, global = true, value_name = "URL", env = "QUARRY_SERVER", hide_env_values = true)]
    pub(crate) server: Option<String>,
    /// Key for the server [default: admin.key in the data folder].
    #[arg(long, global = true, value_name = "KEY", env = "QUARRY_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// Print one JSON object on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing on standard error but errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say more on standard error; twice for logs, three times for all of them.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add documents and wait until they are searchable.
    Ingest(IngestArgs),
    /// Keep a folder of this machine in sync until it is stopped.
    Watch(WatchArgs),
    /// Find passages.
    Search(SearchArgs),
    /// Answer a question from the documents, with citations.
    Ask(AskArgs),
    /// Talk with an agent, one question after the other.
    Chat(ChatArgs),
    /// Serve the REST API, OpenAI's dialect and MCP.
    Serve(ServeArgs),
    /// Serve one MCP client on standard input and output.
    Mcp(McpArgs),
    /// List, add, look at, change and remove agents.
    #[command(subcommand)]
    Agents(AgentsCommand),
    /// Look at conversations, export and erase them.
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Look at what is remembered of you, change and erase it.
    #[command(subcommand)]
    Facts(FactsCommand),
    /// Look at runs of agents, approve their calls, run them again.
    #[command(subcommand)]
    Runs(RunsCommand),
    /// List, make, look at and erase collections.
    #[command(subcommand)]
    Collections(CollectionsCommand),
    /// List, look at and erase documents.
    #[command(subcommand)]
    Documents(DocumentsCommand),
    /// Look at background work; try again, end or forget what was given up.
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// List, add, look at, sync and remove places whose documents are kept in sync.
    #[command(subcommand)]
    Sources(SourcesCommand),
    /// List, add, test and remove addresses that are told what becomes of documents.
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// List, make, rotate and revoke keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// List, make, limit, suspend and erase tenants; see what they use.
    #[command(subcommand)]
    Tenants(TenantsCommand),
    /// Say who you are, and what you may.
    Whoami,
    /// Look at the questions that were asked.
    #[command(subcommand)]
    History(HistoryCommand),
    /// Look at what was done and by whom, export it, check that nobody changed it.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Compare the index with the database and mend it.
    #[command(subcommand)]
    Index(IndexCommand),
    /// List models; install those that embed text.
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Measure retrieval and answers on data sets with known truth.
    #[command(subcommand)]
    Eval(EvalCommand),
    /// Check, show and explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
    /// Print the API's OpenAPI document.
    Openapi,
    /// Parse documents that come on standard input, with nothing but that. Started by Quarry itself.
    #[command(hide = true)]
    ParseWorker(ParseWorkerArgs),
    /// Print the reference of the command line.
    #[command(hide = true)]
    CliReference,
}

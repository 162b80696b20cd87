//! MCP servers as tools: programs on this machine (stdio) and servers over HTTP.
//!
//! * [`McpServerSettings`]: one server, and which of its tools may be used.
//! * [`McpServers`]: all of them; each is connected when it is first needed and again, with growing pauses, when it was
//!   lost. A server that is not there is a sentence for the model, never the end of a run.
//! * `tool`: one tool of a server, under a name that tells whose it is.
//! * `stdio` and `http`: the two ways to talk; `text`: what comes back, for a model.

mod http;
mod server;
mod servers;
mod settings;
mod stdio;
mod text;
mod tool;

pub use servers::McpServers;
pub use settings::{McpServerSettings, ProgramEnvironment};

//! The MCP server: the documents as tools of whatever client a person likes.
//!
//! * [`McpBackend`]: who does the work: the engine here, or a server elsewhere for the command line.
//! * `handler`: the protocol, through `rmcp`; `tools`: names, schemas and arguments; `render`: results as text.
//! * `http`: `/mcp`, streamable HTTP without sessions, behind the same key as the API; [`serve_mcp`]: the same over a
//!   pair of streams, for standard input and output.
//!
//! What goes wrong in a tool is an answer of the tool that a model can read, never an error of the protocol.

mod backend;
mod engine;
mod handler;
mod http;
mod render;
mod stdio;
mod tools;

pub use backend::{McpAnswer, McpBackend, McpFailure};
pub use engine::EngineBackend;
pub(crate) use http::serve;
pub use stdio::{McpStreamError, serve_mcp};

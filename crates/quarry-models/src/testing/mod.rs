//! What checks models: their contracts as suites, and servers and models that answer by a script.
//!
//! Public, since the crates above play the same scripts: a run against [`ScriptedChat`], a process against
//! [`ChatServer`].

mod chat_contract;
mod chat_play;
mod chat_script;
mod chat_server;
mod contract;
mod server;

pub use chat_contract::{chat_contract, contract_play, contract_turn};
pub use chat_play::{Play, PlayedCall};
pub use chat_script::{ScriptedChat, Turn};
pub use chat_server::{ChatServer, dead_port};
pub use contract::embedder_contract;
pub use server::{Reply, ScriptedServer, SeenRequest};

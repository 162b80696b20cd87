//! What checks an embedder: its contract as a suite, and a server that answers by a script.

mod contract;
mod server;

pub use contract::embedder_contract;
pub use server::{Reply, ScriptedServer, SeenRequest};

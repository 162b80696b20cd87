//! Models that turn text into vectors and models that talk, and the catalogue of what can be installed.
//!
//! * [`local::static_table`]: a table of token vectors inside the executable; microseconds a text, no download.
//! * [`local::transformer`]: BERT-family encoders from a folder, on the CPU.
//! * [`providers::openai`]: any server that speaks OpenAI's `/embeddings`.
//!
//! [`open`] builds one from its settings, with the decorators in their order. Nothing here downloads unless
//! [`catalog::pull`] is called.

pub mod cache;
pub mod catalog;
pub mod chat;
pub mod chat_error;
pub mod chat_models;
pub mod embed;
pub mod error;
mod events;
mod http;
pub mod limit;
pub mod local;
pub mod open;
pub mod providers;
pub mod settings;
pub mod testing;

pub use chat::{ChatEvent, ChatInfo, ChatMessage, ChatModel, ChatRequest, ChatStream};
pub use chat_error::ChatError;
pub use chat_models::ChatModels;
pub use embed::{EmbedRequest, Embedder, EmbedderInfo, Purpose, dimension_of};
pub use error::ModelError;
pub use local::static_table::StaticTable;
pub use open::{known_ids, open, open_by_id};
pub use settings::{EmbedderSettings, OpenAiSettings};

//! Models that turn text into vectors and models that talk, and the catalogue of what can be installed.
//!
//! * [`local::static_table`]: a table of token vectors inside the executable; microseconds a text, no download.
//! * [`local::transformer`]: BERT-family encoders from a folder, on the CPU.
//! * [`providers::openai`]: any server that speaks OpenAI's `/embeddings`.
//! * [`providers::openai_chat`]: any server that speaks OpenAI's `/chat/completions`.
//! * [`providers::genai`]: Anthropic, Gemini, Bedrock and Ollama in their own dialects.
//!
//! [`open`] and [`open_chat`] build them from their settings, with the decorators in their order. Nothing here downloads unless
//! [`catalog::pull`] is called.

pub mod cache;
pub mod catalog;
pub mod chat;
pub mod chat_error;
pub mod chat_models;
pub mod chat_open;
pub mod chat_settings;
pub mod embed;
pub mod error;
mod events;
mod http;
pub mod limit;
pub mod local;
pub mod open;
pub mod probe;
pub mod providers;
pub mod resilience;
pub mod settings;
pub mod testing;

pub use chat::{ChatEvent, ChatInfo, ChatMessage, ChatModel, ChatRequest, ChatStream};
pub use chat_error::ChatError;
pub use chat_models::ChatModels;
pub use chat_open::{decorate_chat, open_chat};
pub use chat_settings::{ChatModelSettings, ChatSettings, EXTRACTIVE};
pub use embed::{EmbedRequest, Embedder, EmbedderInfo, Purpose, dimension_of};
pub use error::ModelError;
pub use local::static_table::StaticTable;
pub use open::{known_ids, open, open_by_id};
pub use probe::{LocalServer, local_servers};
pub use settings::{EmbedderSettings, OpenAiSettings};

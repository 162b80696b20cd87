//! Models that run elsewhere, one file a wire format.

pub mod genai;
pub mod openai;
pub mod openai_chat;
mod refusal;
pub mod sse;

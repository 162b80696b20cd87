//! Models that run elsewhere, one file a wire format.

pub mod openai;

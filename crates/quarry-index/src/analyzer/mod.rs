//! From text to terms: words are found, folded, stemmed in their language and hashed.
//!
//! One analyzer serves every engine, chunks and questions alike, so that both sides of a match are made the same way.
//! The result is numbers only ([`crate::Terms`], [`crate::QueryTerms`]); nothing here reads an index.
//!
//! Words are cut much as UAX 29 cuts them (letters, digits and marks; an apostrophe, stop or comma inside joins), with
//! changes for retrieval: identifiers (`snake_case`,
//! `camelCase`, `dotted.names`) give themselves and their parts, scripts without spaces give overlapping character
//! runs, and `C++`, `C#` and version numbers stay whole.

mod chunk;
mod detect;
mod fold;
mod language;
mod light;
mod question;
mod scan;
mod script;
mod sentence;
mod stop;
#[cfg(test)]
mod tests;
mod word;

pub use chunk::{ChunkText, analyse_chunk};
pub use detect::detect;
pub use language::Language;
pub use question::{QueryLanguages, analyse_query};
pub use sentence::sentences;

/// Changes whenever the same text would give other terms. An index made by another version is rebuilt as a new
/// generation, never mixed.
pub const VERSION: u32 = 1;

//! Finding chunks: one trait, several engines, one analyzer and one ranker for all of them.
//!
//! An engine is handed terms and vectors, never raw text, so that an embedded install and a cluster rank alike.
//! The database is the truth: everything here is derived from it and can be thrown away.

pub mod analyzer;
mod events;
pub mod index;
pub mod local;
pub mod query;
pub mod rank;
pub mod settings;
pub mod terms;
pub mod testing;
pub mod vector;

pub use index::{
    Batch, Candidate, Candidates, Change, Index, IndexChunk, IndexError, IndexState, Leg, Search,
};
pub use local::LocalIndex;
pub use query::{QueryTerm, QueryTerms};
pub use settings::IndexSettings;
pub use terms::{Term, Terms};

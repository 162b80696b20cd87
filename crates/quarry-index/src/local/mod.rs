//! The embedded engine: one shard a scope, each a tantivy index with forward files beside it.
//!
//! ```text
//! <root>/<tenant>/<collection>/g<generation>/
//!   lexical/             tantivy: stems, documents' ids, metadata; its commit is the shard's commit
//!   <n>.slots            key, place of the terms, check sum of each chunk, in the order they came
//!   <n>.vectors          signed bytes
//!   <n>.terms            packed terms
//!   <n>-<slots>-<bytes>.graph   the graph over the vectors, only for large shards
//! ```
//!
//! tantivy's commit carries a payload that says which sequence it stands for and how much of the other files
//! counts. They are written and synced before it, so there is one instant at which a commit becomes true.

mod appender;
mod bits;
mod dense;
mod directory;
mod engine;
mod filter;
mod forward;
mod graph;
mod kernel;
mod lexical;
mod screen;
mod search;
mod shard;
mod snapshot;
mod top;
mod writer;

pub use engine::LocalIndex;

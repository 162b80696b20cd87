//! From bytes to searchable chunks: workers take jobs, the pipeline reads documents, the indexer follows the
//! database.
//!
//! A worker writes only to the database. The indexer alone feeds the index, in the order of the collection's
//! sequence numbers, reading what the database says changed: so two workers cannot apply changes out of order, and
//! a crash between the two is nothing special.

pub(crate) mod indexer;
mod pipeline;
pub(crate) mod worker;

pub(crate) use pipeline::embedded_text;

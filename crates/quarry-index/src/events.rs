//! What this crate reports: each event's log line and metric in one place. Ids and sizes only.

use metrics::{counter, histogram};
use quarry_core::Scope;

/// A shard was opened.
pub fn opened(scope: &Scope, chunks: u64, took: std::time::Duration) {
    counter!("quarry_index_opened_total").increment(1);
    histogram!("quarry_index_open_seconds").record(took.as_secs_f64());
    tracing::debug!(collection = %scope.collection, generation = scope.generation, chunks, ?took, "index opened");
}

/// A shard was closed because nobody used it.
pub fn closed(scope: &Scope) {
    counter!("quarry_index_closed_total").increment(1);
    tracing::debug!(collection = %scope.collection, generation = scope.generation, "index closed");
}

/// A shard's files could not be used; it starts again from nothing.
pub fn damaged(scope: &Scope, problem: &str) {
    counter!("quarry_index_damaged_total").increment(1);
    tracing::warn!(
        collection = %scope.collection,
        generation = scope.generation,
        problem,
        "index files are damaged; they were removed and the index is rebuilt from the database"
    );
}

/// A write failed; what was applied since the last commit is lost and has to be applied again.
pub fn write_failed(scope: &Scope, problem: &str) {
    counter!("quarry_index_write_failures_total").increment(1);
    tracing::error!(collection = %scope.collection, generation = scope.generation, problem, "index write failed");
}

/// The files beside the lexical index were rewritten without the chunks that are gone.
pub fn compacted(scope: &Scope, before: u64, after: u64) {
    counter!("quarry_index_compactions_total").increment(1);
    tracing::info!(collection = %scope.collection, generation = scope.generation, before, after, "index compacted");
}

/// The graph over the vectors is ready.
pub fn graph_built(scope: &Scope, vectors: u64, took: std::time::Duration) {
    counter!("quarry_index_graphs_total").increment(1);
    tracing::info!(collection = %scope.collection, generation = scope.generation, vectors, ?took, "vector graph built");
}

/// The graph could not be built or read; the vectors are scanned instead.
pub fn graph_failed(scope: &Scope, problem: &str) {
    counter!("quarry_index_graph_failures_total").increment(1);
    tracing::warn!(collection = %scope.collection, generation = scope.generation, problem, "no vector graph");
}

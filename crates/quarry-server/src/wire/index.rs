//! The index, and the things a server needs.

use serde::Deserialize;
use utoipa::ToSchema;

use super::Chunking;

/// How to build an index anew.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildIndex {
    /// Another embedder for the collection; every vector is computed anew. The present one when not said.
    #[schema(example = "all-minilm-l6-v2")]
    pub embedder: Option<String>,
    /// Another way of cutting; the present one when not said.
    #[schema(value_type = Option<Chunking>)]
    pub chunking: Option<quarry_core::Chunking>,
}

impl From<RebuildIndex> for quarry_engine::generations::Change {
    fn from(change: RebuildIndex) -> Self {
        Self { embedder: change.embedder, chunking: change.chunking }
    }
}

/// What a comparison of database and index found.
#[derive(Clone, Debug, ToSchema)]
pub struct Verification {
    /// The collection.
    pub collection: String,
    /// Whether both sides agree.
    pub clean: bool,
    /// Chunks in the database.
    pub database_chunks: u64,
    /// Chunks in the index.
    pub index_chunks: u64,
    /// In the database, not in the index.
    pub missing: u64,
    /// In the index, not in the database.
    pub orphans: u64,
    /// The database's last change.
    pub database_sequence: u64,
    /// The last change the index has applied.
    pub index_sequence: u64,
}

/// What a repair did.
#[derive(Clone, Debug, ToSchema)]
pub struct Repair {
    /// Before.
    pub before: Verification,
    /// After.
    pub after: Verification,
    /// Whether the index was thrown away and built from the database.
    pub rebuilt: bool,
}

/// One thing the server needs.
#[derive(Clone, Debug, ToSchema)]
pub struct HealthCheck {
    /// `database`, `index`, `embedder` or `queue`.
    #[schema(example = "database")]
    pub name: String,
    /// Whether it works.
    pub ok: bool,
    /// A sentence for the operator.
    pub detail: String,
}

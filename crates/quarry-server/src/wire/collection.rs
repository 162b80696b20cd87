//! Collections.

use std::collections::BTreeMap;

use quarry_core::CollectionName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A collection to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCollection {
    /// Its name: 1 to 64 lower-case letters, digits, `-` or `_`, starting with a letter or digit.
    #[schema(value_type = String, example = "reports")]
    pub name: CollectionName,
    /// What it is for.
    #[serde(default)]
    #[schema(example = "Annual reports since 2010")]
    pub description: String,
    /// Which embedder its vectors come from; the configured default when not said.
    #[schema(example = "static-en-256")]
    pub embedder: Option<String>,
    /// How its documents are cut; the server's default when not said.
    #[schema(value_type = Option<Chunking>)]
    pub chunking: Option<quarry_core::Chunking>,
}

/// How a collection's documents are cut; what is absent is the server's default.
#[derive(Clone, Debug, ToSchema)]
pub struct Chunking {
    /// The way.
    pub strategy: ChunkStrategy,
    /// Most tokens of a chunk, of the collection's embedder.
    #[schema(minimum = 16, maximum = 8192)]
    pub max_tokens: Option<u32>,
    /// Tokens that a chunk repeats from the one before, where a paragraph had to be cut; at most half of `max_tokens`.
    pub overlap_tokens: Option<u32>,
}

/// The way a document is cut.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ChunkStrategy {
    /// By headings, paragraphs, lists and tables.
    Structure,
    /// Windows of the same number of tokens, whatever stands in them.
    Fixed,
    /// A sentence, or a few short ones, a chunk; its neighbours are its window, which `widen` gives.
    SentenceWindow,
    /// Small chunks for searching; the section around each is its window, which `widen` gives.
    ParentChild,
    /// By definitions, as indentation and blank lines show them.
    Code,
}

/// A generation of a collection: one way of cutting and embedding it.
#[derive(Clone, Debug, ToSchema)]
pub struct Generation {
    /// Its number, from 1.
    pub number: u32,
    /// The embedder's id.
    pub embedder: String,
    /// How documents are cut; absent for the server's default.
    pub chunking: Option<Chunking>,
    /// Where it is.
    pub state: GenerationState,
    /// Documents that it holds.
    pub done: u64,
    /// Documents that it must hold.
    pub total: u64,
    /// Why it could not be built, or what it waits for.
    pub error: Option<String>,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// Where a generation is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum GenerationState {
    /// Its chunks are being made.
    Building,
    /// It answers.
    Live,
    /// It answered before, and can again.
    Kept,
    /// It could not be built; its error says why.
    Failed,
}

/// How far a collection is.
#[derive(Clone, Debug, ToSchema)]
pub struct CollectionProgress {
    /// Documents by status.
    pub documents: BTreeMap<String, u64>,
    /// Searchable chunks.
    pub chunks: u64,
    /// The generations that are being built.
    pub building: Vec<Generation>,
}

/// The generations of a collection, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Generations {
    /// All of them.
    #[schema(value_type = Vec<Generation>)]
    pub items: Vec<quarry_engine::generations::GenerationView>,
}

/// A collection's new description.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DescribeCollection {
    /// What it is for.
    #[schema(example = "Annual reports since 2010")]
    pub description: String,
}

/// A set of documents that is searched together.
#[derive(Clone, Debug, ToSchema)]
pub struct Collection {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "reports")]
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Which embedder its vectors come from.
    #[schema(example = "static-en-256")]
    pub embedder: String,
    /// Numbers in one vector.
    #[schema(example = 256)]
    pub dimension: u32,
    /// How its documents are cut; absent for the server's default.
    pub chunking: Option<Chunking>,
    /// Which generation of the index answers.
    pub generation: u32,
    /// The last change's number.
    pub sequence: u64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// How full a collection is.
#[derive(Clone, Debug, ToSchema)]
pub struct Counts {
    /// Documents by status.
    pub documents: BTreeMap<String, u64>,
    /// Searchable chunks.
    pub chunks: u64,
}

/// A collection and how full it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CollectionWithCounts {
    /// The collection.
    #[serde(flatten)]
    #[schema(value_type = Collection)]
    pub collection: quarry_core::Collection,
    /// How full it is.
    #[serde(flatten)]
    #[schema(value_type = Counts)]
    pub counts: quarry_engine::collections::Counts,
}

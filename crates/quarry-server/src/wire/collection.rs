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

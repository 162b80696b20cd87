//! What is kept of a generation.

use std::str::FromStr;

use quarry_core::{Chunking, CollectionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    error::StoreError,
    sql::{Row, Session, args, value::json_text},
};

/// Where a generation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl GenerationState {
    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Live => "live",
            Self::Kept => "kept",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for GenerationState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Building, Self::Live, Self::Kept, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a state of a generation"))
    }
}

/// How a generation is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGeneration {
    /// The embedder's id.
    pub embedder: String,
    /// Numbers in one vector.
    pub dimension: u32,
    /// How documents are cut; absent for the server's default.
    pub chunking: Option<Chunking>,
}

/// A generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Generation {
    /// Its number, from 1.
    pub number: u32,
    /// Which chunks are its own.
    #[serde(skip)]
    pub chunk_set: u32,
    /// The embedder's id.
    pub embedder: String,
    /// Numbers in one vector.
    pub dimension: u32,
    /// How documents are cut; absent for the server's default.
    pub chunking: Option<Chunking>,
    /// Where it is.
    pub state: GenerationState,
    /// Why it could not be built, or what it waits for.
    pub error: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

pub(super) const COLUMNS: &str =
    "number, chunk_set, embedder, dimension, chunking, state, error, created_at, updated_at";

/// Writes a generation's row.
pub(crate) async fn insert(
    session: &mut Session,
    id: CollectionId,
    (number, chunk_set): (u32, u32),
    (new, state): (&NewGeneration, GenerationState),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO generations (collection, number, chunk_set, embedder, dimension, chunking, state, created_at, \
               updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let chunking = new.chunking.as_ref().map(json_text).transpose()?;
    let values = args![id, number, chunk_set, &new.embedder, new.dimension, chunking, state.as_str(), now];
    session.execute(sql, values).await.map(drop)
}

/// A generation within a transaction.
pub(super) async fn find(
    session: &mut Session,
    id: CollectionId,
    number: u32,
) -> Result<Generation, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM generations WHERE collection = $1 AND number = $2");
    let row = session.first(sql, args![id, number]).await?;
    read(&row.ok_or(StoreError::GenerationNotFound(number))?)
}

pub(super) fn read(row: &Row) -> Result<Generation, StoreError> {
    Ok(Generation {
        number: row.small(0)?,
        chunk_set: row.small(1)?,
        embedder: row.text(2)?,
        dimension: row.small(3)?,
        chunking: row.opt_json(4)?,
        state: row.word(5)?,
        error: row.opt_text(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

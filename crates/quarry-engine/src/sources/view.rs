//! What people see of a source.

use quarry_core::{CollectionName, SourceId, Timestamp};
use quarry_store::{SourceKind, SourceRow, SourceRun};
use serde::{Deserialize, Serialize};

use super::spec::SourcePlace;
use crate::error::EngineError;

/// A source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourceView {
    /// Its id.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Where its documents go.
    pub collection: CollectionName,
    /// Which place it is.
    #[serde(flatten)]
    pub place: SourcePlace,
    /// How often it is looked at by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u64>,
    /// Whether it is not looked at by itself for now.
    pub paused: bool,
    /// Whether a run goes now.
    pub running: bool,
    /// What the last run did, or does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<SourceRun>,
    /// When it is looked at next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_due_at: Option<Timestamp>,
    /// What its sender signs with; shown once, when the source is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl SourceView {
    pub(super) fn of(row: SourceRow, now: Timestamp) -> Result<Self, EngineError> {
        Ok(Self {
            place: SourcePlace::of(&row)?,
            id: row.id,
            name: row.name,
            kind: row.kind,
            collection: row.collection_name,
            every_seconds: row.every_seconds,
            paused: row.paused,
            running: row.lease_until.is_some_and(|until| until > now),
            last_run: row.last_run,
            next_due_at: row.next_due_at,
            secret: None,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

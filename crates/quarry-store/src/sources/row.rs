//! A source as it is, and as it is added and changed.

use std::str::FromStr;

use quarry_core::{CollectionId, CollectionName, DocumentId, Secret, SourceId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::{self, SourceRun};
use crate::{error::StoreError, sql::Row};

/// What kind of place a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A folder of the machine that serves.
    Folder,
    /// A list of addresses.
    Web,
    /// A sender that brings its documents.
    Push,
}

impl SourceKind {
    const ALL: [Self; 3] = [Self::Folder, Self::Web, Self::Push];

    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Web => "web",
            Self::Push => "push",
        }
    }
}

impl FromStr for SourceKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not a kind of source: use folder, web or push"))
    }
}

/// A source to add.
#[derive(Clone, Debug)]
pub struct NewSource {
    /// Whose.
    pub tenant: TenantId,
    /// Its id.
    pub id: SourceId,
    /// Where its documents go.
    pub collection: CollectionId,
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Its name, unique in its tenant.
    pub name: String,
    /// Which place it is: kept as it is given.
    pub settings: Value,
    /// How often it is looked at by itself.
    pub every_seconds: Option<u64>,
    /// Whether it is not looked at by itself for now.
    pub paused: bool,
    /// What its sender signs with.
    pub secret: Option<Secret>,
    /// When it is made.
    pub created_at: Timestamp,
}

/// What to change about a source. What is absent stays.
#[derive(Clone, Debug, Default)]
pub struct SourceChange {
    /// Which place it is.
    pub settings: Option<Value>,
    /// How often it is looked at by itself, or that it no longer is.
    pub every_seconds: Option<Option<u64>>,
    /// Whether it is not looked at by itself for now.
    pub paused: Option<bool>,
}

/// A source as it is.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Its id.
    pub id: SourceId,
    /// Whose.
    pub tenant: TenantId,
    /// Where its documents go.
    pub collection: CollectionId,
    /// That collection's name.
    pub collection_name: CollectionName,
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Its name.
    pub name: String,
    /// Which place it is.
    pub settings: Value,
    /// How often it is looked at by itself.
    pub every_seconds: Option<u64>,
    /// Whether it is not looked at by itself for now.
    pub paused: bool,
    /// What its sender signs with.
    pub secret: Option<Secret>,
    /// When its last run began.
    pub last_started_at: Option<Timestamp>,
    /// When a run of it ended last.
    pub last_finished_at: Option<Timestamp>,
    /// When it is looked at next.
    pub next_due_at: Option<Timestamp>,
    /// Until when the run that goes is believed without a sign of life.
    pub lease_until: Option<Timestamp>,
    /// Its last run.
    pub last_run: Option<SourceRun>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An entry of a source, as it was when it was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceItem {
    /// Its name in the source: a path, an address, the sender's own id.
    pub key: String,
    /// `pending`, `kept` or `skipped`.
    pub state: String,
    /// The entity tag it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When it was changed, in the words of a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<Timestamp>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of its bytes in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// Its document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_id: Option<DocumentId>,
    /// Since when it is gone, where its document was not removed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_since: Option<Timestamp>,
    /// The number of the last run that saw it.
    pub seen: u64,
}

/// Sources with their last runs. What follows narrows it down.
pub(super) fn select() -> String {
    format!(
        "SELECT s.id, s.tenant, s.collection, c.name, s.kind, s.name, s.settings, s.every_seconds, s.paused, s.secret, \
         s.last_started_at, s.last_finished_at, s.next_due_at, s.lease_until, s.created_at, s.updated_at, {} FROM \
         sources s JOIN collections c ON c.id = s.collection LEFT JOIN source_runs r ON r.source = s.id AND r.number = \
         s.last_run WHERE",
        run::COLUMNS
    )
}
/// Where the run's columns begin.
const RUN: usize = 16;

pub(super) fn read(row: &Row) -> Result<SourceRow, StoreError> {
    let name = row.text(3)?.parse::<CollectionName>();
    Ok(SourceRow {
        id: SourceId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        collection: CollectionId::from_uuid(row.id(2)?),
        collection_name: name.map_err(|cause| StoreError::Unreadable(cause.to_string()))?,
        kind: row.word(4)?,
        name: row.text(5)?,
        settings: row.json(6)?,
        every_seconds: row.opt_int(7)?.and_then(|seconds| u64::try_from(seconds).ok()),
        paused: row.int(8)? != 0,
        secret: row.opt_text(9)?.map(Secret::new),
        last_started_at: row.opt_time(10)?,
        last_finished_at: row.opt_time(11)?,
        next_due_at: row.opt_time(12)?,
        lease_until: row.opt_time(13)?,
        created_at: row.time(14)?,
        updated_at: row.time(15)?,
        last_run: row.opt_int(RUN)?.map(|_| run::read(row, RUN)).transpose()?,
    })
}

/// The columns that [`read_item`] expects.
pub(super) const ITEM: &str =
    "key, state, etag, last_modified, modified_at, size, content_hash, document, missing_since, seen";

pub(super) fn read_item(row: &Row) -> Result<SourceItem, StoreError> {
    Ok(SourceItem {
        key: row.text(0)?,
        state: row.text(1)?,
        etag: row.opt_text(2)?,
        last_modified: row.opt_text(3)?,
        modified_at: row.opt_time(4)?,
        size: row.opt_int(5)?.and_then(|size| u64::try_from(size).ok()),
        content_hash: row.opt_bytes(6)?.map(hex::encode),
        document_id: row.opt_id(7)?.map(DocumentId::from_uuid),
        missing_since: row.opt_time(8)?,
        seen: row.big(9)?,
    })
}

//! A leased job, with what a worker needs to do it.

use bytes::Bytes;
use quarry_core::{CollectionId, DocumentId, JobId, Metadata, TenantId};

use super::{JobStage, Jobs};
use crate::{error::StoreError, sql::Row};

/// A leased job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantId,
    /// Which collection.
    pub collection: CollectionId,
    /// Which document.
    pub document: DocumentId,
    /// Which version of it.
    pub version: u32,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// After how many it is given up.
    pub max_attempts: u32,
    /// How often it was put back for a failure that passes.
    pub waits: u32,
    /// How far an earlier attempt came.
    pub stage: JobStage,
    /// The file's name.
    pub name: String,
    /// What the caller says it is.
    pub media_type: Option<String>,
    /// The title the caller gave.
    pub title: Option<String>,
    /// Where it came from.
    pub source: String,
    /// What filters can ask about.
    pub metadata: Metadata,
    /// SHA-256 of its bytes in hexadecimal.
    pub content_hash: String,
    /// How many bytes.
    pub bytes: u64,
    /// What opens it, where it is encrypted.
    pub password: Option<String>,
    /// The bytes, when they are few; otherwise [`crate::Blobs::get`] has them.
    pub original: Option<Bytes>,
}

/// The columns that [`read`] expects, of `jobs j`, `versions v` and `documents d`; the last is the newest version.
pub(super) const COLUMNS: &str = "j.id, j.tenant, j.collection, j.document, j.version, j.attempt, j.max_attempts, \
                                  j.waits, j.stage, v.name, v.media_type, v.title, d.source, d.metadata, \
                                  v.content_hash, v.bytes, v.original, v.password, d.version";
/// Where the newest version stands.
pub(super) const NEWEST: usize = 18;

pub(super) fn read(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: JobId::from_uuid(row.id(0)?),
        tenant: TenantId::from_uuid(row.id(1)?),
        collection: CollectionId::from_uuid(row.id(2)?),
        document: DocumentId::from_uuid(row.id(3)?),
        version: row.small(4)?,
        attempt: row.small(5)?,
        max_attempts: row.small(6)?,
        waits: row.small(7)?,
        stage: row.word(8)?,
        name: row.text(9)?,
        media_type: row.opt_text(10)?,
        title: row.opt_text(11)?,
        source: row.text(12)?,
        metadata: row.json(13)?,
        content_hash: hex::encode(row.bytes(14)?),
        bytes: row.big(15)?,
        original: row.opt_bytes(16)?.map(Bytes::from),
        password: row.opt_text(17)?,
    })
}

/// What [`unbuilt_job`] expects of `documents d` and `versions v`.
pub(crate) fn unbuilt_columns() -> &'static str {
    "d.tenant, d.collection, d.id, v.version, v.name, v.media_type, v.title, d.source, d.metadata, v.content_hash, \
     v.bytes, v.original, v.password"
}

/// A document's searchable version as a job of nobody's queue: it is read again for another generation.
pub(crate) fn unbuilt_job(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: JobId::new(),
        tenant: TenantId::from_uuid(row.id(0)?),
        collection: CollectionId::from_uuid(row.id(1)?),
        document: DocumentId::from_uuid(row.id(2)?),
        version: row.small(3)?,
        attempt: 1,
        max_attempts: 1,
        waits: 0,
        stage: JobStage::Fetched,
        name: row.text(4)?,
        media_type: row.opt_text(5)?,
        title: row.opt_text(6)?,
        source: row.text(7)?,
        metadata: row.json(8)?,
        content_hash: hex::encode(row.bytes(9)?),
        bytes: row.big(10)?,
        original: row.opt_bytes(11)?.map(Bytes::from),
        password: row.opt_text(12)?,
    })
}

impl Jobs<'_> {
    /// Documents up to this many bytes are small: they have workers of their own, so that none waits for a large one.
    pub const SMALL: u64 = 256 * 1024;
}

//! Everything that can go wrong in the store, as sentences.

use std::time::Duration;

use quarry_core::{ErrorKind, Fault, Quota};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No collection of this tenant has the name or id.
    #[error("there is no collection `{0}`")]
    CollectionNotFound(String),
    /// No document of this tenant has the id or source.
    #[error("there is no document `{0}`")]
    DocumentNotFound(String),
    /// No job of this tenant has the id.
    #[error("there is no job `{0}`")]
    JobNotFound(String),
    /// No entry of this tenant's history has the id.
    #[error("the history has no entry `{0}`")]
    HistoryNotFound(String),
    /// No agent of this tenant has the name or id.
    #[error("there is no agent `{0}`")]
    AgentNotFound(String),
    /// The agent never had this version.
    #[error("the agent `{agent}` has no version {version}")]
    AgentVersionNotFound {
        /// The agent's id.
        agent: String,
        /// The version asked for.
        version: u32,
    },
    /// No session of this user has the id.
    #[error("there is no session `{0}`")]
    SessionNotFound(String),
    /// Nothing remembered about this user has the id.
    #[error("there is no remembered fact `{0}`")]
    FactNotFound(String),
    /// No run of this tenant has the id.
    #[error("there is no run `{0}`")]
    RunNotFound(String),
    /// No source of this tenant has the name or id.
    #[error("there is no source `{0}`")]
    SourceNotFound(String),
    /// No webhook of this tenant has the id.
    #[error("there is no webhook `{0}`")]
    WebhookNotFound(String),
    /// No key of this tenant has the name or id.
    #[error("there is no key `{0}`")]
    KeyNotFound(String),
    /// The key's name is taken, or was.
    #[error("a key named `{0}` exists, or existed; a name is never given twice")]
    KeyExists(String),
    /// The key is not used any more.
    #[error("the key `{0}` is revoked or was rotated already")]
    KeyOver(String),
    /// The tenant is unknown.
    #[error("there is no tenant `{0}`")]
    TenantNotFound(String),
    /// The tenant's name is taken.
    #[error("a tenant named `{0}` exists already")]
    TenantExists(String),
    /// It was added to while it was being erased.
    #[error(
        "the tenant `{0}` still has collections: something was added meanwhile; suspend it and try again"
    )]
    TenantBusy(String),
    /// The tenant has as much as it may have.
    #[error("the tenant may have no more: its quota `{name}` is {1}; remove something, or ask its operator for more", name = .0.as_str())]
    QuotaReached(Quota, u64),
    /// No blob has this hash.
    #[error("the original with hash {0} is missing from the blob folder; add the document again")]
    BlobNotFound(String),
    /// The name is taken.
    #[error("a collection named `{0}` exists already")]
    CollectionExists(String),
    /// The agent's name is taken.
    #[error("an agent named `{0}` exists already")]
    AgentExists(String),
    /// Somebody else changed the agent since the caller read it.
    #[error("the agent is at version {found}, not {expected}: somebody changed it meanwhile; read it again")]
    AgentChanged {
        /// The version the caller read.
        expected: u32,
        /// The version it is at.
        found: u32,
    },
    /// The id is taken.
    #[error("a session `{0}` exists already")]
    SessionExists(String),
    /// The source's name is taken.
    #[error("a source named `{0}` exists already")]
    SourceExists(String),
    /// A source has one run at a time.
    #[error("the source `{0}` is being synced already; wait for that run to end")]
    SourceBusy(String),
    /// Another process took the run over, or the source was removed.
    #[error("the source is another worker's by now, or it was removed")]
    SourceLost,
    /// Another document of the collection came from there.
    #[error("another document has the source `{0}`")]
    SourceTaken(String),
    /// A user's memory is full.
    #[error("{max} facts are remembered about this user, which is the most; erase some first", max = crate::MAX_FACTS)]
    TooManyFacts,
    /// Only waiting runs go on.
    #[error("run `{0}` is {1}; only a run that waits for approval can go on")]
    RunNotWaiting(String, &'static str),
    /// The collection changed between being read and being swapped.
    #[error("the collection `{0}` changed meanwhile; try again")]
    CollectionChanged(String),
    /// The collection got another embedder while chunks were being embedded.
    #[error("the collection now uses the embedder `{0}`; the chunks have to be embedded again")]
    EmbedderChanged(String),
    /// No generation of the collection has this number.
    #[error("the collection has no generation {0}")]
    GenerationNotFound(u32),
    /// A generation is in a state in which this cannot be done.
    #[error("generation {0} is {1}; wait until it is done, or drop it first")]
    GenerationBusy(u32, &'static str),
    /// Only dead jobs can be revived.
    #[error("job `{0}` is {1}; only a dead job can be put back")]
    JobNotDead(String, &'static str),
    /// It is over, so that nothing of it can be ended.
    #[error("job `{0}` is {1} already")]
    JobOver(String, &'static str),
    /// The source cannot be indexed.
    #[error("the source is {0} bytes long; at most {max} are allowed", max = crate::MAX_SOURCE)]
    SourceTooLong(usize),
    /// The audit log begins later than the place that was kept.
    #[error("row {0} of the audit log is no longer kept; compare a later one")]
    AuditPlaceGone(u64),
    /// The cursor did not come from this list.
    #[error("the cursor is not one that this list gave out; start again without it")]
    InvalidCursor,
    /// The URL names no database this crate speaks.
    #[error("`{0}` is not a database URL: use `sqlite://PATH` or `postgres://USER@HOST/NAME`")]
    InvalidUrl(String),
    /// The database was written by a later version.
    #[error(
        "the database is at version {found}, this program knows versions up to {known}: use a newer Quarry, or restore the backup made before the upgrade"
    )]
    DatabaseNewer {
        /// The database's version.
        found: i64,
        /// The last version this program knows.
        known: i64,
    },
    /// A migration that was applied is not the one in this program.
    #[error(
        "migration {version} of the database differs from the one in this program: it was made by another build of Quarry"
    )]
    MigrationChanged {
        /// Which one.
        version: i64,
    },
    /// A migration did not work.
    #[error("migration {version} failed and was undone: {reason}")]
    MigrationFailed {
        /// Which one.
        version: i64,
        /// What the database said.
        reason: String,
    },
    /// The database cannot be reached.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// No connection became free in time.
    #[error("all database connections are busy; try again")]
    Busy,
    /// Another process writes.
    #[error("the database is locked by another process; stop it or wait for it to finish")]
    Locked,
    /// A statement took too long.
    #[error("the database took too long to answer")]
    Timeout,
    /// The disk is full.
    #[error("the disk is full; free some space and try again")]
    DiskFull,
    /// The file may not be written.
    #[error("the database or blob folder cannot be written: {0}")]
    ReadOnly(String),
    /// The file is not a database, or it is broken.
    #[error("the database file is damaged or not a database: {0}")]
    Damaged(String),
    /// A stored value is not what this version writes.
    #[error("a stored value cannot be read: {0}")]
    Unreadable(String),
    /// Two writers met; the work is done again by the store before anybody sees this.
    #[error("another writer changed the same rows at the same moment; try again")]
    Contended,
    /// Reading or writing a blob failed.
    #[error("the blob folder cannot be used: {0}")]
    Blob(String),
    /// The database refused a statement: our mistake.
    #[error("the database refused a statement: {0}")]
    Database(String),
}

impl Fault for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::CollectionNotFound(_)
            | Self::DocumentNotFound(_)
            | Self::JobNotFound(_)
            | Self::GenerationNotFound(_)
            | Self::HistoryNotFound(_)
            | Self::AgentNotFound(_)
            | Self::AgentVersionNotFound { .. }
            | Self::SessionNotFound(_)
            | Self::FactNotFound(_)
            | Self::RunNotFound(_)
            | Self::SourceNotFound(_)
            | Self::WebhookNotFound(_)
            | Self::KeyNotFound(_)
            | Self::TenantNotFound(_) => ErrorKind::NotFound,
            Self::CollectionExists(_)
            | Self::KeyExists(_)
            | Self::TenantExists(_)
            | Self::TenantBusy(_)
            | Self::KeyOver(_)
            | Self::JobNotDead(..)
            | Self::JobOver(..)
            | Self::GenerationBusy(..)
            | Self::CollectionChanged(_)
            | Self::AgentExists(_)
            | Self::AgentChanged { .. }
            | Self::SessionExists(_)
            | Self::SourceExists(_)
            | Self::SourceBusy(_)
            | Self::SourceLost
            | Self::SourceTaken(_)
            | Self::TooManyFacts
            | Self::RunNotWaiting(..)
            | Self::EmbedderChanged(_) => ErrorKind::Conflict,
            // Nothing is wrong with the request, and none like it works until something is given up.
            Self::QuotaReached(..) => ErrorKind::Forbidden,
            Self::InvalidCursor | Self::AuditPlaceGone(_) | Self::InvalidUrl(_) | Self::SourceTooLong(_) => {
                ErrorKind::Invalid
            }
            Self::Unavailable(_) | Self::Busy | Self::Locked | Self::DiskFull | Self::Contended => {
                ErrorKind::Unavailable
            }
            Self::Timeout => ErrorKind::Timeout,
            Self::BlobNotFound(_)
            | Self::DatabaseNewer { .. }
            | Self::MigrationChanged { .. }
            | Self::MigrationFailed { .. }
            | Self::ReadOnly(_)
            | Self::Damaged(_)
            | Self::Unreadable(_)
            | Self::Blob(_)
            | Self::Database(_) => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::CollectionNotFound(_) => "collection_not_found",
            Self::DocumentNotFound(_) => "document_not_found",
            Self::JobNotFound(_) => "job_not_found",
            Self::HistoryNotFound(_) => "history_not_found",
            Self::AgentNotFound(_) => "agent_not_found",
            Self::AgentVersionNotFound { .. } => "agent_version_not_found",
            Self::SessionNotFound(_) => "session_not_found",
            Self::FactNotFound(_) => "fact_not_found",
            Self::RunNotFound(_) => "run_not_found",
            Self::SourceNotFound(_) => "source_not_found",
            Self::WebhookNotFound(_) => "webhook_not_found",
            Self::KeyNotFound(_) => "key_not_found",
            Self::KeyExists(_) => "key_exists",
            Self::TenantExists(_) => "tenant_exists",
            Self::TenantBusy(_) => "tenant_busy",
            Self::QuotaReached(..) => "quota_reached",
            Self::KeyOver(_) => "key_over",
            Self::SourceExists(_) => "source_exists",
            Self::SourceBusy(_) => "source_busy",
            Self::SourceLost => "source_lost",
            Self::SourceTaken(_) => "source_taken",
            Self::AgentExists(_) => "agent_exists",
            Self::AgentChanged { .. } => "agent_changed",
            Self::SessionExists(_) => "session_exists",
            Self::TooManyFacts => "too_many_facts",
            Self::RunNotWaiting(..) => "run_not_waiting",
            Self::TenantNotFound(_) => "tenant_not_found",
            Self::BlobNotFound(_) => "blob_not_found",
            Self::CollectionExists(_) => "collection_exists",
            Self::JobNotDead(..) => "job_not_dead",
            Self::JobOver(..) => "job_over",
            Self::GenerationNotFound(_) => "generation_not_found",
            Self::GenerationBusy(..) => "generation_busy",
            Self::CollectionChanged(_) => "collection_changed",
            Self::EmbedderChanged(_) => "embedder_changed",
            Self::SourceTooLong(_) => "source_too_long",
            Self::AuditPlaceGone(_) => "audit_place_gone",
            Self::InvalidCursor => "invalid_cursor",
            Self::InvalidUrl(_) => "invalid_database_url",
            Self::DatabaseNewer { .. } => "database_newer",
            Self::MigrationChanged { .. } => "migration_changed",
            Self::MigrationFailed { .. } => "migration_failed",
            Self::Unavailable(_) => "database_unavailable",
            Self::Busy => "database_busy",
            Self::Locked => "database_locked",
            Self::Timeout => "database_timeout",
            Self::DiskFull => "disk_full",
            Self::ReadOnly(_) => "database_read_only",
            Self::Damaged(_) => "database_damaged",
            Self::Unreadable(_) => "stored_value_unreadable",
            Self::Contended => "database_contended",
            Self::Blob(_) => "blob_folder_failed",
            Self::Database(_) => "database_error",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        (self.kind() == ErrorKind::Unavailable).then(|| Duration::from_secs(1))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(inner) => {
                let code = inner.code().unwrap_or_default();
                match code.parse::<i64>() {
                    // SQLite's codes are small numbers, PostgreSQL's have five places.
                    Ok(number) if code.len() < 5 => sqlite(number, inner.message()),
                    _ => postgres(&code, inner.message()),
                }
            }
            sqlx::Error::Io(cause) if is_full(&cause) => Self::DiskFull,
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Configuration(_) => Self::Unavailable(error.to_string()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Unreadable(error.to_string()),
            other => Self::Database(other.to_string()),
        }
    }
}

/// SQLite's result codes; the low byte is the primary code.
fn sqlite(code: i64, message: &str) -> StoreError {
    let message = message.to_owned();
    match code & 0xff {
        5 | 6 => StoreError::Locked,
        8 => StoreError::ReadOnly(message),
        13 => StoreError::DiskFull,
        10 | 14 => StoreError::Unavailable(message),
        11 | 26 => StoreError::Damaged(message),
        // A unique index: two writers added the same thing.
        19 if code == 2067 || code == 1555 => StoreError::Contended,
        _ => StoreError::Database(message),
    }
}

/// PostgreSQL's SQLSTATE codes.
fn postgres(code: &str, message: &str) -> StoreError {
    let message = message.to_owned();
    match code {
        "23503" | "23505" | "40001" | "40P01" => StoreError::Contended,
        "53100" => StoreError::DiskFull,
        "53300" => StoreError::Busy,
        "57014" => StoreError::Timeout,
        "25006" => StoreError::ReadOnly(message),
        _ if code.starts_with("08")
            || code.starts_with("57P")
            || code.starts_with("28")
            || code == "3D000" =>
        {
            StoreError::Unavailable(message)
        }
        _ if code.starts_with("XX") => StoreError::Damaged(message),
        _ => StoreError::Database(message),
    }
}

/// Whether an error says that a disk or a quota is full.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::{StoreError, postgres, sqlite};
    use quarry_core::{ErrorKind, Fault};

    #[test]
    fn what_a_database_says_becomes_a_sentence() {
        let cases = [
            (sqlite(13, ""), "disk_full", ErrorKind::Unavailable),
            (sqlite(5, ""), "database_locked", ErrorKind::Unavailable),
            (sqlite(517, ""), "database_locked", ErrorKind::Unavailable),
            (sqlite(26, ""), "database_damaged", ErrorKind::Internal),
            (sqlite(8, ""), "database_read_only", ErrorKind::Internal),
            (sqlite(2067, ""), "database_contended", ErrorKind::Unavailable),
            (postgres("53100", ""), "disk_full", ErrorKind::Unavailable),
            (postgres("40P01", ""), "database_contended", ErrorKind::Unavailable),
            (postgres("57014", ""), "database_timeout", ErrorKind::Timeout),
            (postgres("08006", ""), "database_unavailable", ErrorKind::Unavailable),
        ];
        for (error, code, kind) in cases {
            assert_eq!((error.code(), error.kind()), (code, kind));
            assert!(error.to_string().contains(' '), "{error}");
        }
        assert_eq!(StoreError::DiskFull.to_string(), "the disk is full; free some space and try again");
    }
}

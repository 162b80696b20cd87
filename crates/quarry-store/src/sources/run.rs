//! What runs did.

use std::str::FromStr;

use quarry_core::{Page, PageRequest, SourceId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Sources, keep};
use crate::{
    error::StoreError,
    page,
    sql::{Row, args},
};

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceRunState {
    /// It goes.
    Running,
    /// It did everything; single entries may have failed.
    Finished,
    /// It could not do everything; its error says why.
    Failed,
    /// Its process ended; the next run goes on.
    Interrupted,
}

impl SourceRunState {
    const ALL: [Self; 4] = [Self::Running, Self::Finished, Self::Failed, Self::Interrupted];

    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl FromStr for SourceRunState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is not a state of a run of a source"))
    }
}

/// How many entries a run met, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCounts {
    /// New documents.
    pub added: u64,
    /// New versions of documents.
    pub changed: u64,
    /// Documents whose entry has another name now.
    pub renamed: u64,
    /// Documents that were removed with their entries.
    pub removed: u64,
    /// Entries that are as they were.
    pub unchanged: u64,
    /// Entries of a kind that is not read.
    pub skipped: u64,
    /// Entries that could not be read this time; their documents stay as they were.
    pub failed: u64,
}

/// An entry that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFailure {
    /// Which entry.
    pub key: String,
    /// A sentence.
    pub reason: String,
}

/// One look at a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRun {
    /// Its number, from 1.
    pub number: u64,
    /// Where it is.
    pub state: SourceRunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// What became of the entries.
    #[serde(flatten)]
    pub counts: SourceCounts,
    /// Why it could not do everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The first entries that failed.
    pub failures: Vec<SourceFailure>,
}

/// The columns that [`read`] expects, of `source_runs r`.
pub(super) const COLUMNS: &str = "r.number, r.state, r.started_at, r.finished_at, r.added, r.changed, r.renamed, \
                                  r.removed, r.unchanged, r.skipped, r.failed, r.error, r.failures";

pub(super) fn read(row: &Row, start: usize) -> Result<SourceRun, StoreError> {
    Ok(SourceRun {
        number: row.big(start)?,
        state: row.word(start + 1)?,
        started_at: row.time(start + 2)?,
        finished_at: row.opt_time(start + 3)?,
        counts: SourceCounts {
            added: row.big(start + 4)?,
            changed: row.big(start + 5)?,
            renamed: row.big(start + 6)?,
            removed: row.big(start + 7)?,
            unchanged: row.big(start + 8)?,
            skipped: row.big(start + 9)?,
            failed: row.big(start + 10)?,
        },
        error: row.opt_text(start + 11)?,
        failures: row.json(start + 12)?,
    })
}

impl Sources<'_> {
    /// A source's runs, newest first.
    ///
    /// # Errors
    /// There is no such source, the cursor is not from this list, or the database fails.
    pub async fn runs(
        &self,
        tenant: TenantId,
        id: SourceId,
        request: &PageRequest,
    ) -> Result<Page<SourceRun>, StoreError> {
        let mut session = self.store.db().read().await?;
        keep::known(&mut session, tenant, id).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM source_runs r WHERE r.source = $1 AND r.number < $2 ORDER BY r.number DESC LIMIT $3"
        );
        let values = args![id, page::before_number(request)?, page::fetch(request)];
        let rows = session.rows(sql, values).await?;
        let items = rows.iter().map(|row| read(row, 0)).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |run: &SourceRun| run.number.to_string()))
    }

    /// One run of a source.
    ///
    /// # Errors
    /// There is none with this number any more, or the database fails.
    pub async fn run(&self, tenant: TenantId, id: SourceId, number: u64) -> Result<SourceRun, StoreError> {
        let mut session = self.store.db().read().await?;
        keep::known(&mut session, tenant, id).await?;
        let sql = format!("SELECT {COLUMNS} FROM source_runs r WHERE r.source = $1 AND r.number = $2");
        let row = session.first(sql, args![id, number]).await?;
        read(&row.ok_or_else(|| keep::missing(&format!("{id} run {number}")))?, 0)
    }
}

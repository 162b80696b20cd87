//! Where a job is: in the queue, and in its work.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a job is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// It waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// It is over.
    Done,
    /// It was given up; a person can revive it.
    Dead,
    /// A person ended it.
    Cancelled,
}

impl JobStatus {
    const ALL: [Self; 5] = [Self::Queued, Self::Running, Self::Done, Self::Dead, Self::Cancelled];

    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens by itself.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl FromStr for JobStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            format!("`{text}` is not a job status: use queued, running, done, dead or cancelled")
        })
    }
}

/// The last thing that is done of a document's ingestion; the next thing is what the job is at, or waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStage {
    /// Its bytes are here; it is to be parsed.
    #[default]
    Fetched,
    /// Its text is known; it is to be cut.
    Parsed,
    /// Its chunks are known; they are to be embedded.
    Chunked,
    /// Its vectors are known; it is to be published.
    Embedded,
}

impl JobStage {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Fetched, Self::Parsed, Self::Chunked, Self::Embedded];

    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Parsed => "parsed",
            Self::Chunked => "chunked",
            Self::Embedded => "embedded",
        }
    }
}

impl FromStr for JobStage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a stage: use fetched, parsed, chunked or embedded"))
    }
}

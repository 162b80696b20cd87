//! Documents: what people put in.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    id::{CollectionId, DocumentId, JobId},
    metadata::Metadata,
};

/// Where a document is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Stored; waits for a worker.
    Pending,
    /// A worker has it.
    Processing,
    /// Its chunks are stored; this server's index has not applied them yet.
    Indexing,
    /// Searchable.
    Ready,
    /// It cannot be read; `error` says why. An earlier version, if there is one, stays searchable.
    Failed,
}

impl DocumentStatus {
    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Indexing => "indexing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ready | Self::Failed)
    }
}

impl FromStr for DocumentStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Pending, Self::Processing, Self::Indexing, Self::Ready, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                format!("`{text}` is not a status: use pending, processing, indexing, ready or failed")
            })
    }
}

/// Where a document's ingestion is, and why it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingestion {
    /// Its job.
    pub job_id: JobId,
    /// The last thing that is done: `fetched`, `parsed`, `chunked` or `embedded`.
    pub stage: String,
    /// What happens now or what it waits for, as a sentence.
    pub detail: String,
    /// Parts of the stage at hand that are done: pages that are recognised, passages that are embedded.
    pub done: u64,
    /// Parts of the stage at hand; 0 where they are not counted.
    pub total: u64,
    /// Tries so far.
    pub attempt: u32,
    /// After how many it is given up.
    pub max_attempts: u32,
    /// How often it waited for something that was missing, which costs no try.
    pub waits: u32,
    /// When it is tried next, where it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// The code of what went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A document as it is listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Where it belongs.
    pub collection: CollectionId,
    /// Where it came from: a path, a URL or a caller's own id. Unique in its collection; adding it again makes a
    /// new version.
    pub source: String,
    /// Its title, from the caller or from the text.
    pub title: String,
    /// What it is, detected from its bytes.
    pub media_type: String,
    /// Where it is on its way.
    pub status: DocumentStatus,
    /// Why it failed, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The newest version, from 1.
    pub version: u32,
    /// Size of the original in bytes.
    pub bytes: u64,
    /// SHA-256 of the original, in hexadecimal.
    pub content_hash: String,
    /// How many chunks are searchable.
    pub chunks: u32,
    /// Pages, where the format has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Main language, ISO 639-3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What filters can ask about.
    pub metadata: Metadata,
    /// Who may read it, beside those who manage its collection; absent for everyone in the collection.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub readers: Option<Vec<String>>,
    /// The number of the change that made its chunks visible; 0 before the first.
    #[serde(skip, default)]
    pub sequence: u64,
    /// Where its ingestion is; absent when it is ready.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ingestion: Option<Box<Ingestion>>,
    /// When it was first added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

//! Documents: what people put in.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    id::{CollectionId, DocumentId},
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
    /// The number of the change that made its chunks visible; 0 before the first.
    #[serde(skip, default)]
    pub sequence: u64,
    /// When it was first added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

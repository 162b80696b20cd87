//! The `[ingest]`, `[retrieve]` and `[answer]` sections of the configuration.

use serde::{Deserialize, Serialize};

/// Everything the engine can be told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// How documents become chunks.
    pub ingest: IngestSettings,
    /// How passages are found.
    pub retrieve: RetrieveSettings,
    /// How answers are made.
    pub answer: AnswerSettings,
}

/// `[ingest]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestSettings {
    /// Workers that parse and embed; 0 means one less than the machine's cores, at least 1.
    pub workers: usize,
    /// Largest chunk in tokens of the collection's embedder.
    pub chunk_tokens: usize,
    /// Tokens repeated where a paragraph had to be cut.
    pub overlap_tokens: usize,
    /// Documents a worker takes at once.
    pub batch: usize,
    /// Tries before a job is dead.
    pub max_attempts: u32,
    /// Seconds a worker may hold a job without a sign of life.
    pub lease_seconds: u64,
    /// Milliseconds between two commits of an index while documents keep coming.
    pub commit_interval_ms: u64,
    /// Largest document in bytes.
    pub max_document_bytes: u64,
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self {
            workers: 0,
            chunk_tokens: 512,
            overlap_tokens: 40,
            batch: 64,
            max_attempts: 5,
            lease_seconds: 120,
            commit_interval_ms: 1_000,
            max_document_bytes: 100 * 1024 * 1024,
        }
    }
}

/// `[retrieve]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetrieveSettings {
    /// Candidates of each leg.
    pub depth: usize,
    /// Days that questions stay in the history; 0 keeps none.
    pub history_days: u32,
}

impl Default for RetrieveSettings {
    fn default() -> Self {
        Self { depth: 100, history_days: 90 }
    }
}

/// `[answer]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerSettings {
    /// Passages the answerer reads.
    pub passages: usize,
    /// Confidence below which the documents are said not to answer, 0 to 1; the fitted one when not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
}

impl Default for AnswerSettings {
    fn default() -> Self {
        Self { passages: 10, threshold: None }
    }
}

//! The `[ingest]`, `[retrieve]`, `[answer]`, `[agents]` and `[sources]` sections of the configuration.

use serde::{Deserialize, Serialize};

pub use crate::sources::SourcesSettings;

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
    /// How agents run.
    pub agents: AgentSettings,
    /// Which places may be kept in sync, and how.
    pub sources: SourcesSettings,
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
    /// Hours that a document waits for something that is missing (an embedder that refuses, a model that is not
    /// installed) before it is given up.
    pub patience_hours: u64,
    /// Days that jobs which are done stay in the list; 0 keeps them.
    pub keep_done_days: u32,
    /// Versions of a document that are kept; older ones are forgotten with their bytes. 0 keeps all.
    pub keep_versions: u32,
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
            patience_hours: 72,
            keep_done_days: 7,
            keep_versions: 10,
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

/// `[agents]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentSettings {
    /// Seconds a run goes on when its last listener is gone, so that a client can come back to it. Calls that cannot be
    /// come back to end their run at once.
    pub resume_seconds: u64,
    /// Tool calls of one reply that run at once.
    pub parallel_tools: usize,
    /// Runs that go at a time; more are refused until one ends.
    pub max_live_runs: usize,
    /// Seconds one tool call may take.
    pub tool_seconds: u64,
    /// Days that runs stay; 0 keeps them until they are erased.
    pub run_days: u32,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self { resume_seconds: 30, parallel_tools: 4, max_live_runs: 2_000, tool_seconds: 30, run_days: 0 }
    }
}

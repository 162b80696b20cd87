//! Results that neither the engine nor the API has in one piece.

use quarry_core::{Collection, DocumentId, DocumentStatus, Timestamp};
use quarry_engine::{
    AddOutcome, Added,
    agent::{AgentEvent, RunView},
    collections::Counts,
};
use serde::{Deserialize, Serialize};

/// Bytes of documents sent to a server in one call; well below what it takes, so that progress shows.
pub(crate) const LIMIT_REMOTE_BYTES: usize = 8 * 1024 * 1024;

/// A document that was added.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AddedView {
    pub(crate) id: DocumentId,
    pub(crate) source: String,
    pub(crate) status: DocumentStatus,
    pub(crate) outcome: AddOutcome,
}

impl From<Added> for AddedView {
    fn from(added: Added) -> Self {
        let Added { document, outcome, .. } = added;
        Self { id: document.id, source: document.source, status: document.status, outcome }
    }
}

/// A collection and how full it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CollectionView {
    #[serde(flatten)]
    pub(crate) collection: Collection,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// A run with everything that happened in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    #[serde(flatten)]
    pub(crate) run: RunView,
    /// The prompts that were used, with their versions.
    #[serde(default)]
    pub(crate) prompts: Vec<String>,
    pub(crate) events: Vec<NumberedEvent>,
}

/// An event of a run and its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NumberedEvent {
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    #[serde(flatten)]
    pub(crate) event: AgentEvent,
}

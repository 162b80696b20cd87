//! The audit log.

use utoipa::ToSchema;

/// How an action went.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was allowed and done.
    Allowed,
    /// Whoever asked had no right to it; nothing was done.
    Refused,
    /// It was allowed and could not be done.
    Failed,
}

/// One row of the audit log.
#[derive(Clone, Debug, ToSchema)]
pub struct AuditEntry {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: String,
    /// Who; `anonymous` where nobody showed who they are.
    #[schema(example = "key:admin")]
    pub actor: String,
    /// What was done.
    #[schema(example = "document.add")]
    pub action: String,
    /// What kind of thing it was done to.
    #[schema(example = "document")]
    pub object_kind: String,
    /// To what: an id.
    pub object: String,
    /// From which address.
    pub address: Option<String>,
    /// What the client calls itself.
    pub agent: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// How it went.
    pub outcome: AuditOutcome,
    /// What else is worth knowing: ids, numbers and codes, never text of documents.
    pub details: serde_json::Value,
    /// SHA-256 of the row before, in hexadecimal.
    pub previous: String,
    /// SHA-256 of this row.
    pub hash: String,
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AuditBreak {
    /// A row is not as it was written.
    Altered,
    /// A row is gone from the middle.
    Removed,
    /// A row is there that was not written by Quarry.
    Inserted,
    /// A row stands in another's place.
    Reordered,
    /// The last rows are gone.
    TailCut,
    /// The row that says where the chain ends is gone.
    HeadLost,
    /// The chain holds together, and is not the one of which a place was kept.
    Rewritten,
}

/// The first thing that is wrong with a chain.
#[derive(Clone, Debug, ToSchema)]
pub struct AuditFault {
    /// The number of the first row that is not as it should be.
    pub number: u64,
    /// What is wrong with it.
    pub what: AuditBreak,
    /// A sentence.
    pub detail: String,
}

/// A place in the chain.
#[derive(Clone, Debug, ToSchema)]
pub struct AuditMark {
    /// The row's number.
    pub number: u64,
    /// Its hash in hexadecimal.
    pub hash: String,
}

/// What a walk of the chain found.
#[derive(Clone, Debug, ToSchema)]
pub struct AuditVerification {
    /// Whether every row is as it was written.
    pub intact: bool,
    /// How many rows were found to be so.
    pub rows: u64,
    /// The number of the first row that is kept.
    pub first: u64,
    /// Where the chain ends: worth keeping elsewhere. Absent before the first row.
    pub head: Option<AuditMark>,
    /// What is wrong first; absent where nothing is.
    pub fault: Option<AuditFault>,
}

//! A row of the audit log, as it is kept and as it is shown.

use quarry_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chain::{Hash, hash_of};
use crate::{error::StoreError, sql::Row};

/// The columns that [`read`] expects.
pub(super) const COLUMNS: &str =
    "number, at, actor, action, kind, object, address, agent, request, outcome, details, previous, hash";

/// A row as it is kept: what its hash covers, word for word.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) kind: String,
    pub(super) object: String,
    pub(super) address: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) request: Option<String>,
    pub(super) outcome: String,
    pub(super) details: String,
    pub(super) previous: Hash,
    pub(super) hash: Hash,
}

/// One row of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who, as [`quarry_core::Actor`] displays itself; `anonymous` where nobody showed who they are.
    pub actor: String,
    /// What was done, as [`quarry_core::AuditAction`] displays itself.
    pub action: String,
    /// What kind of thing it was done to.
    pub object_kind: String,
    /// To what: an id.
    pub object: String,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the client calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// In which request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// `allowed`, `refused` or `failed`.
    pub outcome: String,
    /// What else is worth knowing.
    pub details: Value,
    /// SHA-256 of the row before, in hexadecimal.
    pub previous: String,
    /// SHA-256 of this row.
    pub hash: String,
}

impl From<Kept> for AuditEntry {
    fn from(row: Kept) -> Self {
        // Details that are not JSON were altered; they are shown as the text they are.
        let details = serde_json::from_str(&row.details).unwrap_or(Value::String(row.details));
        Self {
            number: row.number,
            at: row.at,
            actor: row.actor,
            action: row.action,
            object_kind: row.kind,
            object: row.object,
            address: row.address,
            agent: row.agent,
            request_id: row.request,
            outcome: row.outcome,
            details,
            previous: hex::encode(row.previous),
            hash: hex::encode(row.hash),
        }
    }
}

pub(super) fn read(row: &Row) -> Result<Kept, StoreError> {
    Ok(Kept {
        number: row.big(0)?,
        at: row.time(1)?,
        actor: row.text(2)?,
        action: row.text(3)?,
        kind: row.text(4)?,
        object: row.text(5)?,
        address: row.opt_text(6)?,
        agent: row.opt_text(7)?,
        request: row.opt_text(8)?,
        outcome: row.text(9)?,
        details: row.text(10)?,
        previous: hash_of(&row.bytes(11)?),
        hash: hash_of(&row.bytes(12)?),
    })
}

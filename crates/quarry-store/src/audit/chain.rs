//! What the hash of a row covers, and a place in the chain that somebody keeps elsewhere.
//!
//! The hash is SHA-256 over the words `quarry audit 1` and then each field, as its length in eight bytes, least
//! significant first, and its bytes: the previous hash, the tenant's id, the number, the time in microseconds, actor,
//! action, kind, object, address, agent, request id, outcome, details. Numbers are eight bytes, least significant
//! first. An absent field has the greatest length and no bytes. So no two rows have the same bytes, whatever is in them.

use std::{fmt, str::FromStr};

use quarry_core::TenantId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::row::Kept;

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// What stands before the first row.
pub(super) const ZERO: Hash = [0; 32];

const DOMAIN: &[u8] = b"quarry audit 1";

/// A hash as the database gives it. One of another length was altered and equals none of ours.
pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    bytes.try_into().unwrap_or([0xff; 32])
}

/// The hash that a row must have.
pub(super) fn digest(tenant: TenantId, row: &Kept) -> Hash {
    digest_as(tenant, row, row.number)
}

/// The hash that a row would have under another number.
pub(super) fn digest_as(tenant: TenantId, row: &Kept, number: u64) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(DOMAIN);
    let mut field = |bytes: Option<&[u8]>| {
        let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
        hasher.update(length.to_le_bytes());
        hasher.update(bytes.unwrap_or_default());
    };
    field(Some(&row.previous));
    field(Some(tenant.uuid().as_bytes()));
    field(Some(&number.to_le_bytes()));
    field(Some(&row.at.micros().to_le_bytes()));
    for text in [&row.actor, &row.action, &row.kind, &row.object] {
        field(Some(text.as_bytes()));
    }
    for text in [&row.address, &row.agent, &row.request] {
        field(text.as_deref().map(str::as_bytes));
    }
    field(Some(row.outcome.as_bytes()));
    field(Some(row.details.as_bytes()));
    hasher.finalize().into()
}

/// A place in the chain: a row's number and its hash, written `NUMBER:HASH`. Kept elsewhere, it shows whether the chain
/// up to there was written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditMark {
    /// The row's number.
    pub number: u64,
    /// Its hash in hexadecimal.
    pub hash: String,
}

impl AuditMark {
    pub(super) fn new(number: u64, hash: &Hash) -> Self {
        Self { number, hash: hex::encode(hash) }
    }

    pub(super) fn is(&self, hash: &Hash) -> bool {
        self.hash.eq_ignore_ascii_case(&hex::encode(hash))
    }
}

impl fmt::Display for AuditMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for AuditMark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (number, hash) = text.trim().split_once(':')?;
            let whole = hash.len() == 64 && hex::decode(hash).is_ok();
            whole.then_some(Self { number: number.parse().ok()?, hash: hash.to_ascii_lowercase() })
        };
        read().ok_or_else(|| {
            "it is not a place in the audit log: use NUMBER:HASH, as `quarry audit verify` prints it"
                .to_owned()
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use quarry_core::Timestamp;

    use super::*;

    fn row() -> Kept {
        Kept {
            number: 7,
            at: Timestamp::from_micros(5),
            actor: "key:admin".into(),
            action: "document.add".into(),
            kind: "document".into(),
            object: "x".into(),
            address: None,
            agent: Some(String::new()),
            request: Some("r".into()),
            outcome: "allowed".into(),
            details: "{}".into(),
            previous: ZERO,
            hash: ZERO,
        }
    }

    #[test]
    fn every_field_is_covered_and_none_runs_into_the_next() {
        let changes: [fn(&mut Kept); 16] = [
            |row| row.number = 8,
            |row| row.at = Timestamp::from_micros(6),
            |row| row.actor = "key:admi".into(),
            |row| row.action = "document.update".into(),
            |row| row.kind = "job".into(),
            |row| row.object = "y".into(),
            |row| row.address = Some(String::new()),
            |row| row.agent = None,
            |row| row.request = None,
            |row| row.outcome = "refused".into(),
            |row| row.details = "{ }".into(),
            |row| row.previous[31] = 1,
            |row| (row.kind, row.object) = ("documentx".into(), String::new()),
            |row| (row.address, row.agent) = (Some(String::new()), None),
            |row| (row.outcome, row.details) = ("allowed{}".into(), String::new()),
            |row| (row.actor, row.action) = ("key:adm".into(), "indocument.add".into()),
        ];
        let tenant = TenantId::ROOT;
        let mut seen = vec![digest(tenant, &row()), digest(TenantId::new(), &row())];
        for change in changes {
            let mut changed = row();
            change(&mut changed);
            seen.push(digest(tenant, &changed));
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
        // The hash does not cover itself.
        assert_eq!(digest(tenant, &Kept { hash: [1; 32], ..row() }), digest(tenant, &row()));
    }

    #[test]
    fn a_place_survives_being_written() {
        let mark = AuditMark::new(42, &[0xab; 32]);
        assert_eq!(mark.to_string().parse::<AuditMark>().unwrap(), mark);
        assert_eq!(mark.to_string().to_uppercase().parse::<AuditMark>().unwrap(), mark);
        assert!(mark.is(&[0xab; 32]) && !mark.is(&ZERO));
        let short = format!("1:{}", "a".repeat(63));
        for wrong in ["", "1", "1:", ":ab", "x:ab", short.as_str()] {
            assert!(wrong.parse::<AuditMark>().is_err(), "{wrong}");
        }
    }
}

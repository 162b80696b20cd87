//! The verbs on the audit log.

use quarry_core::{Page, PageRequest};
use quarry_engine::audit::{AuditEntry, AuditFilter, AuditMark, AuditVerification};

use super::{Backend, verbs::verbs};
use crate::failure::Outcome;

verbs! {
    /// Lists rows.
    audit(filter: &AuditFilter, page: &PageRequest) -> Page<AuditEntry>;
    /// Rows from a number on, oldest first: as many as come at a time.
    audit_from(number: u64) -> Vec<AuditEntry>;
    /// Walks the chain.
    verify_audit(expect: Option<&AuditMark>) -> AuditVerification;
}

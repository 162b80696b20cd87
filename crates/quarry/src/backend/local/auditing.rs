//! The verbs on the audit log, by the engine.

use quarry_core::{Page, PageRequest};
use quarry_engine::audit::{AuditEntry, AuditFilter, AuditMark, AuditVerification};

use super::Local;
use crate::failure::Outcome;

impl Local {
    pub(in crate::backend) async fn audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Outcome<Page<AuditEntry>> {
        Ok(self.engine.audit().list(&self.access, filter, page).await?)
    }

    pub(in crate::backend) async fn audit_from(&self, number: u64) -> Outcome<Vec<AuditEntry>> {
        Ok(self.engine.audit().export(&self.access, number, None).await?)
    }

    pub(in crate::backend) async fn verify_audit(
        &self,
        expect: Option<&AuditMark>,
    ) -> Outcome<AuditVerification> {
        Ok(self.engine.audit().verify(&self.access, expect).await?)
    }
}

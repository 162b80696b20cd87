//! The verbs on the audit log, through the API.

use quarry_core::{Page, PageRequest};
use quarry_engine::audit::{Audit, AuditEntry, AuditFilter, AuditMark, AuditVerification};

use super::{Remote, paged};
use crate::failure::{Exit, Failure, Outcome};

impl Remote {
    pub(in crate::backend) async fn audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Outcome<Page<AuditEntry>> {
        let mut query = paged(page);
        let asked = [
            ("since", filter.since.map(|moment| moment.to_string())),
            ("until", filter.until.map(|moment| moment.to_string())),
            ("actor", filter.actor.clone()),
            ("action", filter.action.map(|action| action.to_string())),
            ("object", filter.object.clone()),
            ("outcome", filter.outcome.map(|outcome| outcome.to_string())),
            ("request_id", filter.request_id.clone()),
        ];
        query.extend(asked.into_iter().filter_map(|(name, value)| Some((name, value?))));
        self.0.get("/v1/audit", &query).await
    }

    pub(in crate::backend) async fn audit_from(&self, number: u64) -> Outcome<Vec<AuditEntry>> {
        let path = format!("/v1/audit/export?from={number}&limit={}", Audit::EXPORT_PAGE);
        let bytes = self.0.bytes(&path).await?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| {
                serde_json::from_slice(line).map_err(|error| {
                    let text =
                        format!("the server's export has a line that is no row of the audit log: {error}");
                    Failure::new(Exit::Failed, "unexpected_answer", text)
                })
            })
            .collect()
    }

    pub(in crate::backend) async fn verify_audit(
        &self,
        expect: Option<&AuditMark>,
    ) -> Outcome<AuditVerification> {
        let query: Vec<_> = expect.map(|mark| ("expect", mark.to_string())).into_iter().collect();
        self.0.get("/v1/audit/verify", &query).await
    }
}

//! Where a document is, and why it waits, as people read it.

use std::collections::HashMap;

use quarry_core::{Access, Document, DocumentId, DocumentStatus, Ingestion};
use quarry_store::{JobInfo, JobStage, JobStatus};

use super::hint;
use crate::{engine::Inner, error::EngineError};

/// Adds to each document that is not ready where its ingestion is.
pub(crate) async fn attach(
    inner: &Inner,
    access: &Access,
    documents: &mut [Document],
) -> Result<(), EngineError> {
    let on_its_way =
        |document: &&Document| !matches!(document.status, DocumentStatus::Ready | DocumentStatus::Indexing);
    let ids: Vec<DocumentId> = documents.iter().filter(on_its_way).map(|document| document.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let jobs = inner.store.jobs().of_documents(access.tenant(), &ids).await?;
    let mut by_document: HashMap<DocumentId, JobInfo> = HashMap::with_capacity(jobs.len());
    for job in jobs {
        // A dead job of an older version says nothing about the newest.
        let newer = by_document.get(&job.document).is_none_or(|known| known.version < job.version);
        if newer {
            by_document.insert(job.document, job);
        }
    }
    for document in documents {
        let job = by_document.remove(&document.id).filter(|job| job.version == document.version);
        document.ingestion = job.map(|job| Box::new(describe(inner, job)));
    }
    Ok(())
}

fn describe(inner: &Inner, job: JobInfo) -> Ingestion {
    let (stage, done, total) = inner.in_hand.find(job.id).unwrap_or((job.stage, job.done, job.total));
    let detail = match job.status {
        JobStatus::Running => at_work(stage, done, total),
        JobStatus::Queued => match &job.error {
            None => "waits for a worker".to_owned(),
            Some(error) => format!("waits to be tried again: {error}"),
        },
        _ => job.error.clone().unwrap_or_else(|| "given up".to_owned()),
    };
    Ingestion {
        job_id: job.id,
        stage: stage.as_str().to_owned(),
        detail,
        done,
        total,
        attempt: job.attempt,
        max_attempts: job.max_attempts,
        waits: job.waits,
        due_at: job.due_at.filter(|_| job.status == JobStatus::Queued),
        hint: job.code.as_deref().and_then(hint).map(str::to_owned),
        code: job.code,
    }
}

fn at_work(stage: JobStage, done: u64, total: u64) -> String {
    let (what, parts) = match stage {
        JobStage::Fetched if total > 0 => ("text is being recognised", "pages"),
        JobStage::Fetched => ("is being parsed", ""),
        JobStage::Parsed => ("is being cut into passages", ""),
        JobStage::Chunked => ("is being embedded", "passages"),
        JobStage::Embedded => ("is being published", ""),
    };
    if total > 0 && !parts.is_empty() {
        format!("{what}: {done} of {total} {parts}")
    } else {
        what.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use quarry_store::JobStage;

    use super::at_work;

    #[test]
    fn parts_are_told_where_they_are_counted() {
        assert_eq!(at_work(JobStage::Fetched, 0, 0), "is being parsed");
        assert_eq!(at_work(JobStage::Fetched, 2, 9), "text is being recognised: 2 of 9 pages");
        assert_eq!(at_work(JobStage::Chunked, 5, 40), "is being embedded: 5 of 40 passages");
    }
}

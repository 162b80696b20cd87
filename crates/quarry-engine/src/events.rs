//! What the engine tells operators: one function an event does the log line and the metric together, so that they
//! cannot drift. Never the text of documents or questions.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use quarry_core::{DeliveryId, Fault, JobId, Scope, SourceId};
use quarry_store::{Job, JobStage, JobStats, SourceEnd};

use crate::{cage::CageError, error::EngineError};

pub(crate) fn stopped_late(deadline: Duration) {
    tracing::warn!(
        deadline_seconds = deadline.as_secs(),
        "tasks did not end in time; their jobs will be tried again"
    );
}

pub(crate) fn indexing_failed(scope: &Scope, error: &EngineError) {
    counter!("quarry_index_failures_total").increment(1);
    tracing::error!(collection = %scope.collection, code = error.code(), %error, "the index could not be brought up to date");
}

pub(crate) fn index_committed(scope: &Scope, sequence: u64, took: Duration) {
    histogram!("quarry_index_commit_seconds").record(took.as_secs_f64());
    tracing::debug!(collection = %scope.collection, sequence, took_ms = took.as_millis() as u64, "index committed");
}

pub(crate) fn worker_failed(error: &EngineError) {
    counter!("quarry_worker_failures_total").increment(1);
    tracing::error!(code = error.code(), %error, "a worker could not finish its batch; its jobs will be tried again");
}

pub(crate) fn task_died(stage: &'static str, problem: &str) {
    counter!("quarry_task_panics_total", "stage" => stage).increment(1);
    tracing::error!(stage, problem, "a task ended unexpectedly");
}

pub(crate) fn stage(stage: &'static str, took: Duration) {
    histogram!("quarry_stage_seconds", "stage" => stage).record(took.as_secs_f64());
    tracing::debug!(stage, took_ms = took.as_millis() as u64, "a stage of a group is done");
}

pub(crate) fn parsed(error: Option<&CageError>, took: Duration) {
    histogram!("quarry_stage_seconds", "stage" => "parse").record(took.as_secs_f64());
    let outcome = error.map_or("parsed", Fault::code);
    counter!("quarry_documents_parsed_total", "outcome" => outcome).increment(1);
    tracing::debug!(outcome, took_ms = took.as_millis() as u64, "a document was parsed");
}

pub(crate) fn not_confined() {
    static SAID: std::sync::Once = std::sync::Once::new();
    counter!("quarry_parsers_not_confined_total").increment(1);
    SAID.call_once(|| {
        tracing::warn!("this system takes no filter of system calls: parsers are bounded, but not confined");
    });
}

pub(crate) fn not_recognised(problem: &str) {
    counter!("quarry_pages_not_recognised_total").increment(1);
    tracing::warn!(problem, "a picture of text could not be read");
}

pub(crate) fn resumed(job: JobId, stage: JobStage) {
    counter!("quarry_jobs_resumed_total", "stage" => stage.as_str()).increment(1);
    tracing::info!(%job, stage = stage.as_str(), "a job goes on from its checkpoint");
}

pub(crate) fn leases_expired(jobs: u64) {
    counter!("quarry_leases_expired_total").increment(jobs);
    tracing::warn!(jobs, "workers gave no sign of life; their jobs wait again");
}

pub(crate) fn published(documents: usize, chunks: usize) {
    counter!("quarry_documents_ingested_total").increment(documents as u64);
    counter!("quarry_chunks_ingested_total").increment(chunks as u64);
    tracing::debug!(documents, chunks, "published");
}

pub(crate) fn document_failed(job: &Job, error: &EngineError, passing: bool) {
    let outcome = if passing { "retry" } else { "dead" };
    counter!("quarry_documents_failed_total", "code" => error.code(), "outcome" => outcome).increment(1);
    tracing::warn!(document = %job.document, attempt = job.attempt, code = error.code(), outcome, "a document failed");
}

pub(crate) fn queue_depth(stats: &JobStats) {
    gauge!("quarry_jobs", "status" => "queued").set(stats.queued as f64);
    gauge!("quarry_jobs", "status" => "running").set(stats.running as f64);
    gauge!("quarry_jobs", "status" => "dead").set(stats.dead as f64);
    gauge!("quarry_oldest_job_seconds").set(stats.oldest_queued_age.as_secs_f64());
    for stage in JobStage::ALL {
        let known = stats.stages.iter().find(|known| known.stage == stage);
        let oldest = known.map_or(0.0, |known| known.oldest.as_secs_f64());
        gauge!("quarry_stage_jobs", "stage" => stage.as_str())
            .set(known.map_or(0, |known| known.jobs) as f64);
        gauge!("quarry_oldest_job_in_stage_seconds", "stage" => stage.as_str()).set(oldest);
    }
}

pub(crate) fn history_dropped() {
    counter!("quarry_history_dropped_total").increment(1);
}

pub(crate) fn history_failed(error: &EngineError) {
    tracing::error!(code = error.code(), %error, "the history could not be written");
}

pub(crate) fn refusal_left_out() {
    counter!("quarry_audit_refusals_left_out_total").increment(1);
}

pub(crate) fn refusals_failed(error: &EngineError) {
    counter!("quarry_audit_failures_total").increment(1);
    tracing::error!(code = error.code(), %error, "refusals could not be written to the audit log; they wait");
}

pub(crate) fn audit_broken(number: u64, what: &'static str) {
    counter!("quarry_audit_broken_total").increment(1);
    tracing::error!(number, what, "the audit log is not as it was written");
}

pub(crate) fn searched(kind: &'static str, took: Duration, hits: usize) {
    histogram!("quarry_stage_seconds", "stage" => kind).record(took.as_secs_f64());
    tracing::debug!(kind, hits, took_us = took.as_micros() as u64, "answered");
}

pub(crate) fn rebuilt(scope: &Scope, chunks: u64, took: Duration) {
    tracing::info!(collection = %scope.collection, generation = scope.generation, chunks, took_ms = took.as_millis() as u64, "index rebuilt");
}

pub(crate) fn generation_failed(scope: &Scope, error: &EngineError) {
    counter!("quarry_generation_failures_total").increment(1);
    tracing::warn!(collection = %scope.collection, generation = scope.generation, code = error.code(), %error, "a generation could not be built further");
}

pub(crate) fn generation_live(scope: &Scope) {
    tracing::info!(collection = %scope.collection, generation = scope.generation, "a generation answers now");
}

pub(crate) fn mcp_connected(server: &str, tools: usize) {
    counter!("quarry_mcp_connections_total", "outcome" => "connected").increment(1);
    tracing::info!(server, tools, "connected to an MCP server");
}

pub(crate) fn mcp_failed(server: &str, problem: &str) {
    counter!("quarry_mcp_connections_total", "outcome" => "failed").increment(1);
    tracing::warn!(
        server,
        problem,
        "an MCP server could not be connected; it is tried again when it is needed"
    );
}

pub(crate) fn run_dropped() {
    counter!("quarry_runs_dropped_total").increment(1);
}

pub(crate) fn runs_failed(error: &EngineError) {
    tracing::error!(code = error.code(), %error, "runs could not be written");
}

pub(crate) fn run_failed(error: &EngineError) {
    tracing::error!(code = error.code(), %error, "a run failed");
}

pub(crate) fn run_ended(state: &'static str) {
    counter!("quarry_runs_total", "state" => state).increment(1);
    tracing::debug!(state, "a run ended");
}

pub(crate) fn memory_failed(error: &EngineError) {
    tracing::warn!(code = error.code(), %error, "a conversation's turn or notes could not be kept");
}

/// A run of a source ended.
pub(crate) fn source_synced(source: SourceId, end: &SourceEnd, took: Duration) {
    let (state, counts) = (end.state.as_str(), &end.counts);
    counter!("quarry_source_runs_total", "state" => state).increment(1);
    histogram!("quarry_source_run_seconds").record(took.as_secs_f64());
    for (outcome, number) in [
        ("added", counts.added),
        ("changed", counts.changed),
        ("renamed", counts.renamed),
        ("removed", counts.removed),
        ("unchanged", counts.unchanged),
        ("skipped", counts.skipped),
        ("failed", counts.failed),
    ] {
        counter!("quarry_source_entries_total", "outcome" => outcome).increment(number);
    }
    let took_ms = took.as_millis() as u64;
    tracing::info!(%source, state, added = counts.added, changed = counts.changed, renamed = counts.renamed, removed = counts.removed, unchanged = counts.unchanged, failed = counts.failed, took_ms, "a run of a source ended");
}

pub(crate) fn source_scheduler_failed(error: &EngineError) {
    counter!("quarry_source_failures_total").increment(1);
    tracing::error!(code = error.code(), %error, "sources could not be looked at; they are looked at again");
}

/// A request to a push source was not signed as it should be.
pub(crate) fn push_refused() {
    counter!("quarry_source_pushes_refused_total").increment(1);
}

/// A message to a webhook was sent, or could not be.
pub(crate) fn webhook_sent(delivery: DeliveryId, outcome: &'static str, took: Duration) {
    counter!("quarry_webhook_deliveries_total", "outcome" => outcome).increment(1);
    histogram!("quarry_webhook_seconds").record(took.as_secs_f64());
    tracing::debug!(%delivery, outcome, took_ms = took.as_millis() as u64, "a message to a webhook was sent");
}

pub(crate) fn webhooks_failed(error: &EngineError) {
    tracing::error!(code = error.code(), %error, "messages to webhooks could not be taken from the queue");
}

/// When keys were last used could not be written. They are used all the same.
pub(crate) fn key_uses_failed(error: &quarry_store::StoreError) {
    tracing::warn!(code = error.code(), %error, "the last uses of keys could not be written");
}

/// What tenants used could not be written. It is counted with the next write.
pub(crate) fn usage_failed(error: &EngineError) {
    tracing::warn!(code = error.code(), %error, "what tenants used could not be written");
}

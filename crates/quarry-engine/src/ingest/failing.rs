//! What becomes of a job that failed: it waits, it is tried again, or it is given up.

use std::time::Duration;

use quarry_core::{ErrorKind, Fault};
use quarry_store::JobFailure;

use super::{Held, pace::jittered};
use crate::{engine::Inner, error::EngineError, events};

/// How a failure is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Whatever is needed is not there now. Waiting costs no attempt.
    Passing,
    /// Nobody knows; another try may help.
    Unclear,
    /// Another try would end the same way.
    Lasting,
}

pub(crate) fn kind(error: &EngineError) -> Kind {
    match (error, error.kind()) {
        // A model that is not installed can be installed.
        (EngineError::Embedder { .. }, _) => Kind::Passing,
        (_, ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RateLimited) => Kind::Passing,
        (_, ErrorKind::Internal) => Kind::Unclear,
        _ => Kind::Lasting,
    }
}

/// Puts a failed job where it belongs.
pub(super) async fn failed(inner: &Inner, held: &Held, error: &EngineError) -> Result<(), EngineError> {
    let job = &held.job;
    let reason = error.to_string();
    let stage = Some(held.progress.get().0);
    let failure = JobFailure { code: error.code(), reason: &reason, stage };
    let jobs = inner.store.jobs();
    if inner.closing.is_cancelled() && held.dropped.is_cancelled() {
        // Nothing is wrong with it: the next start goes on with it.
        let failure = JobFailure {
            code: "shutting_down",
            reason: "the server stopped before it was done",
            stage: None,
        };
        jobs.wait(job.id, failure, (Duration::ZERO, Duration::MAX)).await?;
        return Ok(());
    }
    if held.dropped.is_cancelled() {
        // It is not this worker's any more: cancelled, removed, replaced, or given to somebody else.
        return Ok(());
    }
    let kind = kind(error);
    events::document_failed(job, error, kind != Kind::Lasting);
    match kind {
        Kind::Passing => {
            let delay = error.retry_after().unwrap_or_else(|| growing(job.waits));
            let patience = Duration::from_secs(inner.settings.ingest.patience_hours.saturating_mul(3_600));
            jobs.wait(job.id, failure, (delay, patience)).await?;
        }
        Kind::Unclear => {
            jobs.retry_later(job.id, failure, growing(job.attempt)).await?;
        }
        Kind::Lasting => jobs.bury(job.id, failure).await?,
    }
    inner.announce();
    Ok(())
}

/// 2, 4, 8 ... seconds, at most five minutes, and of that between half and all.
fn growing(times: u32) -> Duration {
    jittered(Duration::from_secs(2_u64.saturating_pow(times.clamp(1, 9)).min(300)))
}

/// What a person can do about a dead letter, by its code.
#[must_use]
pub fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "encrypted_document" => "add it again with its password, or without one",
        "ocr_needed" => "install `tesseract` where the server runs, then retry",
        "damaged_document" | "parser_crashed" => {
            "open it with the program it comes from, save it anew, and add it again"
        }
        "unsupported_format" | "wrong_format" => {
            "convert it to a format that is read, or give it its right name"
        }
        "empty_document" | "no_text" => "there is nothing in it to find; remove it",
        "over_limit" | "parser_output" => "split it, or raise the limit in `[parse]` and retry",
        "parser_timeout" => "retry when the server is less busy, raise the limit in `[parse]`, or split it",
        "parser_memory" => "raise `parse.memory_megabytes` and retry, or split it",
        "parser_killed" => "look whether the machine has memory enough, then retry",
        "no_answer" => "it ended its worker every time; look at the log, then retry or remove it",
        "embedder_unavailable" | "embedder_mismatch" | "model_not_installed" => {
            "make the collection's embedder available again, then retry"
        }
        "embedder_rejected" => {
            "the embedder does not take its text; look at its log, or use another embedder"
        }
        "cancelled" => "retry it when it is wanted after all",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::growing;

    #[test]
    fn the_delay_grows_and_ends() {
        for (times, most) in [(1, 2), (3, 8), (60, 300)] {
            let delay = growing(times).as_secs_f64();
            assert!(delay >= f64::from(most) / 2.0 && delay <= f64::from(most), "{times}: {delay}");
        }
    }
}

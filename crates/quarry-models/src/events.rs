//! What models tell operators: one function an event does the log line and the metric together. Never text.

use std::time::Duration;

use metrics::{counter, histogram};

pub(crate) fn embedded(id: &str, texts: usize, took: Duration) {
    counter!("quarry_embed_batches_total", "model" => id.to_owned()).increment(1);
    counter!("quarry_embed_texts_total", "model" => id.to_owned()).increment(texts as u64);
    histogram!("quarry_embed_seconds", "model" => id.to_owned()).record(took.as_secs_f64());
    tracing::trace!(model = id, texts, took_us = took.as_micros() as u64, "embedded");
}

pub(crate) fn cache_looked_up(id: &str, hits: usize, misses: usize) {
    counter!("quarry_embed_cache_hits_total", "model" => id.to_owned()).increment(hits as u64);
    counter!("quarry_embed_cache_misses_total", "model" => id.to_owned()).increment(misses as u64);
    tracing::trace!(model = id, hits, misses, "embedding cache looked up");
}

pub(crate) fn request_retried(id: &str, attempt: u32, wait: Duration, problem: &str) {
    counter!("quarry_embed_retries_total", "model" => id.to_owned()).increment(1);
    tracing::warn!(
        model = id,
        attempt,
        wait_ms = wait.as_millis() as u64,
        problem,
        "embedding request will be tried again"
    );
}

pub(crate) fn model_loaded(id: &str, took: Duration) {
    histogram!("quarry_model_load_seconds", "model" => id.to_owned()).record(took.as_secs_f64());
    tracing::info!(model = id, took_ms = took.as_millis() as u64, "model loaded");
}

pub(crate) fn model_installed(id: &str, bytes: u64, took: Duration) {
    counter!("quarry_models_installed_total", "model" => id.to_owned()).increment(1);
    tracing::info!(model = id, bytes, took_ms = took.as_millis() as u64, "model installed");
}

pub(crate) fn model_removed(id: &str) {
    counter!("quarry_models_removed_total", "model" => id.to_owned()).increment(1);
    tracing::info!(model = id, "model removed");
}

pub(crate) fn worker_panicked() {
    counter!("quarry_embed_panics_total").increment(1);
    tracing::error!("an embedding thread failed; its call ends with an error");
}

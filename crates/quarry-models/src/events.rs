//! What models tell operators: one function an event does the log line and the metric together. Never text.

use std::time::Duration;

use metrics::{SharedString, counter, histogram};

use crate::chat::Usage;

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

/// A call to a chat model that is over, in whatever way.
pub(crate) struct MeteredCall<'a> {
    pub(crate) model: &'a str,
    pub(crate) outcome: &'static str,
    pub(crate) usage: Usage,
    pub(crate) cost: f64,
    pub(crate) first_token: Option<Duration>,
    pub(crate) took: Duration,
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "costs are small and never negative"
)]
pub(crate) fn chat_ended(call: &MeteredCall<'_>) {
    let model = SharedString::from(call.model.to_owned());
    let (prompt, completion) = (call.usage.prompt_tokens, call.usage.completion_tokens);
    counter!("quarry_chat_calls_total", "model" => model.clone(), "outcome" => call.outcome).increment(1);
    counter!("quarry_chat_prompt_tokens_total", "model" => model.clone()).increment(prompt);
    counter!("quarry_chat_completion_tokens_total", "model" => model.clone()).increment(completion);
    // Millionths, since counters are whole numbers.
    let millionths = (call.cost * 1e6).round() as u64;
    counter!("quarry_chat_cost_millionths_total", "model" => model.clone()).increment(millionths);
    if let Some(first) = call.first_token {
        histogram!("quarry_chat_first_token_seconds", "model" => model.clone()).record(first.as_secs_f64());
    }
    histogram!("quarry_chat_seconds", "model" => model).record(call.took.as_secs_f64());
    tracing::debug!(
        model = call.model,
        outcome = call.outcome,
        prompt_tokens = prompt,
        completion_tokens = completion,
        estimated = call.usage.estimated,
        cost = call.cost,
        first_token_ms = call.first_token.map(|first| first.as_millis() as u64),
        took_ms = call.took.as_millis() as u64,
        "chat call ended"
    );
}

pub(crate) fn chat_retried(model: &str, attempt: u32, wait: Duration, code: &'static str) {
    counter!("quarry_chat_retries_total", "model" => model.to_owned(), "code" => code).increment(1);
    tracing::warn!(model, attempt, wait_ms = wait.as_millis() as u64, code, "chat call will be tried again");
}

pub(crate) fn chat_fell_back(model: &str, to: &str, code: &'static str) {
    counter!("quarry_chat_fallbacks_total", "model" => model.to_owned(), "to" => to.to_owned()).increment(1);
    tracing::warn!(model, to, code, "chat model did not answer; another is asked");
}

pub(crate) fn breaker_changed(provider: &str, state: &'static str) {
    counter!("quarry_chat_breaker_changes_total", "provider" => provider.to_owned(), "state" => state)
        .increment(1);
    tracing::warn!(provider, state, "circuit breaker changed");
}

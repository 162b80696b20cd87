//! From settings to chat models, with their decorators in their one order.
//!
//! From the outside in, and why it is there:
//!
//! 1. **Fallback**: the last resort, once a model with everything below has given up.
//! 2. **Meter**: inside the fallback, so that each model is charged under its own name and price; outside retries, so
//!    that its times are those a person waits.
//! 3. **Retry**: outside the breaker, so that every try counts there and an opened breaker ends the tries; outside the
//!    bulkhead, so that a pause between tries holds no place.
//! 4. **Breaker**: outside the bulkhead, so that calls to a resting provider do not queue, and a full bulkhead is not
//!    taken for a failing provider.
//! 5. **Bulkhead**: outside the deadlines, so that waiting for a place is not the provider's slowness.
//! 6. **Deadlines**: next to the provider, whose silence they measure.

use std::{collections::HashMap, sync::Arc, time::Duration};

use crate::{
    chat::ChatModel,
    chat_error::ChatError,
    chat_models::ChatModels,
    chat_settings::{ChatModelSettings, ChatSettings},
    providers::{genai::GenAiChat, openai_chat::OpenAiChat},
    resilience::{Breaker, BreakerRules, Bulkhead, Deadline, Fallback, Guarded, Meter, Retry},
};

/// Opens every chat model of the settings. Nothing is sent yet.
///
/// # Errors
/// `model_settings` with the first problem of [`ChatSettings::check`]; `model_unavailable` when no HTTP client can be
/// built.
pub fn open_chat(settings: &ChatSettings) -> Result<ChatModels, ChatError> {
    if let Some(problem) = settings.check().into_iter().next() {
        return Err(problem);
    }
    let mut breakers: HashMap<String, Arc<Breaker>> = HashMap::new();
    let mut alone: HashMap<&str, Arc<dyn ChatModel>> = HashMap::new();
    for (name, model) in &settings.models {
        let label = label(model);
        let fresh = || Breaker::new(label.clone(), BreakerRules::default());
        // By the whole address, while operators see its host alone: a path or query may hold a secret.
        let key = format!("{} {}", model.provider, model.address());
        let breaker = Arc::clone(breakers.entry(key).or_insert_with(fresh));
        alone.insert(name, decorate_chat(provider(name, model)?, model, breaker));
    }
    let with_fallbacks = settings.models.iter().filter_map(|(name, model)| {
        let first = Arc::clone(alone.get(name.as_str())?);
        if model.fallbacks.is_empty() {
            return Some(first);
        }
        let others = model.fallbacks.iter().filter_map(|name| alone.get(name.as_str()).cloned());
        Some(Arc::new(Fallback::new(first, others.collect())) as Arc<dyn ChatModel>)
    });
    Ok(ChatModels::new(with_fallbacks.collect(), settings.default.as_deref()))
}

/// Puts every decorator but the fallback around a model, as [`open_chat`] does.
#[must_use]
pub fn decorate_chat(
    model: Arc<dyn ChatModel>,
    settings: &ChatModelSettings,
    breaker: Arc<Breaker>,
) -> Arc<dyn ChatModel> {
    let timed = Arc::new(Deadline::new(model, settings.into()));
    let wait = Duration::from_millis(settings.queue_ms);
    let bounded = Arc::new(Bulkhead::new(timed, settings.concurrency, wait));
    let guarded = Arc::new(Guarded::new(bounded, breaker));
    let retried = Arc::new(Retry::new(guarded, settings.attempts, settings.whole()));
    Arc::new(Meter::new(retried))
}

fn provider(name: &str, settings: &ChatModelSettings) -> Result<Arc<dyn ChatModel>, ChatError> {
    Ok(match settings.provider.as_str() {
        "openai" | "groq" | "deepseek" => Arc::new(OpenAiChat::new(name, settings)?),
        _ => Arc::new(GenAiChat::new(name, settings)?),
    })
}

fn label(settings: &ChatModelSettings) -> String {
    let url = reqwest::Url::parse(settings.address()).ok();
    let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or_default();
    format!("{} {host}", settings.provider)
}

#[cfg(test)]
mod tests;

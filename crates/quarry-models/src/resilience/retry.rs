//! Another try for failures that pass, as long as nothing of the reply was given to anyone.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use quarry_core::Fault;
use tokio::time::{Instant, sleep, timeout_at};

use super::opening::opened;
use crate::{
    chat::{ChatInfo, ChatModel, ChatRequest, ChatStream},
    chat_error::{ChatError, Phase},
    events,
};

/// Ceiling of the first pause; it doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Ceiling of every pause that we choose.
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);

/// Longest pause that a provider's `Retry-After` can ask of us. Whoever waits for an answer is served better by a
/// fallback, or by the sentence that says when to come again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A model that is asked again.
///
/// Pauses grow exponentially and are drawn from the whole span below their ceiling (full jitter), so that callers who
/// failed together do not come back together.
pub struct Retry {
    inner: Arc<dyn ChatModel>,
    attempts: u32,
    whole: Duration,
}

impl Retry {
    /// At most `attempts` tries (the first included), all of which begin within `whole`.
    #[must_use]
    pub fn new(inner: Arc<dyn ChatModel>, attempts: u32, whole: Duration) -> Self {
        Self { inner, attempts, whole }
    }
}

/// A resting provider or a full bulkhead has made its own wait already; asking again would only hold the caller back
/// from a fallback.
fn worth_another_try(error: &ChatError) -> bool {
    error.passes() && !matches!(error, ChatError::Resting { .. } | ChatError::Busy { .. })
}

#[async_trait]
impl ChatModel for Retry {
    fn info(&self) -> &ChatInfo {
        self.inner.info()
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let name = &self.info().name;
        let end = Instant::now() + self.whole;
        let tries = usize::try_from(self.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let backoff = ExponentialBuilder::new().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_BACKOFF);
        let mut ceilings = backoff.with_max_times(tries).build();
        let mut attempt = 1;
        loop {
            let late = || ChatError::Timeout { name: name.clone(), phase: Phase::Whole, limit: self.whole };
            let tried = timeout_at(end, opened(&*self.inner, request)).await.map_err(|_| late())?;
            let error = match tried {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            let Some(ceiling) = ceilings.next().filter(|_| worth_another_try(&error)) else {
                return Err(error);
            };
            let drawn = ceiling.mul_f64(fastrand::f64());
            let asked = error.retry_after().unwrap_or(Duration::ZERO);
            let wait = asked.saturating_add(drawn);
            let left = end.saturating_duration_since(Instant::now());
            if asked > LONGEST_PAUSE || wait >= left {
                return Err(error);
            }
            events::chat_retried(name, attempt, wait, error.code());
            sleep(wait).await;
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests;

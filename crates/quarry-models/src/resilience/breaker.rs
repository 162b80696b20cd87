//! A provider that fails often is left alone for a while: its callers get their fallback at once, and it gets air.
//!
//! One [`Breaker`] belongs to a provider's address and is shared by the models behind it; [`Guarded`] puts it around
//! one model. Refusals and rate limits are answers of a working provider and open nothing.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::watch::{Watch, watched};
use crate::{
    chat::{ChatEvent, ChatInfo, ChatModel, ChatRequest, ChatStream},
    chat_error::ChatError,
    events,
};

/// Outcomes that are remembered; with more calls than this in a window, the latest decide.
const MOST_OUTCOMES: usize = 512;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerRules {
    /// The share of failures that opens it, 0 to 1.
    pub share: f64,
    /// Calls that must have ended before a share means anything.
    pub calls: usize,
    /// How long an outcome counts.
    pub window: Duration,
    /// How long the provider is left alone.
    pub rest: Duration,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self { share: 0.5, calls: 8, window: Duration::from_secs(30), rest: Duration::from_secs(15) }
    }
}

/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Every call goes through.
    Closed,
    /// No call goes through.
    Open,
    /// One call goes through and decides.
    HalfOpen,
}

impl BreakerState {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

#[derive(Default)]
struct Window {
    outcomes: VecDeque<(Instant, bool)>,
    failures: usize,
}

impl Window {
    fn add(&mut self, now: Instant, worked: bool, span: Duration) {
        let old = |(when, _): &(Instant, bool)| now.saturating_duration_since(*when) > span;
        while self.outcomes.front().is_some_and(old) || self.outcomes.len() >= MOST_OUTCOMES {
            let gone = self.outcomes.pop_front();
            self.failures -= usize::from(gone.is_some_and(|(_, worked)| !worked));
        }
        self.outcomes.push_back((now, worked));
        self.failures += usize::from(!worked);
    }

    #[allow(clippy::cast_precision_loss, reason = "at most some hundred outcomes")]
    fn is_too_bad(&self, rules: &BreakerRules) -> bool {
        let calls = self.outcomes.len();
        calls >= rules.calls && self.failures as f64 >= rules.share * calls as f64
    }
}

enum State {
    Closed(Window),
    Open { until: Instant },
    HalfOpen,
}

struct Inner {
    state: State,
    /// Grows with each change, so that a call that began before it no longer counts.
    epoch: u64,
}

/// The memory of how a provider has done lately.
pub struct Breaker {
    label: String,
    rules: BreakerRules,
    inner: Mutex<Inner>,
}

impl Breaker {
    /// A closed one. The label names the provider to operators.
    #[must_use]
    pub fn new(label: impl Into<String>, rules: BreakerRules) -> Arc<Self> {
        let inner = Mutex::new(Inner { state: State::Closed(Window::default()), epoch: 0 });
        Arc::new(Self { label: label.into(), rules, inner })
    }

    /// What it does with the next call.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match self.inner.lock().state {
            State::Closed(_) => BreakerState::Closed,
            State::Open { until } if Instant::now() < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen => BreakerState::HalfOpen,
        }
    }

    /// Lets a call through, or says how long the provider is left alone.
    fn admit(self: &Arc<Self>) -> Result<Pass, Duration> {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let probe = match inner.state {
            State::Closed(_) => false,
            State::Open { until } if now < until => return Err(until - now),
            // The probe decides within its deadlines; a second is a guess that costs little.
            State::HalfOpen => return Err(Duration::from_secs(1)),
            State::Open { .. } => {
                self.change(&mut inner, State::HalfOpen, BreakerState::HalfOpen);
                true
            }
        };
        Ok(Pass { breaker: Arc::clone(self), epoch: inner.epoch, probe, spoke: false, reported: false })
    }

    fn change(&self, inner: &mut Inner, state: State, word: BreakerState) {
        inner.state = state;
        inner.epoch += 1;
        events::breaker_changed(&self.label, word.word());
    }

    fn report(&self, epoch: u64, worked: bool) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        if inner.epoch != epoch {
            return;
        }
        let rest = State::Open { until: now + self.rules.rest };
        match &mut inner.state {
            State::Closed(window) => {
                window.add(now, worked, self.rules.window);
                if !worked && window.is_too_bad(&self.rules) {
                    self.change(&mut inner, rest, BreakerState::Open);
                }
            }
            State::HalfOpen if worked => {
                self.change(&mut inner, State::Closed(Window::default()), BreakerState::Closed);
            }
            State::HalfOpen => self.change(&mut inner, rest, BreakerState::Open),
            State::Open { .. } => {}
        }
    }

    /// A probe that decided nothing makes way for the next call to be one.
    fn give_back(&self, epoch: u64) {
        let mut inner = self.inner.lock();
        if inner.epoch == epoch && matches!(inner.state, State::HalfOpen) {
            inner.state = State::Open { until: Instant::now() };
            inner.epoch += 1;
        }
    }
}

/// The right to make one call, and the duty to say how it went.
struct Pass {
    breaker: Arc<Breaker>,
    epoch: u64,
    probe: bool,
    spoke: bool,
    reported: bool,
}

impl Pass {
    fn report(&mut self, worked: bool) {
        if !std::mem::replace(&mut self.reported, true) {
            self.breaker.report(self.epoch, worked);
        }
    }

    fn failed(&mut self, error: &ChatError) {
        match error {
            ChatError::Unavailable { .. }
            | ChatError::Timeout { .. }
            | ChatError::Cut { .. }
            | ChatError::Malformed { .. } => self.report(false),
            ChatError::Rejected { .. } | ChatError::TooLarge { .. } => self.report(true),
            ChatError::RateLimited { .. }
            | ChatError::Busy { .. }
            | ChatError::Resting { .. }
            | ChatError::Unknown { .. }
            | ChatError::Settings { .. } => {}
        }
    }
}

impl Watch for Pass {
    fn see(&mut self, item: &mut Result<ChatEvent, ChatError>) {
        match item {
            Ok(ChatEvent::Finished { .. }) => self.report(true),
            Ok(ChatEvent::Text(_) | ChatEvent::ToolCall(_)) => {
                self.spoke = true;
                // Others wait for a probe; a long reply must not keep them waiting to its end.
                if self.probe {
                    self.report(true);
                }
            }
            Ok(ChatEvent::Started(_) | ChatEvent::Working) => {}
            Err(error) => self.failed(error),
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.spoke {
            self.report(true);
        } else if self.probe && !self.reported {
            self.breaker.give_back(self.epoch);
        }
    }
}

/// A model whose provider is left alone when it fails often.
pub struct Guarded {
    inner: Arc<dyn ChatModel>,
    breaker: Arc<Breaker>,
}

impl Guarded {
    /// Around a model, with the breaker of its provider.
    #[must_use]
    pub fn new(inner: Arc<dyn ChatModel>, breaker: Arc<Breaker>) -> Self {
        Self { inner, breaker }
    }
}

#[async_trait]
impl ChatModel for Guarded {
    fn info(&self) -> &ChatInfo {
        self.inner.info()
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let resting = |retry_after| ChatError::Resting { name: self.info().name.clone(), retry_after };
        let mut pass = self.breaker.admit().map_err(resting)?;
        match self.inner.chat(request).await {
            Ok(stream) => Ok(watched(stream, pass)),
            Err(error) => {
                pass.failed(&error);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;

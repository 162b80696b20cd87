//! Deadlines for the first token, the silence between tokens, and the whole call. The connection's is the provider's,
//! which alone knows when it connects.
//!
//! Only the provider's silence counts: a caller that reads slowly is not taken for a provider that stalls.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use futures::{Future as _, Stream};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::{
    chat::{ChatEvent, ChatInfo, ChatModel, ChatRequest, ChatStream},
    chat_error::{ChatError, Phase},
    chat_settings::ChatModelSettings,
};

/// How long a reply may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From the call to the first sign of life behind its acceptance.
    pub first_token: Duration,
    /// Between two signs of life.
    pub between_tokens: Duration,
    /// From the call to the end.
    pub whole: Duration,
}

impl From<&ChatModelSettings> for Deadlines {
    fn from(settings: &ChatModelSettings) -> Self {
        Self {
            first_token: Duration::from_millis(settings.first_token_ms),
            between_tokens: Duration::from_millis(settings.between_tokens_ms),
            whole: settings.whole(),
        }
    }
}

/// A model that is not waited for longer than its deadlines.
pub struct Deadline {
    inner: Arc<dyn ChatModel>,
    deadlines: Deadlines,
}

impl Deadline {
    /// Around a model.
    #[must_use]
    pub fn new(inner: Arc<dyn ChatModel>, deadlines: Deadlines) -> Self {
        Self { inner, deadlines }
    }
}

#[async_trait]
impl ChatModel for Deadline {
    fn info(&self) -> &ChatInfo {
        self.inner.info()
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let name = &self.info().name;
        let begun = Instant::now();
        let (phase, limit) = shorter(Phase::FirstToken, self.deadlines.first_token, self.deadlines.whole);
        let late = |_| ChatError::Timeout { name: name.clone(), phase, limit };
        let stream = timeout(limit, self.inner.chat(request)).await.map_err(late)??;
        Ok(Box::pin(Timed {
            name: name.clone(),
            deadlines: self.deadlines,
            stream: Some(stream),
            begun,
            waiting_since: Some(begun),
            spoke: false,
            alarm: Box::pin(sleep_until(begun + limit)),
        }))
    }
}

fn shorter(phase: Phase, limit: Duration, whole: Duration) -> (Phase, Duration) {
    if whole < limit { (Phase::Whole, whole) } else { (phase, limit) }
}

struct Timed {
    name: String,
    deadlines: Deadlines,
    /// None once it is over, so that a provider that is late is hung up on at once.
    stream: Option<ChatStream>,
    begun: Instant,
    /// When the provider was first found to have nothing, if it has nothing now.
    waiting_since: Option<Instant>,
    spoke: bool,
    /// Moved only when it rings: most tokens come long before it, and moving a timer costs more than a token.
    alarm: Pin<Box<Sleep>>,
}

impl Timed {
    /// The deadline that ends the present wait.
    fn due(&self, since: Instant) -> (Instant, Phase, Duration) {
        let (phase, limit, at) = if self.spoke {
            let limit = self.deadlines.between_tokens;
            (Phase::NextToken, limit, since + limit)
        } else {
            let limit = self.deadlines.first_token;
            (Phase::FirstToken, limit, self.begun + limit)
        };
        let whole = self.begun + self.deadlines.whole;
        if whole < at { (whole, Phase::Whole, self.deadlines.whole) } else { (at, phase, limit) }
    }

    fn late(&mut self, phase: Phase, limit: Duration) -> Poll<Option<Result<ChatEvent, ChatError>>> {
        self.stream = None;
        Poll::Ready(Some(Err(ChatError::Timeout { name: self.name.clone(), phase, limit })))
    }
}

impl Stream for Timed {
    type Item = Result<ChatEvent, ChatError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(stream) = &mut this.stream else { return Poll::Ready(None) };
            if let Poll::Ready(item) = stream.as_mut().poll_next(context) {
                this.waiting_since = None;
                match &item {
                    None | Some(Err(_) | Ok(ChatEvent::Finished { .. })) => this.stream = None,
                    // Accepted is not answered: only what follows is a sign of life.
                    Some(Ok(ChatEvent::Started(_))) => {}
                    Some(Ok(event)) => {
                        this.spoke = true;
                        // An endless reply never pauses, so its length is looked at here.
                        if this.begun.elapsed() >= this.deadlines.whole {
                            return this.late(Phase::Whole, this.deadlines.whole);
                        }
                        if *event == ChatEvent::Working {
                            continue;
                        }
                    }
                }
                return Poll::Ready(item);
            }
            let now = Instant::now();
            let since = *this.waiting_since.get_or_insert(now);
            let (due, phase, limit) = this.due(since);
            if now >= due {
                return this.late(phase, limit);
            }
            let rings = this.alarm.deadline();
            if rings > due || rings <= now {
                this.alarm.as_mut().reset(due);
            }
            if this.alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests;

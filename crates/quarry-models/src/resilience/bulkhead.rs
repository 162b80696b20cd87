//! A bound on calls that run at the same time, with a bounded wait: one slow model cannot hold every run.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::watch::{Watch, watched};
use crate::{
    chat::{ChatEvent, ChatInfo, ChatModel, ChatRequest, ChatStream},
    chat_error::ChatError,
};

/// A model with a fixed number of places. A place is held until the reply is over or dropped.
pub struct Bulkhead {
    inner: Arc<dyn ChatModel>,
    places: Arc<Semaphore>,
    calls: usize,
    wait: Duration,
}

impl Bulkhead {
    /// At most `calls` (at least one) at the same time; others wait up to `wait`, in the order they came.
    #[must_use]
    pub fn new(inner: Arc<dyn ChatModel>, calls: usize, wait: Duration) -> Self {
        let calls = calls.clamp(1, Semaphore::MAX_PERMITS);
        Self { inner, places: Arc::new(Semaphore::new(calls)), calls, wait }
    }
}

struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Watch for Place {
    fn see(&mut self, _: &mut Result<ChatEvent, ChatError>) {}
}

#[async_trait]
impl ChatModel for Bulkhead {
    fn info(&self) -> &ChatInfo {
        self.inner.info()
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let busy =
            || ChatError::Busy { name: self.info().name.clone(), limit: self.calls, waited: self.wait };
        let place = timeout(self.wait, Arc::clone(&self.places).acquire_owned()).await;
        let permit = place.map_err(|_| busy())?.map_err(|_| busy())?;
        Ok(watched(self.inner.chat(request).await?, Place { _permit: permit }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{sync::Arc, time::Duration};

    use futures::StreamExt;

    use super::Bulkhead;
    use crate::{
        chat::{ChatEvent, ChatModel, ChatRequest},
        chat_error::ChatError,
        testing::{ScriptedChat, Turn, chat_contract, contract_turn},
    };

    #[tokio::test(start_paused = true)]
    async fn it_keeps_the_contract() {
        let inner = Arc::new(ScriptedChat::answering("m", contract_turn));
        chat_contract(&Bulkhead::new(inner, 2, Duration::from_secs(9))).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_bulkhead_says_so_after_its_wait_and_an_ended_reply_makes_room() {
        let inner = Arc::new(ScriptedChat::answering("m", |_| Turn::text(["a", "b"])));
        let model = Bulkhead::new(inner, 1, Duration::from_millis(500));
        let request = ChatRequest::default();
        let mut first = model.chat(&request).await.unwrap();
        let busy = model.chat(&request).await.err().unwrap();
        let waited = Duration::from_millis(500);
        assert_eq!(busy, ChatError::Busy { name: "m".to_owned(), limit: 1, waited });
        while !matches!(first.next().await.unwrap().unwrap(), ChatEvent::Finished { .. }) {}
        // `first` still lives, but its reply is over.
        let second = model.chat(&request).await.unwrap();
        drop(second);
        drop(model.chat(&request).await.unwrap());
    }
}

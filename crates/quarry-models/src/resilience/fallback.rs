//! Other models, in order, when one does not answer; as long as nothing of a reply was given to anyone.

use std::sync::Arc;

use async_trait::async_trait;
use quarry_core::Fault;

use super::opening::opened;
use crate::{
    chat::{ChatInfo, ChatModel, ChatRequest, ChatStream},
    chat_error::ChatError,
    events,
};

/// A model with models that stand in for it.
///
/// Every failure is handed on, refusals included: what one provider will not read or serve, another may. When all
/// fail, the error is the first one's, since it was asked for; when that one only rests, whoever asks is told until when.
pub struct Fallback {
    first: Arc<dyn ChatModel>,
    others: Vec<Arc<dyn ChatModel>>,
}

impl Fallback {
    /// Asks `first`, then `others` in their order.
    #[must_use]
    pub fn new(first: Arc<dyn ChatModel>, others: Vec<Arc<dyn ChatModel>>) -> Self {
        Self { first, others }
    }
}

#[async_trait]
impl ChatModel for Fallback {
    fn info(&self) -> &ChatInfo {
        self.first.info()
    }

    async fn chat(&self, request: &ChatRequest) -> Result<ChatStream, ChatError> {
        let mut failed = match opened(&*self.first, request).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let first = failed.clone();
        for other in &self.others {
            events::chat_fell_back(&self.info().name, &other.info().name, failed.code());
            match opened(&**other, request).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(first)
    }
}

#[cfg(test)]
mod tests;

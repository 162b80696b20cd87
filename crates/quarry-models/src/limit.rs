//! A bound on calls that run at the same time, so that one slow server cannot hold every task.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::{
    embed::{EmbedRequest, Embedder, EmbedderInfo},
    error::ModelError,
};

/// An embedder that lets a fixed number of calls through at once; the others wait in the order they came.
pub struct Limited {
    inner: Arc<dyn Embedder>,
    permits: Semaphore,
}

impl Limited {
    /// At most `calls` (at least one) at the same time.
    #[must_use]
    pub fn new(inner: Arc<dyn Embedder>, calls: usize) -> Self {
        Self { inner, permits: Semaphore::new(calls.max(1)) }
    }
}

#[async_trait]
impl Embedder for Limited {
    fn info(&self) -> &EmbedderInfo {
        self.inner.info()
    }

    async fn embed(&self, request: EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        let closed = |problem| ModelError::unavailable(&self.info().id, problem);
        let _permit = self.permits.acquire().await.map_err(closed)?;
        self.inner.embed(request).await
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.inner.count_tokens(text)
    }
}

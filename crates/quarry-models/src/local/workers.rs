//! The threads that embed: few, started when first needed, apart from those that serve requests.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::{error::ModelError, events};

/// A capped thread pool. Several calls share it, so that ingestion cannot take more processors than it was given.
pub(crate) struct Workers {
    threads: usize,
    pool: OnceLock<Result<ThreadPool, String>>,
}

impl Workers {
    pub(crate) const fn new(threads: usize) -> Self {
        Self { threads, pool: OnceLock::new() }
    }

    /// Runs a computation on the pool and waits for it without blocking the runtime. When the caller goes away the
    /// computation still ends, and its result is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        id: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ModelError> {
        let pool = self.pool.get_or_init(|| build(self.threads)).as_ref();
        let pool = pool.map_err(|problem| ModelError::unavailable(id, problem))?;
        let (send, receive) = tokio::sync::oneshot::channel();
        pool.spawn(move || {
            // A caller that no longer listens needs no result.
            drop(send.send(work()));
        });
        receive.await.map_err(|_| ModelError::unavailable(id, "an embedding thread failed"))
    }
}

fn build(threads: usize) -> Result<ThreadPool, String> {
    ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(|number| format!("embed-{number}"))
        .panic_handler(|_| events::worker_panicked())
        .build()
        .map_err(|error| format!("its threads could not be started ({error})"))
}

//! What every handler can reach.

use std::{collections::HashSet, future::Future, ops::Deref, sync::Arc, time::Duration};

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;
use quarry_engine::Engine;
use tokio::sync::Semaphore;

use crate::{auth::Tokens, middleware::RateLimits, problem::Problem, settings::ServerSettings};

/// Requests to push sources that are read at a time: whoever sends one shows no key, and all of it has to be read to see
/// whether it is signed.
const MOST_PUSHES: usize = 8;

/// What a server is made of.
pub struct App {
    /// What the product does.
    pub engine: Engine,
    /// What it can be told.
    pub settings: ServerSettings,
    /// The issuers whose tokens are taken.
    pub tokens: Tokens,
    /// Who may ask how often.
    pub limits: RateLimits,
    /// Renders `/metrics`; see [`crate::install_recorder`].
    pub metrics: PrometheusHandle,
}

/// An [`App`] that handlers share.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// What is behind an [`AppState`].
pub(crate) struct Shared {
    pub(crate) app: App,
    /// One permit for each request that may be worked on.
    pub(crate) requests: Arc<Semaphore>,
    /// One permit for each run that a client may listen to or wait for.
    pub(crate) streams: Arc<Semaphore>,
    /// One permit for each request without a key whose body may be read.
    pub(crate) pushes: Arc<Semaphore>,
    /// Idempotency keys whose first request is still being answered.
    pub(crate) answering: Mutex<HashSet<String>>,
    /// The OpenAPI document, rendered once.
    pub(crate) openapi: Bytes,
}

impl AppState {
    pub(crate) fn new(app: App, openapi: String) -> Self {
        let permits = |most: usize| Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        let (requests, streams) = (permits(app.settings.max_requests), permits(app.settings.max_streams));
        let (pushes, answering, openapi) = (permits(MOST_PUSHES), Mutex::default(), openapi.into());
        Self(Arc::new(Shared { app, requests, streams, pushes, answering, openapi }))
    }

    /// How long a request may take.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.app.settings.request_timeout_seconds.max(1))
    }

    /// Work that must be done within the request timeout, on a route whose answer as a whole may take longer.
    pub(crate) async fn in_time<T, E: Into<Problem>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Problem> {
        let patience = self.patience();
        match tokio::time::timeout(patience, work).await {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(Problem::too_late(patience)),
        }
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

//! What every handler can reach.

use std::{collections::HashSet, ops::Deref, sync::Arc};

use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::Mutex;
use quarry_engine::Engine;
use tokio::sync::Semaphore;

use crate::settings::ServerSettings;

/// What a server is made of.
pub struct App {
    /// What the product does.
    pub engine: Engine,
    /// SHA-256 of the admin key.
    pub admin_key_hash: [u8; 32],
    /// What it can be told.
    pub settings: ServerSettings,
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
    pub(crate) requests: Semaphore,
    /// Idempotency keys whose first request is still being answered.
    pub(crate) answering: Mutex<HashSet<String>>,
    /// The OpenAPI document, rendered once.
    pub(crate) openapi: Bytes,
}

impl AppState {
    pub(crate) fn new(app: App, openapi: String) -> Self {
        let requests = Semaphore::new(app.settings.max_requests.clamp(1, Semaphore::MAX_PERMITS));
        Self(Arc::new(Shared { app, requests, answering: Mutex::default(), openapi: openapi.into() }))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

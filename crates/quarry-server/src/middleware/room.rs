//! Places: one among the requests at hand for everybody, another among the streams for those who wait for a run.
//!
//! A run may take minutes, nearly all of them spent waiting for a model. Were it to keep its place among the requests,
//! a few hundred of them would shut out every search.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;

use crate::{events::Listening, problem::Problem, state::AppState};

/// A request's place among the requests at hand. It is held until the response begins, or is left earlier.
#[derive(Clone, Default)]
pub(crate) struct Room(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Room {
    /// Takes a place, where there is one.
    pub(crate) fn enter(state: &AppState) -> Option<Self> {
        let permit = Arc::clone(&state.requests).try_acquire_owned().ok()?;
        Some(Self(Arc::new(Mutex::new(Some(permit)))))
    }

    /// Gives the place up for one among the streams.
    pub(crate) fn exchange(&self, state: &AppState) -> Result<Place, Problem> {
        let Ok(permit) = Arc::clone(&state.streams).try_acquire_owned() else {
            let detail = "as many clients listen to runs or wait for them as the server takes \
                          (`server.max_streams`); try again in a moment";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail);
            return Err(problem.retry_after(Duration::from_secs(1)));
        };
        drop(self.0.lock().take());
        Ok(Place::of(permit))
    }
}

impl FromRequestParts<AppState> for Room {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// A place among the streams, until it is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Listening,
}

impl Place {
    pub(crate) fn of(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit, _counted: Listening::begin() }
    }
}

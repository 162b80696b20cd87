//! Answers kept for requests that are repeated, for a day.

use std::time::Duration;

use quarry_core::{Access, Timestamp};
use quarry_store::Remembered;

use crate::{engine::Engine, error::EngineError};

/// How long an answer is kept: clients that try again do so within minutes.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    /// A hash of the request it answered.
    pub fingerprint: [u8; 32],
    /// The HTTP status.
    pub status: u16,
    /// The body's media type.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A key under the name of whoever sends it: nobody is given what was answered to somebody else.
fn own(access: &Access, key: &str) -> String {
    format!("{} {key}", access.actor())
}

/// The verbs on kept answers.
#[derive(Clone, Copy)]
pub struct Idempotency<'a>(pub(crate) &'a Engine);

impl Idempotency<'_> {
    /// The answer kept under a key, if it is less than a day old.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn find(&self, access: &Access, key: &str) -> Result<Option<StoredResponse>, EngineError> {
        let found = self.0.inner().store.idempotency().find(access.tenant(), &own(access, key)).await?;
        let oldest = self.oldest();
        Ok(found.filter(|kept| kept.created_at > oldest).map(|kept| {
            let mut fingerprint = [0; 32];
            // Another length than ours reads as a fingerprint that no request has.
            if hex::decode_to_slice(&kept.fingerprint, &mut fingerprint).is_err() {
                fingerprint = [0; 32];
            }
            StoredResponse {
                fingerprint,
                status: kept.status,
                content_type: kept.content_type,
                body: kept.body,
            }
        }))
    }

    /// Keeps an answer under a key, unless one is kept there, and lets go of those older than a day.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn put(&self, access: &Access, key: &str, answer: StoredResponse) -> Result<(), EngineError> {
        let inner = self.0.inner();
        inner.store.idempotency().prune(self.oldest()).await?;
        let remembered = Remembered {
            fingerprint: hex::encode(answer.fingerprint),
            status: answer.status,
            content_type: answer.content_type,
            body: answer.body,
            created_at: inner.clock.now(),
        };
        inner.store.idempotency().put(access.tenant(), &own(access, key), &remembered).await?;
        Ok(())
    }

    fn oldest(&self) -> Timestamp {
        let kept = i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.0.inner().clock.now().micros().saturating_sub(kept))
    }
}

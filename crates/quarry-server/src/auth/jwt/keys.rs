//! An issuer's public keys as they are known, and when they are fetched again.
//!
//! They are fetched with the first token, every `refresh_seconds` behind the back of whoever asks, and for a key that is not
//! among them; but never again within `retry_seconds`, so that made-up names of keys cost the issuer nothing. One fetch
//! at a time; it goes on when the caller hangs up. What is known stays when a fetch fails.

use std::{sync::Arc, time::Duration};

use parking_lot::RwLock;
use quarry_core::{Clock, Timestamp};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
};
use tokio_util::task::TaskTracker;

use super::{
    compact::Compact, fetch::Origin, public_keys::PublicKeys, refusal::TokenRefusal, settings::JwtSettings,
};
use crate::events;

/// The public keys of one issuer.
pub(super) struct IssuerKeys {
    /// The issuer's name in the configuration.
    name: String,
    origin: Origin,
    refresh: Duration,
    retry: Duration,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    known: RwLock<Known>,
    /// Held by whoever fetches.
    turn: Arc<Mutex<()>>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Option<Arc<PublicKeys>>,
    /// When they came.
    came: Option<Timestamp>,
    /// When they were last asked for.
    asked: Option<Timestamp>,
}

impl IssuerKeys {
    pub(super) fn new(
        name: &str,
        settings: &JwtSettings,
        origin: Origin,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            origin,
            refresh: Duration::from_secs(settings.refresh_seconds),
            retry: Duration::from_secs(settings.retry_seconds),
            clock,
            tasks,
            known: RwLock::default(),
            turn: Arc::default(),
        })
    }

    /// Whether a token is signed by one of the keys.
    ///
    /// # Errors
    /// [`TokenRefusal::Broken`] when it is not, [`TokenRefusal::NoKeys`] when there are none to tell by.
    pub(super) async fn check(self: &Arc<Self>, token: &Compact<'_>) -> Result<(), TokenRefusal> {
        let known = self.known.read().clone();
        if let Some(signed) = known.signed(token) {
            if self.passed(known.came, self.refresh) {
                self.refresh_behind();
            }
            return if signed { Ok(()) } else { Err(TokenRefusal::Broken) };
        }
        self.fetch_once().await;
        let known = self.known.read().clone();
        match known.signed(token) {
            Some(true) => Ok(()),
            Some(false) => Err(TokenRefusal::Broken),
            None if known.keys.is_none() => Err(TokenRefusal::NoKeys(self.retry)),
            None => Err(TokenRefusal::Broken),
        }
    }

    /// Whether so much time has passed since; a clock that was set back is no reason to wait.
    fn passed(&self, since: Option<Timestamp>, wait: Duration) -> bool {
        let now = self.clock.now();
        since.is_none_or(|since| now < since || now.since(since) >= wait)
    }

    fn may_ask(&self) -> bool {
        let asked = self.known.read().asked;
        self.passed(asked, self.retry)
    }

    /// Waits for the fetch at hand, or fetches when it is time.
    async fn fetch_once(self: &Arc<Self>) {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if self.may_ask() {
            // A task that died has told nothing; the keys that are known stay.
            drop(self.fetch(turn).await);
        }
    }

    fn refresh_behind(self: &Arc<Self>) {
        if let Ok(turn) = Arc::clone(&self.turn).try_lock_owned()
            && self.may_ask()
        {
            drop(self.fetch(turn));
        }
    }

    /// Fetches in a task of its own, so that nobody can stop it by hanging up.
    fn fetch(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> JoinHandle<()> {
        let now = self.clock.now();
        self.known.write().asked = Some(now);
        let this = Arc::clone(self);
        self.tasks.spawn(async move {
            match this.origin.fetch().await {
                Ok(keys) => {
                    events::issuer_keys(&this.name, keys.len());
                    let mut known = this.known.write();
                    (known.keys, known.came) = (Some(Arc::new(keys)), Some(now));
                }
                Err(error) => events::issuer_keys_failed(&this.name, error.code(), &error),
            }
            drop(turn);
        })
    }
}

impl Known {
    /// Whether one of the keys that fit signed it; none when no key fits.
    fn signed(&self, token: &Compact<'_>) -> Option<bool> {
        let keys = self.keys.as_ref()?.fitting(token.kid.as_deref(), token.algorithm);
        if keys.is_empty() {
            return None;
        }
        Some(keys.iter().any(|key| key.signed(token.signed.as_bytes(), &token.signature)))
    }
}

//! What was found of keys, kept where nobody else can change it.
//!
//! Over SQLite this process alone changes keys, people and tenants, so that what it remembers stays true until it changes
//! something itself: then everything is forgotten. Over PostgreSQL another server may revoke a key at any moment, and
//! nothing is remembered.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use quarry_core::{Actor, KeyId, Rights, TenantId, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use crate::engine::Inner;

/// Prefixes remembered at most; more than any install has keys.
const MOST: usize = 10_000;
/// How often the last uses of keys and what tenants use are written.
const WRITTEN: Duration = Duration::from_secs(10);

/// A key that may be taken, with what it opens.
pub(super) struct Ready {
    pub(super) id: KeyId,
    pub(super) hash: [u8; 32],
    pub(super) tenant: TenantId,
    pub(super) actor: Actor,
    pub(super) rights: Arc<Rights>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) standing: KeyStanding,
}

/// Whether a key is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyStanding {
    Good,
    Revoked,
    Suspended,
    Disabled,
}

/// Keys by their prefix.
#[derive(Default)]
pub(crate) struct KnownKeys {
    found: RwLock<HashMap<String, Arc<[Ready]>>>,
    /// Counts up whenever everything is forgotten, so that what was being read meanwhile is not remembered.
    changes: AtomicU64,
    uses: Mutex<HashMap<KeyId, Timestamp>>,
}

impl KnownKeys {
    pub(super) fn find(&self, prefix: &str) -> Option<Arc<[Ready]>> {
        self.found.read().get(prefix).map(Arc::clone)
    }

    /// To be read before the database is, for [`KnownKeys::remember`].
    pub(super) fn mark(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    pub(super) fn remember(&self, mark: u64, prefix: &str, keys: &Arc<[Ready]>) {
        // What is no key at all must not push out what is.
        if keys.is_empty() {
            return;
        }
        let mut found = self.found.write();
        if self.mark() != mark {
            return;
        }
        if found.len() >= MOST {
            found.clear();
        }
        found.insert(prefix.to_owned(), Arc::clone(keys));
    }

    /// After any change of keys, people, groups, roles or tenants.
    pub(crate) fn forget(&self) {
        let mut found = self.found.write();
        self.changes.fetch_add(1, Ordering::SeqCst);
        found.clear();
    }

    pub(super) fn used(&self, key: KeyId, at: Timestamp) {
        self.uses.lock().insert(key, at);
    }

    async fn write(&self, inner: &Inner) {
        if let Err(error) = inner.spending.flush(inner).await {
            crate::events::usage_failed(&error);
        }
        let uses: Vec<_> = std::mem::take(&mut *self.uses.lock()).into_iter().collect();
        if let Err(error) = inner.store.keys().used(&uses).await {
            crate::events::key_uses_failed(&error);
        }
    }
}

/// Writes the last uses of keys and what tenants used now and then, and once more at the end.
pub(crate) async fn keep_uses(inner: Arc<Inner>) {
    let mut ticks = interval(WRITTEN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => inner.keys.write(&inner).await,
            () = inner.closing.cancelled() => return inner.keys.write(&inner).await,
        }
    }
}

//! Waking workers: each lane has its own bell.

use quarry_store::{Jobs, Lane};
use tokio::sync::Notify;

/// The bells.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    small: Notify,
    large: Notify,
}

impl Wake {
    /// A lane's bell.
    pub(crate) const fn of(&self, lane: Lane) -> &Notify {
        match lane {
            Lane::Small => &self.small,
            Lane::Large => &self.large,
        }
    }

    /// Wakes whoever takes documents of these sizes.
    pub(crate) fn wake(&self, sizes: impl IntoIterator<Item = u64>) {
        let (mut small, mut large) = (false, false);
        for bytes in sizes {
            if bytes <= Jobs::SMALL { small = true } else { large = true }
        }
        if small {
            self.small.notify_one();
        }
        if large {
            self.large.notify_one();
        }
    }

    /// Wakes a worker of each lane.
    pub(crate) fn wake_all(&self) {
        self.small.notify_one();
        self.large.notify_one();
    }
}

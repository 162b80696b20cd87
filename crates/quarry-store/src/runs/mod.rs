//! Runs of agents, each with everything that happened in it.
//!
//! A run's events are one JSON array in its row: they are written together when the run ends or pauses, and read
//! together.

mod event;
mod keep;
mod read;
mod row;
mod wait;

pub use event::RunEventRow;
pub use row::{FinishedRun, RunFilter, RunRow, RunState};

use crate::store::Store;

/// The runs of a store.
pub struct Runs<'a> {
    pub(crate) store: &'a Store,
}

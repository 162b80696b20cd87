//! Background work, leased to workers.
//!
//! * [`Job`], [`JobInfo`], [`JobStats`]: what a worker gets, what a person sees, how the queue stands.
//! * `claim`: leases, and the signs of life that keep them; `end`: the ways a lease ends; `dead`: what was given up;
//!   `checkpoints`: what a retry need not do again; `turns`: the order that is fair between tenants.
//!
//! A running job's `due_at` is the end of its lease: when a worker dies, its jobs become due again by themselves.
//! Every lease counts as an attempt, so that a file that kills its worker ends as a dead job and not in a circle. A
//! failure that passes gives its attempt back.

mod checkpoints;
mod claim;
mod dead;
mod end;
mod failure;
mod info;
mod job;
mod read;
mod stage;
mod turns;

pub use claim::{Heartbeat, Lane};
pub use dead::DeadFilter;
pub(crate) use end::finish;
pub use failure::JobFailure;
pub use info::{JobInfo, JobStats, StageAge};
pub use job::Job;
pub(crate) use job::{unbuilt_columns, unbuilt_job};
pub use stage::{JobStage, JobStatus};
pub(crate) use turns::{Turn, take_turns};

use crate::store::Store;

/// How often a job is tried where nobody says.
pub(crate) const MAX_ATTEMPTS: u32 = 5;

/// The jobs of a store.
pub struct Jobs<'a> {
    pub(crate) store: &'a Store,
}

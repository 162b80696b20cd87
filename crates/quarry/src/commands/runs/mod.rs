//! `quarry runs`
//!
//! * [`run`]: the arguments and the verbs.
//! * `trace`: a run with its steps, as a person reads it.

mod command;
mod trace;

pub(crate) use command::{RunsCommand, run};

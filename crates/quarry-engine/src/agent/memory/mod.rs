//! What a model is told of earlier turns and of its user, and what is kept of this one.
//!
//! * [`pack`]: what fits into the window. `summary`: the notes of turns that left it. `facts`: what is remembered of the
//!   user. `turns`: reading them before a run and adding to them after it.

pub(crate) mod facts;
pub mod pack;
mod summary;
mod turns;

pub(crate) use turns::{recent, remember};

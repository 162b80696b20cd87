//! A run as a person reads it: told while it comes, then shown with what it rests on.
//!
//! * [`Told`]: what was heard of a run, until it is over.
//! * [`Telling`]: the words on the terminal while it goes.
//! * [`show`]: an answer and its sources.
//! * [`Person`]: who is asked for approval.

mod follow;
mod lines;
mod person;
mod show;
mod telling;

pub(crate) use follow::{Told, Waiting};
pub(crate) use lines::{Line, Lines};
pub(crate) use person::{Person, finished};
pub(crate) use show::{call, cited, report, retrieved, shown};
pub(crate) use telling::Telling;

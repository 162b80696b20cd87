//! One look at a source.
//!
//! * `run`: begins, gives signs of life, ends.
//! * `look`: the listing against what is known; nothing is read yet.
//! * `take`: what is new or changed is read, and becomes a document, a new version, or the new name of one.
//! * `clear`: what is gone is removed, unless too much is.
//! * `tally`: what became of the entries.
//!
//! What is to be read stands in the store between the steps, so that a run needs no memory for it and the next goes on
//! where one was ended.

mod clear;
mod look;
mod run;
mod take;
mod tally;

pub(super) use run::run;

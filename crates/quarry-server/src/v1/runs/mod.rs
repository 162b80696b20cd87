//! `/v1/runs`: what was run, what it says while it goes, and decisions about it.

pub(crate) mod act;
pub(crate) mod read;
mod trace;

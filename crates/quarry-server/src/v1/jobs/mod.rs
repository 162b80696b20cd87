//! `/v1/jobs`: background work, and what was given up.

pub(crate) mod dead;
pub(crate) mod one;

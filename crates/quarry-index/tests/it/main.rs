//! The engines, from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod contract;
mod dense;
mod filters;
mod properties;
mod real;
mod recovery;
mod support;

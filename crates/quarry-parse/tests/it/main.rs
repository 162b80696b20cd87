//! Tests over whole documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod chunking;
mod fixtures;
mod formats;
mod hostile;
mod html;
mod pdf;
mod scans;
mod strategies;
mod support;

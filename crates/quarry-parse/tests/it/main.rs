//! Tests over whole documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod archives;
mod books;
mod chunking;
mod fixtures;
mod formats;
mod hostile;
mod html;
mod messages;
mod office;
mod pdf;
mod rich_text;
mod scans;
mod strategies;
mod structured;
mod support;

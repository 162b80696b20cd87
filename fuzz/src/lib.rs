//! What is fuzzed: one function a target, each from bytes to nothing or a panic.
//!
//! The targets in `fuzz_targets/` only call these, so that `tests/smoke.rs` runs the same on a stable compiler. A
//! function must hold for any bytes: it ends soon, does not panic, and keeps what its reader promises.

mod checks;
#[cfg(feature = "models")]
mod models;
mod readers;

#[cfg(feature = "models")]
pub use models::{react, sse};
pub use readers::{chunk, csv, eml, html, json, markdown, parse, pdf, rtf};

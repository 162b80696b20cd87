//! From bytes to searchable chunks: workers take jobs, the pipeline reads documents, the indexer follows the
//! database.
//!
//! A worker writes only to the database. The indexer alone feeds the index, in the order of the collection's
//! sequence numbers, reading what the database says changed: so two workers cannot apply changes out of order, and
//! a crash between the two is nothing special.
//!
//! * `worker`: leases and signs of life; small and large documents have workers of their own. `held`: a leased job.
//! * `pipeline`: the stages of a group: `read` (cage, `ocr`), `cut`, `embed` (at the embedder's `pace`).
//! * `build`: the same for a generation that is made beside the live one.
//! * `failing`: what becomes of a job that failed. `reaper`: nothing is lost from sight.

pub(crate) mod build;
mod cut;
mod embed;
mod failing;
mod held;
pub(crate) mod indexer;
mod ocr;
mod pace;
mod pipeline;
pub(crate) mod progress;
mod read;
pub(crate) mod reaper;
pub(crate) mod wake;
pub(crate) mod worker;

pub use failing::hint;
pub(crate) use held::{Held, InHand, Progress};
pub(crate) use pace::Paces;

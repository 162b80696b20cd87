//! Sources: places whose documents are kept in sync, what each held when it was last looked at, and what each look did.
//!
//! * `row`: a source as it is, and as it is added and changed; `keep`: adding, listing, changing, removing.
//! * `lease`: runs begin, give signs of life, end; no source has two at once.
//! * `see`: what a listing says against what is known; `items`: what becomes of each entry; `pushed`: entries that a
//!   sender brings.
//! * `run`: what runs did.
//!
//! Every write of a run holds the source's lease in the same transaction and extends it: a run whose lease was given to
//! another writes nothing any more.

mod items;
mod keep;
mod lease;
mod pushed;
mod row;
mod run;
mod see;

pub use items::{Moved, Settled};
pub use lease::{SourceEnd, SourceLease};
pub use row::{NewSource, SourceChange, SourceItem, SourceKind, SourceRow};
pub use run::{SourceCounts, SourceFailure, SourceRun, SourceRunState};
pub use see::{Seen, SeenEntry};

use crate::store::Store;

/// Runs of a source that are kept.
const KEPT_RUNS: u64 = 50;

/// The sources of a store.
pub struct Sources<'a> {
    pub(crate) store: &'a Store,
}

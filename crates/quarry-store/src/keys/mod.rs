//! Keys: random texts that programs show. Only their hashes are kept.
//!
//! * `row`: what is known of a key.
//! * `keep`: keys are added, listed, rotated, revoked.
//! * `find`: from a key's prefix to whose it may be, with everything that decides what it may do.

mod find;
mod keep;
mod row;

pub use find::{FoundKey, Owner};
pub use keep::{KeyRotation, NewKey};
pub use row::KeyRow;

use crate::store::Store;

/// The keys of a store.
pub struct Keys<'a> {
    pub(crate) store: &'a Store,
}

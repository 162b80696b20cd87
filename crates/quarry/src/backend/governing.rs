//! The verbs on keys, and who one is.

use quarry_core::{Page, PageRequest};
use quarry_engine::govern::{KeyView, MadeKey, NewKeyRequest, Rotation, Whoami};

use super::{Backend, verbs::verbs};
use crate::failure::Outcome;

verbs! {
    /// Lists keys.
    keys(page: &PageRequest) -> Page<KeyView>;
    /// Makes a key.
    add_key(new: NewKeyRequest) -> MadeKey;
    /// Revokes a key, by name or id.
    revoke_key(key: &str) -> KeyView;
    /// Makes a key that takes the place of another.
    rotate_key(key: &str, rotation: Rotation) -> MadeKey;
    /// Who asks, and what they may.
    whoami() -> Whoami;
}

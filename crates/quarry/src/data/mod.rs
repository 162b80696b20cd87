//! The data folder: where everything is, who may use it now, and the admin key.

mod folder;
mod key;
mod lock;

pub(crate) use folder::DataFolder;
pub(crate) use key::AdminKey;
pub(crate) use lock::{Held, Lock};

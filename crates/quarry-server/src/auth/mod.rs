//! Who is asking, and from where. Today one admin key; what handlers receive is an `Access` already, so that more can
//! come.

mod caller;
pub(crate) mod origin;

pub(crate) use caller::{Caller, authenticate};

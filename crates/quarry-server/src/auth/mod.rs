//! Who is asking. Today one admin key; what handlers receive is an `Access` already, so that more can come.

mod caller;

pub(crate) use caller::{Caller, carries_key};

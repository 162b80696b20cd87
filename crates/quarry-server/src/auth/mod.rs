//! Who is asking: from what a request shows to an `Access`.

mod caller;
mod presented;

pub(crate) use caller::{Caller, authenticate};

//! Rules that no compiler knows, each a small function with its reason.
//!
//! A rule takes one file and returns findings; it reads nothing else and changes nothing. To add one, write the
//! function beside its kin with a bad example in its tests, and enter it in `rules.rs`.

mod adr;
mod append_only;
mod arrows;
mod dependencies;
mod layout;
mod links;
mod prose;
mod rules;
mod source;
mod verbs;

pub(crate) use rules::run;
pub(crate) use source::{Source, all};

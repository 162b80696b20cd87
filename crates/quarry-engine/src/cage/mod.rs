//! Parsing in a cage: untrusted bytes are read in a child process that can be killed, and can do nothing but answer.
//!
//! * [`Cage`]: the pool of children, each with one document at a time; [`CageSettings`]: what they may cost.
//! * `process`: one child as its keeper sees it; `protocol`: what goes over its pipes; [`serve`]: the child's side;
//!   `confine`: what the child gives up before it reads a byte.
//!
//! A crash, a hang or a bomb costs one document, which says so. Memory that parsing took goes back to the system with
//! the child. Documents that no parser touches (plain UTF-8 text) are read here: there is nothing to protect from.

mod child;
mod confine;
mod document;
mod error;
mod pool;
mod process;
mod protocol;
mod settings;

pub use child::serve;
pub use document::ToParse;
pub use error::CageError;
pub use pool::Cage;
pub use settings::CageSettings;

//! The tools an agent may be given.
//!
//! * [`Toolbox`]: all of them by name, and those of one agent.
//! * `search`, `read_document`, `list_documents`: the documents, bounded by the agent's collections (`bounds`); what
//!   they show is numbered and can be cited (`passages`).
//! * `calculate`, `current_time`: what models get wrong and do not know.
//! * `remember`, `recall`: the user's facts.
//! * [`fetch_url`]: a page of the web, where the operator allows it.

mod amount;
mod arguments;
mod bounds;
mod calculate;
mod current_time;
pub mod fetch_url;
mod list_documents;
mod passages;
mod read_document;
mod recall;
mod remember;
mod search;
mod toolbox;

pub(super) use arguments::in_time;
pub use toolbox::Toolbox;

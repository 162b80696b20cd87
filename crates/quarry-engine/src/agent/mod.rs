//! Agents: a model that talks, tools that look things up, and a run that holds both to budgets.
//!
//! * [`definition`]: what an agent is; versioned, so that a stored run says which version answered.
//! * [`event`]: what a run says while it goes; every door renders the same events.
//! * [`source`]: the numbered passages of a run, the only ones its answer may cite.
//! * [`tool`]: the contract of a tool; the tools are in [`tools`].

pub mod definition;
pub mod event;
pub mod source;
pub mod tool;
pub mod tools;

//! Agents: a model that talks, tools that look things up, and a run that holds both to budgets.
//!
//! * [`definition`]: what an agent is; versioned, so that a stored run says which version answered.
//! * [`event`]: what a run says while it goes; every door renders the same events.
//! * [`source`]: the numbered passages of a run, the only ones its answer may cite.
//! * [`mcp`]: the tools of other servers.
//! * [`tool`]: the contract of a tool; the tools are in [`tools`].
//! * `facts`: what is remembered about a user over all sessions.

pub mod definition;
pub mod event;
pub(crate) mod facts;
pub mod mcp;
pub mod source;
pub mod tool;
pub mod tools;

//! Agents: a model that talks, tools that look things up, and a run that holds both to budgets.
//!
//! * [`definition`]: what an agent is; versioned, so that a stored run says which version answered.
//! * [`event`]: what a run says while it goes; every door renders the same events.
//! * [`source`]: the numbered passages of a run, the only ones its answer may cite.
//! * [`mcp`]: the tools of other servers.
//! * [`tool`]: the contract of a tool; the tools are in [`tools`], and a run gets them from [`toolset`].
//! * [`run`]: one run, from its start to its answer; `native` and [`react`] are the two ways a model is made to act.
//! * [`live`]: the runs that go at the moment, and who listens to them.
//! * [`cite`] and [`support`]: what the answer rests on, checked here and not believed.
//! * [`memory`]: what a model is told of earlier turns and of its user.
//! * [`agents`], [`sessions`], [`facts`], [`runs`]: the verbs; [`replay`] runs a stored run again.

pub mod agents;
mod approval;
mod bounds;
mod budget;
mod checkpoint;
pub mod cite;
mod claims;
pub mod definition;
mod enter;
pub mod event;
mod extractive;
pub mod facts;
mod keep;
pub mod live;
mod looping;
pub mod mcp;
pub mod memory;
pub mod prompt;
pub mod react;
pub mod recorded;
pub mod replay;
pub mod request;
pub mod run;
pub mod runs;
mod schema;
pub mod sessions;
pub mod source;
mod start;
pub mod support;
pub mod tool;
pub mod tools;
pub mod toolset;

pub use agents::{AgentView, Agents, NewAgent};
pub use definition::{AgentDefinition, Budgets, Style};
pub(crate) use enter::{ask, run as enter};
pub use event::{AgentEvent, RunAnswer, RunCitation, RunSentence};
pub use facts::{FactView, Facts};
pub(crate) use keep::{Keeper, run as keep_runs};
pub(crate) use live::Live;
pub use live::{RunEvents, RunHandle};
pub use replay::{Difference, Replay};
pub use request::{AskRequest, RunRequest};
pub use runs::{RunView, Runs};
pub(crate) use schema::Schemas;
pub use sessions::{MessageView, SessionExport, SessionView, Sessions};
pub use toolset::{ToolSource, Tools};

//! `/v1/agents`: the agents, their versions, and asking one.

pub(crate) mod ask;
pub(crate) mod define;
pub(crate) mod versions;

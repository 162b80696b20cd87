//! The verbs on agents, their runs, and what is remembered of people.

use std::pin::Pin;

use futures::Stream;
use quarry_core::{FactId, Page, PageRequest, RunId, SessionId};
use quarry_engine::agent::{
    AgentDefinition, AgentEvent, AgentView, AskRequest, FactView, MessageView, NewAgent, Replay, RunRequest,
    RunView, SessionExport, SessionView,
};
use quarry_store::RunFilter;

use super::{Backend, RunRecord, verbs::verbs};
use crate::failure::Outcome;

/// What a run says as it comes, each event with its number. It ends when the run is over or waits for a person; dropping
/// it stops listening, which ends a run that nobody else listens to.
pub(crate) type RunStream = Pin<Box<dyn Stream<Item = Outcome<(u64, AgentEvent)>> + Send>>;

/// A new version of an agent.
#[derive(Clone, Debug)]
pub(crate) struct AgentUpdate {
    /// The version that was read; another one by now is a conflict.
    pub(crate) expected: Option<u32>,
    /// A new name.
    pub(crate) name: Option<String>,
    /// What it is from now on.
    pub(crate) definition: AgentDefinition,
}

/// A decision about a call that waits.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// The run.
    pub(crate) run: RunId,
    /// The call.
    pub(crate) call: String,
    /// Whether it may go on.
    pub(crate) approved: bool,
    /// The number of the last event that was heard.
    pub(crate) after: u64,
}

verbs! {
    /// Lists agents.
    agents(page: &PageRequest) -> Page<AgentView>;
    /// An agent, by name or id.
    agent(agent: &str) -> AgentView;
    /// An agent as it was at a version.
    agent_version(agent: &str, version: u32) -> AgentView;
    /// All versions of an agent, newest first.
    agent_versions(agent: &str, page: &PageRequest) -> Page<AgentView>;
    /// Adds an agent.
    add_agent(new: NewAgent) -> AgentView;
    /// Changes an agent, which makes a new version.
    update_agent(agent: &str, update: AgentUpdate) -> AgentView;
    /// Removes an agent.
    remove_agent(agent: &str) -> ();
    /// Begins a session with an agent.
    begin_session(agent: &str) -> SessionView;
    /// Lists sessions.
    sessions(page: &PageRequest) -> Page<SessionView>;
    /// A session.
    session(id: SessionId) -> SessionView;
    /// A session's messages, oldest first.
    messages(id: SessionId, page: &PageRequest) -> Page<MessageView>;
    /// Gives a session another title.
    rename_session(id: SessionId, title: &str) -> SessionView;
    /// A session with everything in it.
    export_session(id: SessionId) -> SessionExport;
    /// Erases a session.
    erase_session(id: SessionId) -> ();
    /// Lists facts.
    facts(page: &PageRequest) -> Page<FactView>;
    /// Remembers a fact.
    add_fact(text: &str) -> FactView;
    /// Changes a fact.
    update_fact(id: FactId, text: &str) -> FactView;
    /// Erases a fact.
    erase_fact(id: FactId) -> ();
    /// Erases all facts; gives how many there were.
    erase_facts() -> u64;
    /// Starts a run of an agent.
    start(request: RunRequest) -> RunStream;
    /// One retrieval and one answer, as a run.
    ask(request: AskRequest) -> RunStream;
    /// Lists runs.
    runs(filter: RunFilter, page: &PageRequest) -> Page<RunView>;
    /// A run with everything that happened in it.
    run(id: RunId) -> RunRecord;
    /// Ends a run that goes or waits.
    cancel_run(id: RunId) -> ();
    /// Decides about a call that waits; gives what the run says from there on.
    decide(decision: Decision) -> RunStream;
    /// Runs a run again with what models and tools said then.
    replay_run(id: RunId) -> Replay;
    /// Erases a run.
    erase_run(id: RunId) -> ();
}

impl Backend {
    /// Whether a model answers where none is named; unknown of a server until it has answered.
    pub(crate) fn has_model(&self) -> Option<bool> {
        match self {
            Self::Local(local) => Some(!local.engine().0.chat().is_empty()),
            Self::Remote(_) => None,
        }
    }
}

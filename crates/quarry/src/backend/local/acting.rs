//! The verbs on agents, runs and memory, by the engine.

use futures::StreamExt;
use quarry_core::{FactId, Page, PageRequest, RunId, SessionId};
use quarry_engine::agent::{
    AgentEvent, AgentView, AskRequest, FactView, MessageView, NewAgent, Replay, RunEvents, RunRequest,
    RunView, SessionExport, SessionView, recorded::Recorded,
};
use quarry_store::RunFilter;

use super::Local;
use crate::{
    backend::{AgentUpdate, Decision, NumberedEvent, RunRecord, RunStream},
    failure::Outcome,
};

/// An engine's stream never breaks off.
fn told(events: RunEvents) -> RunStream {
    events.map(Ok).boxed()
}

impl Local {
    pub(in crate::backend) async fn agents(&self, page: &PageRequest) -> Outcome<Page<AgentView>> {
        Ok(self.engine.agents().list(&self.access, page).await?)
    }

    pub(in crate::backend) async fn agent(&self, agent: &str) -> Outcome<AgentView> {
        Ok(self.engine.agents().get(&self.access, agent).await?)
    }

    pub(in crate::backend) async fn agent_version(&self, agent: &str, version: u32) -> Outcome<AgentView> {
        let id = self.agent(agent).await?.id;
        Ok(self.engine.agents().version(&self.access, id, version).await?)
    }

    pub(in crate::backend) async fn agent_versions(
        &self,
        agent: &str,
        page: &PageRequest,
    ) -> Outcome<Page<AgentView>> {
        let id = self.agent(agent).await?.id;
        Ok(self.engine.agents().versions(&self.access, id, page).await?)
    }

    pub(in crate::backend) async fn add_agent(&self, new: NewAgent) -> Outcome<AgentView> {
        Ok(self.engine.agents().add(&self.access, new).await?)
    }

    pub(in crate::backend) async fn update_agent(
        &self,
        agent: &str,
        update: AgentUpdate,
    ) -> Outcome<AgentView> {
        let AgentUpdate { expected, name, definition } = update;
        Ok(self.engine.agents().update(&self.access, agent, expected, name, definition).await?)
    }

    pub(in crate::backend) async fn remove_agent(&self, agent: &str) -> Outcome<()> {
        Ok(self.engine.agents().remove(&self.access, agent).await?)
    }

    pub(in crate::backend) async fn begin_session(&self, agent: &str) -> Outcome<SessionView> {
        Ok(self.engine.sessions().add(&self.access, Some(agent), None).await?)
    }

    pub(in crate::backend) async fn sessions(&self, page: &PageRequest) -> Outcome<Page<SessionView>> {
        Ok(self.engine.sessions().list(&self.access, page).await?)
    }

    pub(in crate::backend) async fn session(&self, id: SessionId) -> Outcome<SessionView> {
        Ok(self.engine.sessions().get(&self.access, id).await?)
    }

    pub(in crate::backend) async fn messages(
        &self,
        id: SessionId,
        page: &PageRequest,
    ) -> Outcome<Page<MessageView>> {
        Ok(self.engine.sessions().messages(&self.access, id, page).await?)
    }

    pub(in crate::backend) async fn rename_session(
        &self,
        id: SessionId,
        title: &str,
    ) -> Outcome<SessionView> {
        Ok(self.engine.sessions().rename(&self.access, id, title).await?)
    }

    pub(in crate::backend) async fn export_session(&self, id: SessionId) -> Outcome<SessionExport> {
        Ok(self.engine.sessions().export(&self.access, id).await?)
    }

    pub(in crate::backend) async fn erase_session(&self, id: SessionId) -> Outcome<()> {
        Ok(self.engine.sessions().erase(&self.access, id).await?)
    }

    pub(in crate::backend) async fn facts(&self, page: &PageRequest) -> Outcome<Page<FactView>> {
        Ok(self.engine.facts().list(&self.access, page).await?)
    }

    pub(in crate::backend) async fn add_fact(&self, text: &str) -> Outcome<FactView> {
        Ok(self.engine.facts().add(&self.access, text, None).await?)
    }

    pub(in crate::backend) async fn update_fact(&self, id: FactId, text: &str) -> Outcome<FactView> {
        Ok(self.engine.facts().update(&self.access, id, text).await?)
    }

    pub(in crate::backend) async fn erase_fact(&self, id: FactId) -> Outcome<()> {
        Ok(self.engine.facts().erase(&self.access, id).await?)
    }

    pub(in crate::backend) async fn erase_facts(&self) -> Outcome<u64> {
        Ok(self.engine.facts().erase_all(&self.access).await?)
    }

    pub(in crate::backend) async fn start(&self, request: RunRequest) -> Outcome<RunStream> {
        Ok(told(self.engine.run(&self.access, request).await?.events(0)))
    }

    pub(in crate::backend) async fn ask(&self, request: AskRequest) -> Outcome<RunStream> {
        Ok(told(self.engine.ask_stream(&self.access, request).await?.events(0)))
    }

    pub(in crate::backend) async fn runs(
        &self,
        filter: RunFilter,
        page: &PageRequest,
    ) -> Outcome<Page<RunView>> {
        Ok(self.engine.runs().list(&self.access, filter, page).await?)
    }

    pub(in crate::backend) async fn run(&self, id: RunId) -> Outcome<RunRecord> {
        let run = self.engine.runs().get(&self.access, id).await?;
        let mut record = RunRecord { run, prompts: Vec::new(), events: Vec::new() };
        for row in self.engine.runs().trace(&self.access, id).await? {
            match serde_json::from_value(row.event) {
                Ok(AgentEvent::Recorded(recorded)) => {
                    if let Recorded::Asked { prompt, .. } = *recorded
                        && !record.prompts.contains(&prompt)
                    {
                        record.prompts.push(prompt);
                    }
                }
                Ok(event) => record.events.push(NumberedEvent { number: row.number, at: row.at, event }),
                // Of a later version; the rest can be shown all the same.
                Err(_) => {}
            }
        }
        Ok(record)
    }

    pub(in crate::backend) async fn cancel_run(&self, id: RunId) -> Outcome<()> {
        Ok(self.engine.runs().cancel(&self.access, id).await?)
    }

    pub(in crate::backend) async fn decide(&self, decision: Decision) -> Outcome<RunStream> {
        let Decision { run, call, approved, after } = decision;
        let handle = self.engine.runs().decide(&self.access, run, &call, approved).await?;
        Ok(told(handle.events(after)))
    }

    pub(in crate::backend) async fn replay_run(&self, id: RunId) -> Outcome<Replay> {
        Ok(self.engine.runs().replay(&self.access, id).await?)
    }

    pub(in crate::backend) async fn erase_run(&self, id: RunId) -> Outcome<()> {
        Ok(self.engine.runs().erase(&self.access, id).await?)
    }
}

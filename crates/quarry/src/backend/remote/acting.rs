//! The verbs on agents, runs and memory, through the API.

use quarry_core::{FactId, Page, PageRequest, RunId, SessionId};
use quarry_engine::agent::{
    AgentView, AskRequest, FactView, MessageView, NewAgent, Replay, RunRequest, RunView, SessionExport,
    SessionView,
};
use quarry_store::RunFilter;
use serde::Deserialize;
use serde_json::json;

use super::{Remote, paged, switches};
use crate::{
    backend::{AgentUpdate, Decision, RunRecord, RunStream},
    failure::Outcome,
};

#[derive(Deserialize)]
struct Erased {
    erased: u64,
}

impl Remote {
    pub(in crate::backend) async fn agents(&self, page: &PageRequest) -> Outcome<Page<AgentView>> {
        self.0.get("/v1/agents", &paged(page)).await
    }

    pub(in crate::backend) async fn agent(&self, agent: &str) -> Outcome<AgentView> {
        self.0.get(&format!("/v1/agents/{agent}"), &[]).await
    }

    pub(in crate::backend) async fn agent_version(&self, agent: &str, version: u32) -> Outcome<AgentView> {
        self.0.get(&format!("/v1/agents/{agent}/versions/{version}"), &[]).await
    }

    pub(in crate::backend) async fn agent_versions(
        &self,
        agent: &str,
        page: &PageRequest,
    ) -> Outcome<Page<AgentView>> {
        self.0.get(&format!("/v1/agents/{agent}/versions"), &paged(page)).await
    }

    pub(in crate::backend) async fn add_agent(&self, new: NewAgent) -> Outcome<AgentView> {
        self.0.post("/v1/agents", &new).await
    }

    pub(in crate::backend) async fn update_agent(
        &self,
        agent: &str,
        update: AgentUpdate,
    ) -> Outcome<AgentView> {
        let AgentUpdate { expected, name, definition } = update;
        let body = json!({"version": expected, "name": name, "definition": definition});
        self.0.patch(&format!("/v1/agents/{agent}"), &body).await
    }

    pub(in crate::backend) async fn remove_agent(&self, agent: &str) -> Outcome<()> {
        self.0.delete(&format!("/v1/agents/{agent}")).await
    }

    pub(in crate::backend) async fn begin_session(&self, agent: &str) -> Outcome<SessionView> {
        self.0.post("/v1/sessions", &json!({"agent": agent})).await
    }

    pub(in crate::backend) async fn sessions(&self, page: &PageRequest) -> Outcome<Page<SessionView>> {
        self.0.get("/v1/sessions", &paged(page)).await
    }

    pub(in crate::backend) async fn session(&self, id: SessionId) -> Outcome<SessionView> {
        self.0.get(&format!("/v1/sessions/{id}"), &[]).await
    }

    pub(in crate::backend) async fn messages(
        &self,
        id: SessionId,
        page: &PageRequest,
    ) -> Outcome<Page<MessageView>> {
        self.0.get(&format!("/v1/sessions/{id}/messages"), &paged(page)).await
    }

    pub(in crate::backend) async fn rename_session(
        &self,
        id: SessionId,
        title: &str,
    ) -> Outcome<SessionView> {
        self.0.patch(&format!("/v1/sessions/{id}"), &json!({"title": title})).await
    }

    pub(in crate::backend) async fn export_session(&self, id: SessionId) -> Outcome<SessionExport> {
        self.0.get(&format!("/v1/sessions/{id}/export"), &[]).await
    }

    pub(in crate::backend) async fn erase_session(&self, id: SessionId) -> Outcome<()> {
        self.0.delete(&format!("/v1/sessions/{id}")).await
    }

    pub(in crate::backend) async fn facts(&self, page: &PageRequest) -> Outcome<Page<FactView>> {
        self.0.get("/v1/facts", &paged(page)).await
    }

    pub(in crate::backend) async fn add_fact(&self, text: &str) -> Outcome<FactView> {
        self.0.post("/v1/facts", &json!({"text": text})).await
    }

    pub(in crate::backend) async fn update_fact(&self, id: FactId, text: &str) -> Outcome<FactView> {
        self.0.patch(&format!("/v1/facts/{id}"), &json!({"text": text})).await
    }

    pub(in crate::backend) async fn erase_fact(&self, id: FactId) -> Outcome<()> {
        self.0.delete(&format!("/v1/facts/{id}")).await
    }

    pub(in crate::backend) async fn erase_facts(&self) -> Outcome<u64> {
        let erased: Erased = self.0.delete_all("/v1/facts").await?;
        Ok(erased.erased)
    }

    pub(in crate::backend) async fn start(&self, request: RunRequest) -> Outcome<RunStream> {
        let agent = request.agent.as_deref().unwrap_or("default");
        let body = json!({
            "input": request.input,
            "session_id": request.session,
            "collections": request.collections,
            "filter": request.filter,
            "model": request.model,
            "keep": request.keep,
            "resumable": request.resumable,
            "stream": true,
        });
        self.0.events_of(&format!("/v1/agents/{agent}/runs"), &body).await
    }

    pub(in crate::backend) async fn ask(&self, request: AskRequest) -> Outcome<RunStream> {
        let mut body = switches("question", &request.search);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("model".to_owned(), json!(request.model));
            fields.insert("stream".to_owned(), json!(true));
        }
        self.0.events_of("/v1/query", &body).await
    }

    pub(in crate::backend) async fn runs(
        &self,
        filter: RunFilter,
        page: &PageRequest,
    ) -> Outcome<Page<RunView>> {
        let mut query = paged(page);
        query.extend(filter.user.map(|user| ("user", user)));
        query.extend(filter.agent_id.map(|id| ("agent_id", id.to_string())));
        query.extend(filter.session_id.map(|id| ("session_id", id.to_string())));
        query.extend(filter.state.map(|state| ("state", state.as_str().to_owned())));
        self.0.get("/v1/runs", &query).await
    }

    pub(in crate::backend) async fn run(&self, id: RunId) -> Outcome<RunRecord> {
        self.0.get(&format!("/v1/runs/{id}"), &[]).await
    }

    pub(in crate::backend) async fn cancel_run(&self, id: RunId) -> Outcome<()> {
        self.0.tell(&format!("/v1/runs/{id}/cancel"), &json!({})).await
    }

    pub(in crate::backend) async fn decide(&self, decision: Decision) -> Outcome<RunStream> {
        let Decision { run, call, approved, after } = decision;
        let body = json!({"call_id": call, "approved": approved, "stream": true, "after": after});
        self.0.events_of(&format!("/v1/runs/{run}/approvals"), &body).await
    }

    pub(in crate::backend) async fn replay_run(&self, id: RunId) -> Outcome<Replay> {
        self.0.post(&format!("/v1/runs/{id}/replay"), &json!({})).await
    }

    pub(in crate::backend) async fn erase_run(&self, id: RunId) -> Outcome<()> {
        self.0.delete(&format!("/v1/runs/{id}")).await
    }
}

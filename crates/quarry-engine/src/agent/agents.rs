//! The verbs on agents. Each change is a new version; stored runs name the version that answered.

use quarry_core::{Access, Action, AgentId, Page, PageRequest, Timestamp};
use quarry_store::{AgentChange, AgentRow, AgentVersion, NewAgent as NewRow, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{bounds, definition::AgentDefinition};
use crate::{engine::Engine, error::EngineError, govern::must};

/// The agent that is used when none is named. Every tenant has it from the first time it is asked for.
pub const DEFAULT: &str = "default";

/// An agent at one of its versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentView {
    /// Its id.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// The version, from 1.
    pub version: u32,
    /// What it is.
    pub definition: AgentDefinition,
    /// When it was made; of an older version, when that was.
    pub created_at: Timestamp,
    /// When this version was made.
    pub updated_at: Timestamp,
}

/// An agent to add.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAgent {
    /// Its name, unique in the tenant.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub definition: AgentDefinition,
}

/// The verbs on agents.
#[derive(Clone, Copy)]
pub struct Agents<'a>(pub(crate) &'a Engine);

impl Agents<'_> {
    /// Adds an agent, at version 1.
    ///
    /// # Errors
    /// `invalid_agent`, `agent_exists`, `unknown_chat_model`.
    pub async fn add(&self, access: &Access, new: NewAgent) -> Result<AgentView, EngineError> {
        must(access, Action::ChangeAgents)?;
        bounds::name(&new.name)?;
        self.check(&new.definition)?;
        let inner = self.0.inner();
        let row = NewRow {
            tenant: access.tenant(),
            id: AgentId::new(),
            name: new.name,
            definition: write(&new.definition)?,
            created_at: inner.clock.now(),
        };
        view(inner.store.agents().add(access.by(), row).await?)
    }

    /// Changes an agent, which makes a new version. `expected` is the version the caller read, where it wants to be told
    /// that somebody else was faster.
    ///
    /// # Errors
    /// `invalid_agent`, `agent_not_found`, `agent_exists`, `agent_changed`, `unknown_chat_model`.
    pub async fn update(
        &self,
        access: &Access,
        agent: &str,
        expected: Option<u32>,
        name: Option<String>,
        definition: AgentDefinition,
    ) -> Result<AgentView, EngineError> {
        must(access, Action::ChangeAgents)?;
        let known = self.get(access, agent).await?;
        if let Some(name) = &name {
            bounds::name(name)?;
            if known.name == DEFAULT && name != DEFAULT {
                return Err(EngineError::invalid(
                    "invalid_agent",
                    "/name",
                    "the default agent keeps its name",
                ));
            }
        }
        self.check(&definition)?;
        let inner = self.0.inner();
        let change = AgentChange {
            expected_version: expected,
            name,
            definition: write(&definition)?,
            at: inner.clock.now(),
        };
        view(inner.store.agents().update(access.by(), access.tenant(), known.id, change).await?)
    }

    /// An agent by name or id.
    ///
    /// # Errors
    /// `agent_not_found`.
    pub async fn get(&self, access: &Access, agent: &str) -> Result<AgentView, EngineError> {
        must(access, Action::ReadAgents)?;
        let agents = self.0.inner().store.agents();
        if let Some(row) = agents.find_by_name(access.tenant(), agent).await? {
            return view(row);
        }
        if agent == DEFAULT {
            return self.make_default(access).await;
        }
        match agent.parse::<AgentId>() {
            Ok(id) => view(agents.get(access.tenant(), id).await?),
            Err(_) => Err(StoreError::AgentNotFound(agent.to_owned()).into()),
        }
    }

    /// A page of agents, by name.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<AgentView>, EngineError> {
        must(access, Action::ReadAgents)?;
        if page.after.is_none() {
            self.get(access, DEFAULT).await?;
        }
        let listed = self.0.inner().store.agents().list(access.tenant(), page).await?;
        let next_cursor = listed.next_cursor;
        let items = listed.items.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    }

    /// An agent as it was at a version, also after it was removed.
    ///
    /// # Errors
    /// `agent_not_found`, `agent_version_not_found`.
    pub async fn version(
        &self,
        access: &Access,
        id: AgentId,
        version: u32,
    ) -> Result<AgentView, EngineError> {
        must(access, Action::ReadAgents)?;
        old(self.0.inner().store.agents().version(access.tenant(), id, version).await?)
    }

    /// All versions of an agent, newest first.
    ///
    /// # Errors
    /// `agent_not_found`, `invalid_cursor`.
    pub async fn versions(
        &self,
        access: &Access,
        id: AgentId,
        page: &PageRequest,
    ) -> Result<Page<AgentView>, EngineError> {
        must(access, Action::ReadAgents)?;
        let listed = self.0.inner().store.agents().versions(access.tenant(), id, page).await?;
        let next_cursor = listed.next_cursor;
        let items = listed.items.into_iter().map(old).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    }

    /// Removes an agent. Its versions stay for the runs that name them.
    ///
    /// # Errors
    /// `agent_not_found`; `invalid_agent` for the default one.
    pub async fn remove(&self, access: &Access, agent: &str) -> Result<(), EngineError> {
        must(access, Action::ChangeAgents)?;
        let known = self.get(access, agent).await?;
        if known.name == DEFAULT {
            return Err(EngineError::invalid("invalid_agent", "", "the default agent cannot be removed"));
        }
        let inner = self.0.inner();
        Ok(inner.store.agents().remove(access.by(), access.tenant(), known.id, inner.clock.now()).await?)
    }

    async fn make_default(&self, access: &Access) -> Result<AgentView, EngineError> {
        let inner = self.0.inner();
        let row = NewRow {
            tenant: access.tenant(),
            id: AgentId::new(),
            name: DEFAULT.to_owned(),
            definition: write(&AgentDefinition::default())?,
            created_at: inner.clock.now(),
        };
        match inner.store.agents().add(access.by(), row).await {
            Ok(row) => view(row),
            // Somebody else asked for it at the same moment.
            Err(StoreError::AgentExists(_)) => {
                let row = inner.store.agents().find_by_name(access.tenant(), DEFAULT).await?;
                view(row.ok_or_else(|| StoreError::AgentNotFound(DEFAULT.to_owned()))?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn check(&self, definition: &AgentDefinition) -> Result<(), EngineError> {
        bounds::definition(definition)?;
        let inner = self.0.inner();
        inner.chat.find(definition.model.as_deref())?;
        inner.tools.check(definition)
    }
}

fn write(definition: &AgentDefinition) -> Result<Value, EngineError> {
    serde_json::to_value(definition)
        .map_err(|error| EngineError::Task(format!("an agent cannot be written: {error}")))
}

fn read(value: Value) -> Result<AgentDefinition, EngineError> {
    serde_json::from_value(value)
        .map_err(|error| EngineError::Task(format!("an agent cannot be read: {error}")))
}

fn view(row: AgentRow) -> Result<AgentView, EngineError> {
    Ok(AgentView {
        id: row.id,
        name: row.name,
        version: row.version,
        definition: read(row.definition)?,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn old(row: AgentVersion) -> Result<AgentView, EngineError> {
    Ok(AgentView {
        id: row.id,
        name: row.name,
        version: row.version,
        definition: read(row.definition)?,
        created_at: row.created_at,
        updated_at: row.created_at,
    })
}

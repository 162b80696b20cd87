//! The verbs on what is remembered of a user. Each sees only the facts of whoever asks.

use quarry_core::{Access, Action, FactId, Page, PageRequest, SessionId, Timestamp};
use quarry_models::Embedder as _;
use quarry_store::{FactChange, FactRow};
use serde::{Deserialize, Serialize};

use super::memory::facts;
use crate::{engine::Engine, error::EngineError, govern::must};

/// One thing remembered of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactView {
    /// Its id.
    pub id: FactId,
    /// The sentence.
    pub text: String,
    /// The session in which it was learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// When it was learnt.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The verbs on facts.
#[derive(Clone, Copy)]
pub struct Facts<'a>(pub(crate) &'a Engine);

impl Facts<'_> {
    /// Remembers a fact. One that says the same already is given instead.
    ///
    /// # Errors
    /// `invalid_fact`, `too_many_facts`.
    pub async fn add(
        &self,
        access: &Access,
        text: &str,
        session_id: Option<SessionId>,
    ) -> Result<FactView, EngineError> {
        let inner = self.0.inner();
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        let (row, _) = facts::remember(inner, access, &user, session_id, text).await?;
        Ok(row.into())
    }

    /// A page of facts, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<FactView>, EngineError> {
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        Ok(self.0.inner().store.facts().list(access.tenant(), &user, page).await?.map(FactView::from))
    }

    /// Facts that have to do with a text, best first.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn recall(&self, access: &Access, text: &str) -> Result<Vec<String>, EngineError> {
        must(access, Action::Run)?;
        facts::told(self.0.inner(), access, &access.actor().to_string(), text).await
    }

    /// Changes a fact.
    ///
    /// # Errors
    /// `invalid_fact`, `fact_not_found`.
    pub async fn update(&self, access: &Access, id: FactId, text: &str) -> Result<FactView, EngineError> {
        let inner = self.0.inner();
        let text = facts::checked(text)?;
        let change = FactChange {
            vector: facts::vector(inner, &text),
            text,
            embedder: inner.table.info().id.clone(),
            at: inner.clock.now(),
        };
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        let facts = inner.store.facts();
        Ok(facts.update(access.by(), access.tenant(), &user, id, change).await?.into())
    }

    /// Erases a fact.
    ///
    /// # Errors
    /// `fact_not_found`.
    pub async fn erase(&self, access: &Access, id: FactId) -> Result<(), EngineError> {
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        Ok(self.0.inner().store.facts().erase(access.by(), access.tenant(), &user, id).await?)
    }

    /// Erases all facts and answers how many there were.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn erase_all(&self, access: &Access) -> Result<u64, EngineError> {
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        Ok(self.0.inner().store.facts().erase_all(access.by(), access.tenant(), &user).await?)
    }
}

impl From<FactRow> for FactView {
    fn from(row: FactRow) -> Self {
        Self {
            id: row.id,
            text: row.text,
            session_id: row.session_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

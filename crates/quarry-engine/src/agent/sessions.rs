//! The verbs on sessions. Each sees only the sessions of whoever asks.

use quarry_core::{
    Access, Action, AgentId, ErrorKind, Fault, Page, PageRequest, RunId, SessionId, Timestamp,
};
use quarry_store::{Message, RunFilter, SessionRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{engine::Engine, error::EngineError, govern::must};

/// Longest title in characters.
const LONGEST: usize = 200;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// The agent it was begun with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// Its title; the first words that were said where nobody gave one.
    pub title: String,
    /// The notes of turns that left the model's window.
    pub summary: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When something was last said.
    pub updated_at: Timestamp,
}

/// A message of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    /// Its place, from 1.
    pub number: u64,
    /// `user` or `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
    /// The run it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// Of an answer: citations, support, model.
    pub details: Value,
    /// When.
    pub created_at: Timestamp,
}

/// A session with everything in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionExport {
    /// The session.
    pub session: SessionView,
    /// All messages, oldest first.
    pub messages: Vec<MessageView>,
}

/// The verbs on sessions.
#[derive(Clone, Copy)]
pub struct Sessions<'a>(pub(crate) &'a Engine);

impl Sessions<'_> {
    /// Begins a session.
    ///
    /// # Errors
    /// `agent_not_found`, `invalid_session`.
    pub async fn add(
        &self,
        access: &Access,
        agent: Option<&str>,
        title: Option<String>,
    ) -> Result<SessionView, EngineError> {
        must(access, Action::Run)?;
        let title = title.unwrap_or_default();
        check(&title)?;
        let agent_id = match agent {
            Some(agent) => Some(self.0.agents().get(access, agent).await?.id),
            None => None,
        };
        let inner = self.0.inner();
        let at = inner.clock.now();
        let row = SessionRow {
            id: SessionId::new(),
            tenant: access.tenant(),
            user: access.actor().to_string(),
            agent_id,
            title,
            summary: String::new(),
            summarised_through: 0,
            created_at: at,
            updated_at: at,
        };
        inner.store.sessions().add(access.by(), row.clone()).await?;
        Ok(row.into())
    }

    /// A session.
    ///
    /// # Errors
    /// `session_not_found`.
    pub async fn get(&self, access: &Access, id: SessionId) -> Result<SessionView, EngineError> {
        Ok(self.row(access, id).await?.into())
    }

    /// A page of sessions, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<SessionView>, EngineError> {
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        Ok(self.0.inner().store.sessions().list(access.tenant(), &user, page).await?.map(SessionView::from))
    }

    /// A page of a session's messages, oldest first.
    ///
    /// # Errors
    /// `session_not_found`, `invalid_cursor`.
    pub async fn messages(
        &self,
        access: &Access,
        id: SessionId,
        page: &PageRequest,
    ) -> Result<Page<MessageView>, EngineError> {
        self.row(access, id).await?;
        let listed = self.0.inner().store.sessions().messages(access.tenant(), id, page).await?;
        Ok(listed.map(MessageView::from))
    }

    /// Gives a session another title.
    ///
    /// # Errors
    /// `session_not_found`, `invalid_session`.
    pub async fn rename(
        &self,
        access: &Access,
        id: SessionId,
        title: &str,
    ) -> Result<SessionView, EngineError> {
        check(title)?;
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        let sessions = self.0.inner().store.sessions();
        Ok(sessions.rename(access.by(), access.tenant(), &user, id, title).await?.into())
    }

    /// A session with everything in it.
    ///
    /// # Errors
    /// `session_not_found`.
    pub async fn export(&self, access: &Access, id: SessionId) -> Result<SessionExport, EngineError> {
        let session = self.get(access, id).await?;
        let mut messages = Vec::new();
        let mut page = PageRequest::new(Some(PageRequest::MAX), None);
        loop {
            let listed = self.messages(access, id, &page).await?;
            messages.extend(listed.items);
            match listed.next_cursor {
                Some(next) => page.after = Some(next),
                None => return Ok(SessionExport { session, messages }),
            }
        }
    }

    /// Erases a session with its messages and runs; a run that goes is cancelled first.
    ///
    /// # Errors
    /// `session_not_found`.
    pub async fn erase(&self, access: &Access, id: SessionId) -> Result<(), EngineError> {
        // Whose it is comes first: nobody learns of another's session by erasing its runs.
        self.row(access, id).await?;
        let runs = self.0.runs();
        let filter = RunFilter { session_id: Some(id), ..RunFilter::default() };
        loop {
            let page =
                runs.list(access, filter.clone(), &PageRequest::new(Some(PageRequest::MAX), None)).await?;
            if page.items.is_empty() {
                break;
            }
            for run in page.items {
                match runs.erase(access, run.id).await {
                    // Somebody else erased it in the same moment.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    other => other?,
                }
            }
        }
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        Ok(self.0.inner().store.sessions().erase(access.by(), access.tenant(), &user, id).await?)
    }

    pub(crate) async fn row(&self, access: &Access, id: SessionId) -> Result<SessionRow, EngineError> {
        must(access, Action::Run)?;
        let user = access.actor().to_string();
        Ok(self.0.inner().store.sessions().get(access.tenant(), &user, id).await?)
    }
}

fn check(title: &str) -> Result<(), EngineError> {
    if title.chars().count() <= LONGEST {
        return Ok(());
    }
    let problem = format!("the title is longer than {LONGEST} characters");
    Err(EngineError::invalid("invalid_session", "/title", problem))
}

impl From<SessionRow> for SessionView {
    fn from(row: SessionRow) -> Self {
        Self {
            id: row.id,
            agent_id: row.agent_id,
            title: row.title,
            summary: row.summary,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            number: message.number,
            role: message.role,
            content: message.content,
            run_id: message.run_id,
            details: message.details,
            created_at: message.at,
        }
    }
}

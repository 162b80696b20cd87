//! What was asked and what came of it.

use quarry_core::{
    Access, Action, ChunkRef, Collection, CollectionName, Page, PageRequest, QueryId, Timestamp,
};
use serde::{Deserialize, Serialize};

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use quarry_store::{HistoryEntry, HistoryFilter, NewHistory, StoreError};
use tokio::sync::Notify;

use crate::{
    engine::{Engine, Inner},
    error::EngineError,
    events,
    govern::must,
    retrieve::Hit,
};

/// One question in the history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoryView {
    /// Its id.
    pub id: QueryId,
    /// `search` or `query`.
    pub kind: String,
    /// The collection's name when it was asked.
    pub collection: String,
    /// The question.
    pub question: String,
    /// The answer, for `query`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whether the documents answered, for `query`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<bool>,
    /// The chunks found, best first: `{"chunk_id", "score"}`.
    pub hits: serde_json::Value,
    /// Milliseconds it took.
    pub took_ms: f64,
    /// Who asked.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
}

/// The verbs on the history.
#[derive(Clone, Copy)]
pub struct History<'a>(pub(crate) &'a Engine);

impl History<'_> {
    /// A page of questions, newest first.
    ///
    /// # Errors
    /// `collection_not_found`, `invalid_cursor`.
    pub async fn list(
        &self,
        access: &Access,
        collection: Option<&CollectionName>,
        page: &PageRequest,
    ) -> Result<Page<HistoryView>, EngineError> {
        let inner = self.0.inner();
        must(access, Action::Run)?;
        inner.recorder.flush(inner).await?;
        let collection = match collection {
            Some(name) => Some(inner.permitted(access, Action::Run, name).await?.id),
            None => None,
        };
        let me = access.actor().to_string();
        let actor = access.check(Action::ReadOthers).is_err().then_some(me.as_str());
        let listed =
            inner.store.history().list(access.tenant(), HistoryFilter { collection, actor }, page).await?;
        Ok(listed.map(HistoryView::from))
    }

    /// One question.
    ///
    /// # Errors
    /// `history_not_found`.
    pub async fn get(&self, access: &Access, id: QueryId) -> Result<HistoryView, EngineError> {
        let inner = self.0.inner();
        inner.recorder.flush(inner).await?;
        Ok(self.mine(access, id).await?.into())
    }

    /// Erases one question.
    ///
    /// # Errors
    /// `history_not_found`.
    pub async fn erase(&self, access: &Access, id: QueryId) -> Result<(), EngineError> {
        let inner = self.0.inner();
        inner.recorder.flush(inner).await?;
        self.mine(access, id).await?;
        Ok(inner.store.history().erase(access.by(), access.tenant(), id).await?)
    }

    /// A question, when the caller asked it or may see what others ask.
    async fn mine(&self, access: &Access, id: QueryId) -> Result<HistoryEntry, EngineError> {
        must(access, Action::Run)?;
        let entry = self.0.inner().store.history().get(access.tenant(), id).await?;
        if entry.actor != access.actor().to_string() && access.check(Action::ReadOthers).is_err() {
            return Err(StoreError::HistoryNotFound(id.to_string()).into());
        }
        Ok(entry)
    }
}

impl From<HistoryEntry> for HistoryView {
    fn from(entry: HistoryEntry) -> Self {
        let detail = |name: &str| entry.details.get(name);
        Self {
            id: entry.id,
            kind: entry.kind,
            collection: detail("collection").and_then(|name| name.as_str()).unwrap_or_default().to_owned(),
            question: entry.question,
            answer: entry.answer,
            answered: detail("answered").and_then(serde_json::Value::as_bool),
            hits: detail("hits").cloned().unwrap_or_default(),
            took_ms: entry.micros as f64 / 1_000.0,
            actor: entry.actor,
            created_at: entry.created_at,
        }
    }
}

/// What is kept beside a question, written as JSON once: the text is made here, so that the recorder only copies it.
#[derive(Serialize)]
struct Details<'a> {
    collection: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<bool>,
    hits: Vec<HitRef>,
}

#[derive(Serialize)]
struct HitRef {
    chunk_id: ChunkRef,
    score: f32,
}

/// What was asked.
pub(crate) struct Asked<'a> {
    pub(crate) id: QueryId,
    pub(crate) kind: &'static str,
    pub(crate) collection: &'a Collection,
    pub(crate) question: &'a str,
}

/// Puts a question and what came of it into the history, unless the settings keep none.
pub(crate) fn record(
    inner: &Inner,
    access: &Access,
    asked: Asked<'_>,
    (hits, answer): (&[Hit], Option<(&str, bool)>),
    took: Duration,
) {
    if inner.settings.retrieve.history_days == 0 {
        return;
    }
    let details = Details {
        collection: asked.collection.name.as_str(),
        answered: answer.map(|(_, answered)| answered),
        hits: hits.iter().map(|hit| HitRef { chunk_id: hit.chunk_id, score: hit.score }).collect(),
    };
    let Ok(details) = serde_json::to_string(&details) else { return };
    inner.recorder.record(NewHistory {
        id: asked.id,
        tenant: access.tenant(),
        kind: asked.kind,
        collection: Some(asked.collection.id),
        question: asked.question.to_owned(),
        answer: answer.map(|(text, _)| text.to_owned()),
        details,
        micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        actor: access.actor().to_string(),
        created_at: inner.clock.now(),
    });
}

/// Entries kept in memory at most. When the database is too slow to take them, the oldest are dropped and counted:
/// a question must not wait for its own record.
const MOST: usize = 10_000;
/// How long entries are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(500);

/// Gathers the history, so that a question does not pay for a transaction of its own.
pub(crate) struct Recorder {
    waiting: Mutex<Vec<NewHistory>>,
    /// Held while writing, so that a reader who flushes sees what another flush was about to write.
    writing: tokio::sync::Mutex<()>,
    wake: Notify,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::default(), writing: tokio::sync::Mutex::const_new(()), wake: Notify::new() }
    }

    /// Takes an entry; it is written within a second.
    pub(crate) fn record(&self, entry: NewHistory) {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MOST {
            waiting.remove(0);
            events::history_dropped();
        }
        waiting.push(entry);
        let first = waiting.len() == 1;
        drop(waiting);
        if first {
            self.wake.notify_one();
        }
    }

    /// Writes what waits.
    pub(crate) async fn flush(&self, inner: &Inner) -> Result<(), EngineError> {
        let _writing = self.writing.lock().await;
        let entries = std::mem::take(&mut *self.waiting.lock());
        if entries.is_empty() {
            return Ok(());
        }
        Ok(inner.store.history().add(entries).await?)
    }
}

/// The recorder's task; ends when the engine closes, after a last flush.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        tokio::select! {
            () = inner.recorder.wake.notified() => {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = inner.closing.cancelled() => {}
                }
            }
            () = inner.closing.cancelled() => {}
        }
        if let Err(error) = inner.recorder.flush(&inner).await {
            events::history_failed(&error);
        }
        if inner.closing.is_cancelled() {
            return;
        }
    }
}

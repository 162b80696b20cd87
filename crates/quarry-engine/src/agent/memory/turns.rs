//! The turns of a session: read before a run, added to after it.

use quarry_core::{Actor, By, SessionId};
use quarry_models::{ChatMessage, chat::Role};
use quarry_store::{NewMessage, SessionRow};
use serde_json::json;

use super::{
    pack::{self, HISTORY_SHARE},
    summary,
};
use crate::{
    agent::{event::RunAnswer, run::Work},
    engine::Inner,
    error::EngineError,
    events,
};

/// Messages of a session that are read at most; older ones live in its notes.
const READ: u32 = 200;
/// Longest title in characters, made from the first thing that was said.
const TITLE: usize = 80;

/// What a run is told of its session: the notes, and the turns since that fit.
pub(crate) async fn recent(
    inner: &Inner,
    session: &SessionRow,
    window: u32,
) -> Result<(String, Vec<ChatMessage>), EngineError> {
    let read = inner.store.sessions().recent(session.tenant, session.id, READ).await?;
    let messages = read.iter().filter_map(|message| {
        let role = match message.role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return None,
        };
        Some(ChatMessage::text(role, message.content.clone()))
    });
    let (_, kept) = pack::recent(messages.collect(), u64::from(window) / HISTORY_SHARE);
    Ok((session.summary.clone(), kept))
}

/// Adds the turn to its session, before the answer is given out: whoever has read it may ask the next question.
pub(crate) async fn remember(work: &Work, answer: &RunAnswer) {
    let Some(id) = work.plan.session_id else { return };
    if let Err(error) = append(work, id, answer).await {
        events::memory_failed(&error);
        return;
    }
    let Some(model) = work.model.clone().filter(|_| !answer.degraded) else { return };
    let (engine, tenant, plan) = (work.engine.clone(), work.access.tenant(), work.plan.clone());
    let inner = std::sync::Arc::clone(engine.inner());
    inner.tasks.spawn(async move {
        let notes = summary::update(engine.inner(), tenant, &plan, model.as_ref());
        tokio::select! {
            () = engine.inner().closing.cancelled() => {}
            made = notes => if let Err(error) = made {
                events::memory_failed(&error);
            }
        }
    });
}

async fn append(work: &Work, id: SessionId, answer: &RunAnswer) -> Result<(), EngineError> {
    let inner = work.engine.inner();
    let at = inner.clock.now();
    let (tenant, user) = (work.access.tenant(), work.plan.user.as_str());
    let message = |role: &str, content: &str, details| NewMessage {
        role: role.to_owned(),
        content: content.to_owned(),
        run_id: Some(answer.run_id),
        details,
        at,
    };
    let details = json!({
        "answered": answer.answered, "degraded": answer.degraded, "model": answer.model,
        "citations": answer.citations, "sentences": answer.sentences,
    });
    let turn =
        vec![message("user", &work.plan.input, json!({})), message("assistant", &answer.text, details)];
    let numbers = inner.store.sessions().append(tenant, id, turn).await?;
    if numbers.first() == Some(&1) && inner.store.sessions().get(tenant, user, id).await?.title.is_empty() {
        let words = work.plan.input.split_whitespace().collect::<Vec<_>>().join(" ");
        let title: String = words.chars().take(TITLE).collect();
        let by = By::new(Actor::System("first words of a session"));
        inner.store.sessions().rename(&by, tenant, user, id, &title).await?;
    }
    Ok(())
}

//! The notes of turns that left the window. They are kept and only ever extended: made when enough turns have left,
//! not with every question.

use std::time::Duration;

use quarry_core::TenantId;
use quarry_models::{
    ChatMessage, ChatModel, ChatRequest,
    chat::{Role, complete},
};

use super::pack::{self, HISTORY_SHARE};
use crate::{
    agent::{
        prompt::{self, SUMMARY},
        run::Plan,
    },
    engine::Inner,
    error::EngineError,
};

/// Messages that must have left the window before the notes are written again.
const ENOUGH: usize = 8;
/// Messages read at once.
const READ: u32 = 200;
/// Longest notes in characters, whatever a model writes.
const LONGEST: usize = 4_000;
/// Longest a message goes into the notes, in characters.
const LONGEST_MESSAGE: usize = 4_000;
/// How long the model may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Extends a session's notes where that is due.
pub(super) async fn update(
    inner: &Inner,
    tenant: TenantId,
    plan: &Plan,
    model: &dyn ChatModel,
) -> Result<(), EngineError> {
    let Some(id) = plan.session_id else { return Ok(()) };
    let session = inner.store.sessions().get(tenant, &plan.user, id).await?;
    let unsummarised = inner.store.sessions().after(tenant, id, session.summarised_through, READ).await?;
    let turns: Vec<ChatMessage> = unsummarised
        .iter()
        .map(|message| {
            let role = if message.role == "user" { Role::User } else { Role::Assistant };
            ChatMessage::text(role, message.content.clone())
        })
        .collect();
    let (left, _) = pack::recent(turns.clone(), u64::from(plan.window) / HISTORY_SHARE);
    if left < ENOUGH {
        return Ok(());
    }
    let Some(last) = left.checked_sub(1).and_then(|last| unsummarised.get(last)) else { return Ok(()) };
    let request = request(plan, &session.summary, turns.get(..left).unwrap_or_default());
    let Ok(reply) = tokio::time::timeout(PATIENCE, complete(model, &request)).await else { return Ok(()) };
    let notes: String = reply?.text.trim().chars().take(LONGEST).collect();
    if !notes.is_empty() {
        inner.store.sessions().summarise(tenant, id, &notes, last.number).await?;
    }
    Ok(())
}

fn request(plan: &Plan, notes: &str, turns: &[ChatMessage]) -> ChatRequest {
    let mut text = String::new();
    if !notes.is_empty() {
        text.push_str(&format!("Notes so far: {notes}\n\n"));
    }
    for turn in turns {
        let who = if turn.role == Role::User { "User" } else { "Assistant" };
        let words: String = turn.content.chars().take(LONGEST_MESSAGE).collect();
        text.push_str(&format!("{who}: {words}\n"));
    }
    let system = SUMMARY.render(&[("boundary", &plan.boundary)]);
    let messages = vec![
        ChatMessage::text(Role::System, system),
        ChatMessage::text(Role::User, prompt::data(&plan.boundary, "conversation", &text)),
    ];
    ChatRequest { messages, max_tokens: Some(600), ..ChatRequest::default() }
}

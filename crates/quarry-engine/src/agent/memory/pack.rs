//! What fits into a model's window.

use quarry_models::{ChatMessage, chat::Role};

use crate::agent::budget::{tokens_in, tokens_of};

/// Share of the window that earlier turns may take, as one in so many.
pub const HISTORY_SHARE: u64 = 3;
/// Share of the window that is kept for the reply, as one in so many.
const REPLY_SHARE: u64 = 5;
/// What a result that was cut to make room keeps, in characters.
const KEPT: usize = 300;
/// Newest messages that are not cut.
const FRESH: usize = 2;

/// The last messages that fit into so many tokens, beginning with a user's. The number of those left out comes with it.
#[must_use]
pub fn recent(messages: Vec<ChatMessage>, tokens: u64) -> (usize, Vec<ChatMessage>) {
    let mut left = tokens;
    let mut start = messages.len();
    for (place, message) in messages.iter().enumerate().rev() {
        let cost = tokens_of(&message.content) + 4;
        if cost > left {
            break;
        }
        left -= cost;
        if message.role == Role::User {
            start = place;
        }
    }
    (start, messages.into_iter().skip(start).collect())
}

/// Cuts old results until a conversation fits into the window with room for the reply. The system message, what the user
/// said and the newest results stay whole.
pub fn fit(messages: &mut [ChatMessage], window: u32) {
    let window = u64::from(window);
    let room = window - window / REPLY_SHARE;
    let last_cut = messages.len().saturating_sub(FRESH);
    let is_result = |message: &ChatMessage| {
        message.role == Role::Tool
            || message.role == Role::User && message.content.starts_with("Observation: ")
    };
    let mut tokens = tokens_in(messages, &[]);
    for message in messages.iter_mut().take(last_cut) {
        if tokens <= room {
            return;
        }
        if !is_result(message) || message.content.len() <= KEPT * 2 {
            continue;
        }
        let before = tokens_of(&message.content);
        message.content = shortened(&message.content);
        tokens = tokens.saturating_sub(before - tokens_of(&message.content));
    }
}

/// The beginning of a result and its last line, which closes the mark around it.
fn shortened(content: &str) -> String {
    let start: String = content.chars().take(KEPT).collect();
    let close = content.lines().next_back().filter(|line| line.starts_with("<<<end ")).unwrap_or_default();
    format!("{start} ...\n(the rest was left out to save room)\n{close}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{fit, recent};
    use quarry_models::{ChatMessage, chat::Role};

    fn message(role: Role, length: usize) -> ChatMessage {
        ChatMessage::text(role, "x".repeat(length))
    }

    #[test]
    fn the_newest_turns_stay_and_begin_with_the_user() {
        let turns = vec![
            message(Role::User, 400),
            message(Role::Assistant, 400),
            message(Role::User, 40),
            message(Role::Assistant, 40),
        ];
        let (left, kept) = recent(turns.clone(), 60);
        assert_eq!((left, kept), (2, turns[2..].to_vec()));
        // The assistant's long turn would fit without the question it answers; it goes with it.
        assert_eq!(recent(turns.clone(), 150).0, 2);
        assert_eq!(recent(turns.clone(), 1_000).0, 0);
        assert_eq!(recent(turns, 3).0, 4);
    }

    #[test]
    fn old_results_are_cut_first_and_stay_delimited() {
        let block = format!("search:\n<<<data 0a>>>\n{}\n<<<end 0a>>>", "y".repeat(8_000));
        let mut messages = vec![
            message(Role::System, 400),
            message(Role::User, 100),
            ChatMessage::result("1", block.clone()),
            ChatMessage::result("2", block.clone()),
            message(Role::Assistant, 10),
            ChatMessage::result("3", block.clone()),
        ];
        fit(&mut messages, 6_000);
        assert!(messages[2].content.len() < 600 && messages[2].content.ends_with("<<<end 0a>>>"));
        assert_eq!(messages[3].content, block, "as much as fits stays");
        assert_eq!(messages[5].content, block);
    }
}

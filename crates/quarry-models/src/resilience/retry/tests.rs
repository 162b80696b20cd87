#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use quarry_core::Fault;
use tokio::time::Instant;

use super::Retry;
use crate::{
    chat::{ChatEvent, ChatModel, ChatRequest, complete},
    chat_error::ChatError,
    testing::{ScriptedChat, Turn, chat_contract, contract_turn},
};

const WHOLE: Duration = Duration::from_secs(100);

fn down(retry_after: Option<u64>) -> ChatError {
    let retry_after = retry_after.map(Duration::from_secs);
    ChatError::Unavailable { name: "m".to_owned(), problem: "down".to_owned(), retry_after }
}

fn model(turns: Vec<Turn>) -> (Arc<ScriptedChat>, Retry) {
    let inner = Arc::new(ScriptedChat::playing("m", turns));
    (Arc::clone(&inner), Retry::new(inner, 3, WHOLE))
}

async fn ask(model: &Retry) -> Result<String, ChatError> {
    complete(model, &ChatRequest::default()).await.map(|reply| reply.text)
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() {
    let inner = Arc::new(ScriptedChat::answering("m", contract_turn));
    chat_contract(&Retry::new(inner, 3, WHOLE)).await;
}

#[tokio::test(start_paused = true)]
async fn failures_that_pass_are_tried_again_up_to_the_limit() {
    let (inner, model) =
        model(vec![Turn::refused(down(None)), Turn::refused(down(None)), Turn::text(["ok"])]);
    assert_eq!(ask(&model).await.unwrap(), "ok");
    assert_eq!(inner.requests().len(), 3);
    let (inner, model) = self::model((0..9).map(|_| Turn::refused(down(None))).collect());
    assert_eq!(ask(&model).await.unwrap_err(), down(None));
    assert_eq!(inner.requests().len(), 3, "three tries, the first included");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_before_content_counts_as_a_failed_call() {
    let empty = Turn::default().work().fail(ChatError::cut("m", "early"));
    let (inner, model) = model(vec![empty, Turn::text(["ok"])]);
    assert_eq!(ask(&model).await.unwrap(), "ok");
    assert_eq!(inner.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_once_something_was_said() {
    let cut = ChatError::cut("m", "late");
    let (inner, model) = model(vec![Turn::failing_after(["half "], cut.clone()), Turn::text(["whole"])]);
    let events: Vec<_> = model.chat(&ChatRequest::default()).await.unwrap().collect().await;
    assert!(events.contains(&Ok(ChatEvent::Text("half ".to_owned()))));
    assert_eq!(events.last(), Some(&Err(cut)));
    assert_eq!(inner.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_or_has_waited_already_is_given_at_once() {
    let name = || "m".to_owned();
    for error in [
        ChatError::Rejected { name: name(), status: 400, problem: "no".to_owned() },
        ChatError::Resting { name: name(), retry_after: Duration::from_secs(1) },
        ChatError::Busy { name: name(), limit: 1, waited: Duration::from_secs(1) },
        ChatError::TooLarge { name: name(), limit: 1 },
    ] {
        let (inner, model) = model(vec![Turn::refused(error.clone()), Turn::text(["ok"])]);
        assert_eq!(ask(&model).await.unwrap_err(), error);
        assert_eq!(inner.requests().len(), 1, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_pause_a_provider_asks_for_is_kept() {
    let (_, model) = model(vec![Turn::refused(down(Some(7))), Turn::text(["ok"])]);
    let begun = Instant::now();
    ask(&model).await.unwrap();
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(7) && waited < Duration::from_secs(8), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_nobody_would_wait_for_is_given_to_the_caller() {
    for (asked, whole) in [(3600, WHOLE), (10, Duration::from_secs(5))] {
        let inner =
            Arc::new(ScriptedChat::playing("m", vec![Turn::refused(down(Some(asked))), Turn::text(["ok"])]));
        let begun = Instant::now();
        let error = ask(&Retry::new(inner, 3, whole)).await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(asked)));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn tries_end_with_the_deadline_of_the_whole_call() {
    let slow = || Turn::default().wait(Duration::from_secs(40)).fail(down(None));
    let (inner, model) = model(vec![slow(), slow(), slow()]);
    let begun = Instant::now();
    assert_eq!(ask(&model).await.unwrap_err().code(), "model_timeout");
    assert_eq!(begun.elapsed(), WHOLE);
    assert_eq!(inner.requests().len(), 3);
    assert_eq!(inner.dropped(), 1, "the try that was running is ended");
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_are_drawn_below_their_ceiling() {
    let mut longest = Duration::ZERO;
    for _ in 0..50 {
        let inner = Arc::new(ScriptedChat::answering("m", |_| Turn::refused(down(None))));
        let begun = Instant::now();
        ask(&Retry::new(inner, 3, WHOLE)).await.unwrap_err();
        longest = longest.max(begun.elapsed());
    }
    assert!(longest <= Duration::from_millis(752) && longest > Duration::from_millis(250), "{longest:?}");
}

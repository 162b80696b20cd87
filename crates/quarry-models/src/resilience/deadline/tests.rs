#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use tokio::time::{Instant, sleep};

use super::{Deadline, Deadlines};
use crate::{
    chat::{ChatEvent, ChatModel, ChatRequest, FinishReason, complete},
    chat_error::{ChatError, Phase},
    testing::{ScriptedChat, Turn, chat_contract, contract_turn},
};

const DEADLINES: Deadlines = Deadlines {
    first_token: Duration::from_secs(10),
    between_tokens: Duration::from_secs(5),
    whole: Duration::from_secs(60),
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Asks once; gives the end and how long it took.
async fn ask(turn: Turn) -> (Result<String, ChatError>, Duration, usize) {
    let inner = Arc::new(ScriptedChat::playing("m", vec![turn]));
    let model = Deadline::new(Arc::clone(&inner) as Arc<dyn ChatModel>, DEADLINES);
    let begun = Instant::now();
    let end = complete(&model, &ChatRequest::default()).await.map(|reply| reply.text);
    (end, begun.elapsed(), inner.dropped())
}

fn late(phase: Phase, limit: Duration) -> Result<String, ChatError> {
    Err(ChatError::Timeout { name: "m".to_owned(), phase, limit })
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() {
    let inner = Arc::new(ScriptedChat::answering("m", contract_turn));
    chat_contract(&Deadline::new(inner, DEADLINES)).await;
}

#[tokio::test(start_paused = true)]
async fn each_silence_has_its_deadline_and_the_provider_is_hung_up_on() {
    assert_eq!(
        ask(Turn::hanging_after([""; 0])).await,
        (late(Phase::FirstToken, seconds(10)), seconds(10), 1)
    );
    assert_eq!(ask(Turn::hanging_after(["a"])).await, (late(Phase::NextToken, seconds(5)), seconds(5), 1));
    let late_start = Turn::default().wait(seconds(9)).say(["a"]).wait(seconds(6)).finish(FinishReason::Stop);
    assert_eq!(ask(late_start).await, (late(Phase::NextToken, seconds(5)), seconds(14), 1));
}

#[tokio::test(start_paused = true)]
async fn the_whole_has_its_deadline_however_lively_it_is() {
    let lively = (0..100).fold(Turn::default(), |turn, _| turn.wait(seconds(4)).say(["a"]));
    let (end, took, _) = ask(lively).await;
    assert_eq!((end, took), (late(Phase::Whole, seconds(60)), seconds(60)));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reply_within_its_deadlines_is_whole() {
    let slow = Turn::default().wait(seconds(9)).say(["a"]).wait(seconds(4)).say(["b"]).wait(seconds(4));
    let (end, took, dropped) = ask(slow.finish(FinishReason::Stop)).await;
    assert_eq!((end.unwrap().as_str(), took, dropped), ("ab", seconds(17), 0));
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_keep_a_call_alive_and_go_no_further() {
    let thinking = (0..6).fold(Turn::default(), |turn, _| turn.wait(seconds(4)).work());
    let turn = thinking.say(["at last"]).finish(FinishReason::Stop);
    let model = Deadline::new(Arc::new(ScriptedChat::playing("m", vec![turn])), DEADLINES);
    let events: Vec<_> =
        model.chat(&ChatRequest::default()).await.unwrap().map(Result::unwrap).collect().await;
    assert_eq!(events.len(), 3, "started, text, finished: {events:?}");
    assert!(!events.contains(&ChatEvent::Working));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_reads_slowly_is_not_taken_for_a_silent_provider() {
    let turn = Turn::default().say(["a"]).wait(seconds(1)).say(["b"]).finish(FinishReason::Stop);
    let model = Deadline::new(Arc::new(ScriptedChat::playing("m", vec![turn])), DEADLINES);
    let mut stream = model.chat(&ChatRequest::default()).await.unwrap();
    let mut texts = String::new();
    while let Some(event) = stream.next().await {
        if let ChatEvent::Text(text) = event.unwrap() {
            texts.push_str(&text);
            sleep(seconds(20)).await;
        }
    }
    assert_eq!(texts, "ab");
}

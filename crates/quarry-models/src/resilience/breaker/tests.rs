#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use tokio::time::advance;

use super::{Breaker, BreakerRules, BreakerState, Guarded};
use crate::{
    chat::{ChatEvent, ChatModel, ChatRequest, complete},
    chat_error::ChatError,
    testing::{ScriptedChat, Turn, chat_contract, contract_turn},
};

const RULES: BreakerRules =
    BreakerRules { share: 0.5, calls: 4, window: Duration::from_secs(30), rest: Duration::from_secs(15) };

fn down() -> ChatError {
    ChatError::Unavailable { name: "m".to_owned(), problem: "down".to_owned(), retry_after: None }
}

fn guarded(turns: Vec<Turn>) -> (Arc<ScriptedChat>, Arc<Breaker>, Guarded) {
    let inner = Arc::new(ScriptedChat::playing("m", turns));
    let breaker = Breaker::new("scripted", RULES);
    let model = Guarded::new(Arc::clone(&inner) as Arc<dyn ChatModel>, Arc::clone(&breaker));
    (inner, breaker, model)
}

async fn ask(model: &Guarded) -> Result<String, ChatError> {
    complete(model, &ChatRequest::default()).await.map(|reply| reply.text)
}

/// Turns that open the breaker.
fn failing() -> Vec<Turn> {
    (0..4).map(|_| Turn::refused(down())).collect()
}

async fn open(model: &Guarded) {
    for _ in 0..4 {
        ask(model).await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() {
    let inner = Arc::new(ScriptedChat::answering("m", contract_turn));
    chat_contract(&Guarded::new(inner, Breaker::new("scripted", BreakerRules::default()))).await;
}

#[tokio::test(start_paused = true)]
async fn it_opens_at_its_share_of_enough_calls_and_lets_nothing_through() {
    let ok = || Turn::text(["ok"]);
    let bad = || Turn::refused(down());
    let (inner, breaker, model) = guarded(vec![ok(), ok(), bad(), bad(), ok()]);
    for _ in 0..3 {
        let _ = ask(&model).await;
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
    ask(&model).await.unwrap_err();
    assert_eq!(breaker.state(), BreakerState::Open);
    let resting = ask(&model).await.unwrap_err();
    assert_eq!(resting, ChatError::Resting { name: "m".to_owned(), retry_after: Duration::from_secs(15) });
    assert_eq!(inner.requests().len(), 4, "the provider is not asked");
}

#[tokio::test(start_paused = true)]
async fn one_probe_decides_after_the_rest() {
    let mut turns = failing();
    turns.extend([Turn::refused(down()), Turn::text(["back"]), Turn::text(["on"])]);
    let (inner, breaker, model) = guarded(turns);
    open(&model).await;
    advance(Duration::from_secs(15)).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(ask(&model).await.unwrap_err(), down(), "the probe is let through and fails");
    assert_eq!(breaker.state(), BreakerState::Open);
    assert!(matches!(ask(&model).await, Err(ChatError::Resting { .. })));
    advance(Duration::from_secs(15)).await;
    assert_eq!(ask(&model).await.unwrap(), "back");
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(ask(&model).await.unwrap(), "on");
    assert_eq!(inner.requests().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn while_a_probe_runs_nobody_else_is_let_through_and_its_first_word_is_enough() {
    let mut turns = failing();
    turns.extend([Turn::hanging_after(["long "]), Turn::text(["next"])]);
    let (_, breaker, model) = guarded(turns);
    open(&model).await;
    advance(Duration::from_secs(15)).await;
    let mut probe = model.chat(&ChatRequest::default()).await.unwrap();
    assert!(matches!(ask(&model).await, Err(ChatError::Resting { .. })));
    while !matches!(probe.next().await, Some(Ok(ChatEvent::Text(_)))) {}
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(ask(&model).await.unwrap(), "next");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_dropped_makes_way_for_the_next() {
    let mut turns = failing();
    turns.extend([Turn::hanging_after([""; 0]), Turn::text(["next"])]);
    let (_, breaker, model) = guarded(turns);
    open(&model).await;
    advance(Duration::from_secs(15)).await;
    drop(model.chat(&ChatRequest::default()).await.unwrap());
    assert_eq!(ask(&model).await.unwrap(), "next");
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn cuts_inside_a_stream_count_and_refusals_do_not() {
    let cut = || Turn::failing_after(["half "], ChatError::cut("m", "late"));
    let (_, breaker, model) = guarded((0..4).map(|_| cut()).collect());
    open(&model).await;
    assert_eq!(breaker.state(), BreakerState::Open);
    let name = || "m".to_owned();
    for error in [
        ChatError::Rejected { name: name(), status: 400, problem: "no".to_owned() },
        ChatError::RateLimited { name: name(), problem: "slow".to_owned(), retry_after: None },
        ChatError::Busy { name: name(), limit: 1, waited: Duration::ZERO },
    ] {
        let (_, breaker, model) = guarded((0..4).map(|_| Turn::refused(error.clone())).collect());
        open(&model).await;
        assert_eq!(breaker.state(), BreakerState::Closed, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn outcomes_older_than_the_window_are_forgotten() {
    let (_, breaker, model) = guarded(failing());
    for _ in 0..4 {
        ask(&model).await.unwrap_err();
        advance(Duration::from_secs(11)).await;
    }
    assert_eq!(breaker.state(), BreakerState::Closed, "never four within thirty seconds");
}

#[tokio::test(start_paused = true)]
async fn a_call_from_before_a_change_no_longer_counts() {
    let mut turns = vec![Turn::failing_after([""; 0], down())];
    turns.extend(failing());
    turns.push(Turn::text(["back"]));
    let (_, breaker, model) = guarded(turns);
    let late = model.chat(&ChatRequest::default()).await.unwrap();
    open(&model).await;
    advance(Duration::from_secs(15)).await;
    ask(&model).await.unwrap();
    let _: Vec<_> = late.collect().await;
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn models_of_one_provider_share_it() {
    let (_, breaker, model) = guarded(failing());
    open(&model).await;
    let sibling = ScriptedChat::playing("other", vec![Turn::text(["ok"])]);
    let sibling = Guarded::new(Arc::new(sibling), breaker);
    assert!(matches!(ask(&sibling).await, Err(ChatError::Resting { name, .. }) if name == "other"));
}

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use futures::StreamExt;

use super::Fallback;
use crate::{
    chat::{ChatModel, ChatRequest, complete},
    chat_error::ChatError,
    testing::{ScriptedChat, Turn, chat_contract, contract_turn},
};

fn failing(name: &str) -> Arc<ScriptedChat> {
    let error = error(name);
    Arc::new(ScriptedChat::answering(name, move |_| Turn::refused(error.clone())))
}

fn error(name: &str) -> ChatError {
    ChatError::Rejected { name: name.to_owned(), status: 401, problem: "no".to_owned() }
}

fn answering(name: &str) -> Arc<ScriptedChat> {
    let text = format!("from {name}");
    Arc::new(ScriptedChat::answering(name, move |_| Turn::text([text.clone()])))
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_contract() {
    let first = Arc::new(ScriptedChat::answering("a", contract_turn));
    chat_contract(&Fallback::new(first, vec![failing("b")])).await;
}

#[tokio::test]
async fn models_are_asked_in_order_until_one_answers_and_it_is_named() {
    let (a, b, c, d) = (failing("a"), failing("b"), answering("c"), answering("d"));
    let model = Fallback::new(Arc::clone(&a) as Arc<dyn ChatModel>, vec![b.clone(), c.clone(), d.clone()]);
    let reply = complete(&model, &ChatRequest::default()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.model.as_str()), ("from c", "c"));
    assert_eq!(model.info().name, "a");
    let asked = [&a, &b, &c, &d].map(|model| model.requests().len());
    assert_eq!(asked, [1, 1, 1, 0]);
}

#[tokio::test]
async fn when_all_fail_the_error_is_that_of_the_model_that_was_asked() {
    let model = Fallback::new(failing("a"), vec![failing("b")]);
    assert_eq!(complete(&model, &ChatRequest::default()).await.unwrap_err(), error("a"));
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_not_continued_by_another_model() {
    let cut = ChatError::cut("a", "late");
    let first = Arc::new(ScriptedChat::playing("a", vec![Turn::failing_after(["half "], cut.clone())]));
    let other = answering("b");
    let model = Fallback::new(first, vec![other.clone()]);
    let events: Vec<_> = model.chat(&ChatRequest::default()).await.unwrap().collect().await;
    assert_eq!(events.last(), Some(&Err(cut)));
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn a_stream_that_fails_before_content_is_handed_on() {
    let first = Arc::new(ScriptedChat::playing("a", vec![Turn::default().work().fail(error("a"))]));
    let model = Fallback::new(first, vec![answering("b")]);
    assert_eq!(complete(&model, &ChatRequest::default()).await.unwrap().text, "from b");
}

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, future::join_all};
use quarry_core::Fault;

use super::{decorate_chat, open_chat};
use crate::{
    ChatModelSettings, ChatModels, ChatSettings,
    chat::{ChatMessage, ChatReply, ChatRequest, Role, complete},
    chat_error::ChatError,
    resilience::{Breaker, BreakerRules},
    testing::{
        ChatServer, Play, PlayedCall, ScriptedChat, chat_contract, contract_play, contract_turn, dead_port,
    },
};

fn local(url: &str) -> ChatModelSettings {
    ChatModelSettings {
        base_url: Some(url.to_owned()),
        first_token_ms: 300,
        between_tokens_ms: 300,
        whole_ms: 3000,
        max_reply_bytes: 1 << 20,
        ..ChatModelSettings::new("openai", "gpt")
    }
}

fn open(models: impl IntoIterator<Item = (&'static str, ChatModelSettings)>) -> ChatModels {
    let models = models.into_iter().map(|(name, settings)| (name.to_owned(), settings)).collect();
    open_chat(&ChatSettings { default: None, models }).unwrap()
}

async fn ask(models: &ChatModels, name: &str) -> Result<ChatReply, ChatError> {
    let request =
        ChatRequest { messages: vec![ChatMessage::text(Role::User, "hello")], ..ChatRequest::default() };
    complete(&*models.find(Some(name)).unwrap().unwrap(), &request).await
}

#[tokio::test]
async fn everything_together_keeps_the_contract() {
    let server = ChatServer::answering(contract_play).await;
    let models = open([("a", local(&server.url()))]);
    chat_contract(&*models.find(None).unwrap().unwrap()).await;
    let scripted = Arc::new(ScriptedChat::answering("s", contract_turn));
    let settings = ChatModelSettings::new("ollama", "m");
    chat_contract(&*decorate_chat(scripted, &settings, Breaker::new("s", BreakerRules::default()))).await;
}

#[tokio::test]
async fn each_failure_has_its_error_within_the_deadline() {
    let all = |play: Play| move |_: &serde_json::Value| play.clone();
    for (play, code, tries) in [
        (Play::status(500, "down"), "model_unavailable", 3),
        (Play::silence(), "model_timeout", 3),
        (Play::stall_after(&["half "]), "model_timeout", 1),
        (Play::cut_after(&["half "]), "model_cut", 1),
        (Play::malformed_delta(), "model_malformed", 1),
        (Play::huge(10 << 20), "model_too_large", 1),
        (Play::status(400, "no"), "model_rejected", 1),
        (Play::rate_limited(60), "model_rate_limited", 1),
    ] {
        let server = ChatServer::answering(all(play)).await;
        let begun = Instant::now();
        let error = ask(&open([("a", local(&server.url()))]), "a").await.unwrap_err();
        assert_eq!((error.code(), server.count()), (code, tries), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{code} took {:?}", begun.elapsed());
    }
    let nobody = local(&format!("http://127.0.0.1:{}/v1", dead_port().await));
    assert_eq!(ask(&open([("a", nobody)]), "a").await.unwrap_err().code(), "model_unavailable");
}

#[tokio::test]
async fn a_provider_that_recovers_is_asked_again() {
    let plays = vec![Play::rate_limited(0), Play::status(502, "down"), Play::text(&["back"])];
    let server = ChatServer::playing(plays).await;
    assert_eq!(ask(&open([("a", local(&server.url()))]), "a").await.unwrap().text, "back");
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_fallback_answers_and_models_of_one_address_share_a_breaker() {
    let bad = ChatServer::answering(|_| Play::status(500, "down")).await;
    let good = ChatServer::answering(|_| Play::text(&["here"])).await;
    let first = ChatModelSettings { fallbacks: vec!["good".to_owned()], ..local(&bad.url()) };
    let models = open([("bad", first), ("good", local(&good.url())), ("twin", local(&bad.url()))]);
    for _ in 0..4 {
        let reply = ask(&models, "bad").await.unwrap();
        assert_eq!((reply.text.as_str(), reply.model.as_str()), ("here", "good"));
    }
    assert_eq!(bad.count(), 8, "the breaker opened at the eighth failure");
    assert_eq!(ask(&models, "twin").await.unwrap_err().code(), "model_resting");
    assert_eq!(bad.count(), 8);
}

#[tokio::test]
async fn an_endless_loop_of_calls_is_played_as_long_as_it_is_asked_for() {
    let call = PlayedCall { id: "", name: "search", arguments: "{\"query\":\"again\"}" };
    let looping = Play::calls(&[call]);
    let server = ChatServer::answering(move |_| looping.clone()).await;
    let models = open([("a", local(&server.url()))]);
    let mut ids = std::collections::HashSet::new();
    for _ in 0..5 {
        ids.insert(ask(&models, "a").await.unwrap().tool_calls[0].id.clone());
    }
    assert_eq!(ids.len(), 5, "ids that are made up differ between the replies of a conversation");
}

#[tokio::test]
async fn leaving_reaches_the_provider_through_every_decorator() {
    let server = ChatServer::answering(|_| Play::stall_after(&["once "])).await;
    let models = open([("a", local(&server.url()))]);
    let model = models.find(None).unwrap().unwrap();
    let request = ChatRequest::default();
    let streams = join_all((0..3).map(|_| model.chat(&request))).await;
    for stream in streams {
        let mut stream = stream.unwrap();
        assert!(stream.next().await.unwrap().is_ok());
        drop(stream);
    }
    server.until_hung_up(3).await;
}

#[test]
fn settings_that_cannot_work_open_nothing() {
    let models = [("a".to_owned(), ChatModelSettings::new("nobody", "m"))].into();
    let error = open_chat(&ChatSettings { default: None, models }).unwrap_err();
    assert!(
        error.code() == "model_settings" && error.to_string().contains("models.chat.a.provider"),
        "{error}"
    );
    assert!(open_chat(&ChatSettings::default()).unwrap().is_empty());
}

#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::{ChatModelSettings, ChatSettings};

fn settings(models: serde_json::Value) -> ChatSettings {
    ChatSettings { default: None, models: serde_json::from_value(models).unwrap() }
}

fn problems(models: serde_json::Value) -> Vec<String> {
    settings(models).check().iter().map(ToString::to_string).collect()
}

#[test]
fn two_keys_are_enough_for_a_local_model() {
    let settings = settings(json!({"local": {"provider": "ollama", "model": "llama3.2"}}));
    assert_eq!(settings.check(), []);
    let model = &settings.models["local"];
    assert_eq!(model.address(), "http://127.0.0.1:11434");
    let info = model.info("local");
    assert_eq!((info.capabilities.tools, info.capabilities.context_window), (true, 4096));
    assert_eq!((model.attempts, model.concurrency, model.max_reply_bytes), (3, 16, 4 << 20));
    let written = ChatModelSettings::new("ollama", "llama3.2");
    assert_eq!(format!("{written:?}"), format!("{model:?}"), "defaults of code and of the file are the same");
}

#[test]
fn every_problem_is_reported_with_its_key() {
    let found = problems(json!({
        "a": {"provider": "opnai", "model": " ", "temperature": 3.0, "attempts": 0, "whole_ms": 0},
        "b": {"provider": "openai", "model": "m", "base_url": "localhost:8000", "input_price": -1.0},
        "c": {"provider": "anthropic", "model": "m", "fallbacks": ["c", "z", "a", "a"]},
        "d": {"provider": "bedrock", "model": "m", "api_key": "k", "context_window": 7},
    }));
    for (key, words) in [
        ("`models.chat.a.provider`", "known are openai, groq, deepseek, anthropic, gemini, bedrock, ollama"),
        ("`models.chat.a.model`", "is needed"),
        ("`models.chat.a.temperature`", "0 to 2"),
        ("`models.chat.a.attempts`", "at least 1"),
        ("`models.chat.a.whole_ms`", "at least 1"),
        ("`models.chat.b.base_url`", "http://"),
        ("`models.chat.b.input_price`", "from 0 on"),
        ("`models.chat.c.api_key`", "needs a key"),
        ("`models.chat.c.fallbacks`", "for itself"),
        ("`models.chat.c.fallbacks`", "no model `z`; configured are a, b, c, d"),
        ("`models.chat.c.fallbacks`", "twice"),
        ("`models.chat.d.base_url`", "needs its address"),
        ("`models.chat.d.context_window`", "512"),
    ] {
        assert!(found.iter().any(|line| line.starts_with(key) && line.contains(words)), "{key}: {found:#?}");
    }
    assert_eq!(found.len(), 13, "{found:#?}");
}

#[test]
fn two_models_may_stand_in_for_each_other() {
    let local = |fallback: &str| json!({"provider": "ollama", "model": "m", "fallbacks": [fallback]});
    assert_eq!(settings(json!({"a": local("b"), "b": local("a")})).check(), []);
}

#[test]
fn the_default_must_exist() {
    let lost = ChatSettings { default: Some("gone".to_owned()), ..ChatSettings::default() };
    let found = lost.check().first().unwrap().to_string();
    assert_eq!(found, "`models.chat_default`: there is no model `gone`; configured are none");
}

#[test]
fn keys_are_not_shown_and_unknown_ones_are_refused() {
    let shown =
        format!("{:?}", settings(json!({"a": {"provider": "x", "model": "m", "api_key": "hunter2"}})));
    assert!(!shown.contains("hunter2"), "{shown}");
    let refused =
        serde_json::from_value::<ChatModelSettings>(json!({"provider": "x", "model": "m", "modle": 1}));
    assert!(refused.unwrap_err().to_string().contains("unknown field `modle`"));
}

#[test]
fn a_server_of_ones_own_needs_no_key_and_gets_a_small_window() {
    let settings = settings(json!({"a": {"provider": "openai", "model": "m", "base_url": "http://h:1/v1/"}}));
    assert_eq!(settings.check(), []);
    assert_eq!(settings.models["a"].address(), "http://h:1/v1");
    assert_eq!(settings.models["a"].info("a").capabilities.context_window, 8192);
}

//! `[models.chat.<name>]`: the models that talk, and which of them is asked where none is named.

use std::{collections::BTreeMap, time::Duration};

use quarry_core::Secret;
use serde::Deserialize;

use crate::{
    chat::{ChatCapabilities, ChatInfo, Price},
    chat_error::ChatError,
};

/// The chat models of a configuration.
#[derive(Clone, Debug, Default)]
pub struct ChatSettings {
    /// The model that is asked where none is named (`models.chat_default`). Left out: the first by name.
    pub default: Option<String>,
    /// Each model by its name (`[models.chat.<name>]`).
    pub models: BTreeMap<String, ChatModelSettings>,
}

/// What is asked for by a model's name where the documents are to be quoted instead.
pub const EXTRACTIVE: &str = "extractive";

/// A provider that can be named, and what holds for it where nothing is configured.
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    /// Up to and without `/chat/completions`, or what the provider's dialect has there. None: must be configured.
    pub(crate) base_url: Option<&'static str>,
    /// Whether its own address refuses calls without a key.
    pub(crate) needs_key: bool,
    /// Tokens that its present models read at least.
    pub(crate) context_window: u32,
}

const fn provider(
    name: &'static str,
    base_url: Option<&'static str>,
    needs_key: bool,
    context_window: u32,
) -> Provider {
    Provider { name, base_url, needs_key, context_window }
}

/// Every provider. `openai` stands for any server that speaks its dialect, by `base_url`.
pub(crate) const PROVIDERS: &[Provider] = &[
    provider("openai", Some("https://api.openai.com/v1"), true, 128_000),
    provider("groq", Some("https://api.groq.com/openai/v1"), true, 131_072),
    provider("deepseek", Some("https://api.deepseek.com/v1"), true, 65_536),
    provider("anthropic", Some("https://api.anthropic.com/v1"), true, 200_000),
    provider("gemini", Some("https://generativelanguage.googleapis.com/v1beta"), true, 1_048_576),
    // Its address names a region, which is not ours to guess.
    provider("bedrock", None, true, 128_000),
    // What Ollama itself opens a model with; it cuts longer prompts without a word.
    provider("ollama", Some("http://127.0.0.1:11434"), false, 4096),
];

/// The window of a server of our own choosing, where none is configured: what small local models are run with.
const UNKNOWN_WINDOW: u32 = 8192;

/// One model that talks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatModelSettings {
    /// `openai` (with `base_url`: any server that speaks its dialect), `groq`, `deepseek`, `anthropic`, `gemini`,
    /// `bedrock` or `ollama`.
    pub provider: String,
    /// The provider's name of the model.
    pub model: String,
    /// The address up to and without `/chat/completions`, such as `http://127.0.0.1:8000/v1`. Left out: the
    /// provider's own; Bedrock needs it: `https://bedrock-runtime.<region>.amazonaws.com`.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The provider's key. Left out: none is sent.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// Tokens of prompt and reply together. Left out: a number that is safe for the provider; 8192 for a server named
    /// by `base_url`.
    #[serde(default)]
    pub context_window: Option<u32>,
    /// Whether the model calls tools natively. Left out: it does; `false` makes the run use textual ReAct.
    #[serde(default)]
    pub tools: Option<bool>,
    /// Money for a million tokens read.
    #[serde(default)]
    pub input_price: f64,
    /// Money for a million tokens written.
    #[serde(default)]
    pub output_price: f64,
    /// Most tokens of a reply where the request names none. Left out: the provider's default.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// 0 to 2, where the request names none. Left out: the provider's default.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// Milliseconds to wait for a connection.
    #[serde(default = "five_seconds")]
    pub connect_ms: u64,
    /// Milliseconds to wait for the first piece of a reply.
    #[serde(default = "one_minute")]
    pub first_token_ms: u64,
    /// Milliseconds of silence inside a reply.
    #[serde(default = "half_a_minute")]
    pub between_tokens_ms: u64,
    /// Milliseconds for the whole reply, every try included.
    #[serde(default = "five_minutes")]
    pub whole_ms: u64,
    /// Tries of a call, the first included, as long as nothing of the reply has come.
    #[serde(default = "three")]
    pub attempts: u32,
    /// Calls at the same time.
    #[serde(default = "sixteen")]
    pub concurrency: usize,
    /// Milliseconds that a call waits for a place among them.
    #[serde(default = "ten_seconds")]
    pub queue_ms: u64,
    /// Models that are asked, in this order, when this one does not answer. Their own lists are not followed.
    #[serde(default)]
    pub fallbacks: Vec<String>,
    /// Bytes of a reply; a longer one is ended.
    #[serde(default = "four_megabytes")]
    pub max_reply_bytes: usize,
}

const fn five_seconds() -> u64 {
    5000
}

const fn one_minute() -> u64 {
    60_000
}

const fn half_a_minute() -> u64 {
    30_000
}

const fn five_minutes() -> u64 {
    300_000
}

const fn ten_seconds() -> u64 {
    10_000
}

const fn three() -> u32 {
    3
}

const fn sixteen() -> usize {
    16
}

const fn four_megabytes() -> usize {
    4 * 1024 * 1024
}

impl ChatModelSettings {
    /// A model of a provider, everything else as it is where nothing is configured.
    #[must_use]
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            base_url: None,
            api_key: None,
            context_window: None,
            tools: None,
            input_price: 0.0,
            output_price: 0.0,
            max_tokens: None,
            temperature: None,
            connect_ms: five_seconds(),
            first_token_ms: one_minute(),
            between_tokens_ms: half_a_minute(),
            whole_ms: five_minutes(),
            attempts: three(),
            concurrency: sixteen(),
            queue_ms: ten_seconds(),
            fallbacks: Vec::new(),
            max_reply_bytes: four_megabytes(),
        }
    }

    /// What the model is, under its name in the configuration.
    #[must_use]
    pub fn info(&self, name: &str) -> ChatInfo {
        ChatInfo {
            name: name.to_owned(),
            provider: self.provider.clone(),
            model: self.model.clone(),
            capabilities: ChatCapabilities {
                tools: self.tools.unwrap_or(true),
                context_window: self.context_window.unwrap_or_else(|| self.usual_window()),
            },
            price: Price { input_per_million: self.input_price, output_per_million: self.output_price },
        }
    }

    /// The address of the provider, without a slash at its end; empty for one that does not exist.
    #[must_use]
    pub fn address(&self) -> &str {
        let own = find(&self.provider).and_then(|provider| provider.base_url);
        self.base_url.as_deref().or(own).unwrap_or_default().trim_end_matches('/')
    }

    pub(crate) const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(crate) const fn whole(&self) -> Duration {
        Duration::from_millis(self.whole_ms)
    }

    fn usual_window(&self) -> u32 {
        match find(&self.provider) {
            Some(provider) if self.provider != "openai" || self.base_url.is_none() => provider.context_window,
            _ => UNKNOWN_WINDOW,
        }
    }

    /// Each key that cannot work, with the reason.
    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut wrong = |key, problem: String| found.push((key, problem));
        match find(&self.provider) {
            None => {
                wrong("provider", format!("there is no provider `{}`; known are {}", self.provider, known()))
            }
            Some(provider) if self.base_url.is_none() => {
                if provider.base_url.is_none() {
                    wrong("base_url", format!("`{}` needs its address", provider.name));
                }
                if provider.needs_key && self.api_key.is_none() {
                    wrong("api_key", format!("`{}` needs a key", provider.name));
                }
            }
            Some(_) => {}
        }
        if self.model.trim().is_empty() {
            wrong("model", "the provider's name of the model is needed".to_owned());
        }
        if self.base_url.is_some() && !is_address(self.address()) {
            wrong("base_url", "an address starting with http:// or https:// is needed".to_owned());
        }
        for (key, price) in [("input_price", self.input_price), ("output_price", self.output_price)] {
            if !(price.is_finite() && price >= 0.0) {
                wrong(key, "a price is a number from 0 on".to_owned());
            }
        }
        if self.temperature.is_some_and(|heat| !(0.0..=2.0).contains(&heat)) {
            wrong("temperature", "use 0 to 2".to_owned());
        }
        for (key, value) in self.limits() {
            if value == 0 {
                wrong(key, "it must be at least 1".to_owned());
            }
        }
        if self.attempts > 10 {
            wrong("attempts", "use 1 to 10 tries".to_owned());
        }
        if self.context_window.is_some_and(|window| window < 512) {
            wrong("context_window", "a model that reads less than 512 tokens cannot answer".to_owned());
        }
        found
    }

    fn limits(&self) -> [(&'static str, u64); 9] {
        [
            ("max_tokens", self.max_tokens.map_or(1, u64::from)),
            ("connect_ms", self.connect_ms),
            ("first_token_ms", self.first_token_ms),
            ("between_tokens_ms", self.between_tokens_ms),
            ("whole_ms", self.whole_ms),
            ("attempts", u64::from(self.attempts)),
            ("concurrency", self.concurrency as u64),
            ("queue_ms", self.queue_ms),
            ("max_reply_bytes", self.max_reply_bytes as u64),
        ]
    }
}

fn find(provider: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|known| known.name == provider)
}

fn known() -> String {
    PROVIDERS.iter().map(|provider| provider.name).collect::<Vec<_>>().join(", ")
}

fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

impl ChatSettings {
    /// Everything that cannot work, each with its key; nothing when all is well.
    ///
    /// Two models may name each other: lists of fallbacks are not followed further, so no circle comes of it.
    #[must_use]
    pub fn check(&self) -> Vec<ChatError> {
        let wrong = |key: String, problem: String| ChatError::Settings { key, problem };
        let known = || {
            let names: Vec<&str> = self.models.keys().map(String::as_str).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let mut found = Vec::new();
        if let Some(name) = self.default.as_ref().filter(|name| !self.models.contains_key(*name)) {
            let problem = format!("there is no model `{name}`; configured are {}", known());
            found.push(wrong("chat_default".to_owned(), problem));
        }
        if self.models.contains_key(EXTRACTIVE) {
            let problem = "this name stands for quotes of the documents; give the model another".to_owned();
            found.push(wrong(format!("chat.{EXTRACTIVE}"), problem));
        }
        for (name, model) in &self.models {
            let key = |key: &str| format!("chat.{name}.{key}");
            found.extend(model.problems().into_iter().map(|(field, problem)| wrong(key(field), problem)));
            for (position, fallback) in model.fallbacks.iter().enumerate() {
                let problem = if fallback == name {
                    "a model cannot stand in for itself".to_owned()
                } else if !self.models.contains_key(fallback) {
                    format!("there is no model `{fallback}`; configured are {}", known())
                } else if model.fallbacks.iter().take(position).any(|before| before == fallback) {
                    format!("`{fallback}` stands twice in the list")
                } else {
                    continue;
                };
                found.push(wrong(key("fallbacks"), problem));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;

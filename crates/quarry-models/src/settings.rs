//! The `[models.embed]` section of the configuration.

use quarry_core::Secret;
use serde::Deserialize;

use crate::{error::ModelError, local::static_table};

/// How text is embedded.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbedderSettings {
    /// The embedder of new collections: `static-en-256`, a model of the catalogue, or `openai:<name>`.
    pub default: String,
    /// Threads for embedding on this machine; 0 means half of the processors, so that questions always find one free.
    pub threads: usize,
    /// Megabytes of vectors kept in memory so that equal texts are embedded once. Not used by the static table.
    pub cache_mb: usize,
    /// Servers that speak OpenAI's `/embeddings`.
    pub openai: Vec<OpenAiSettings>,
}

impl Default for EmbedderSettings {
    fn default() -> Self {
        Self { default: static_table::ID.to_owned(), threads: 0, cache_mb: 32, openai: Vec::new() }
    }
}

/// One server that speaks OpenAI's `/embeddings`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiSettings {
    /// The embedder's id becomes `openai:<name>`. Collections remember it: do not change it. Default: the model.
    #[serde(default)]
    pub name: Option<String>,
    /// The address up to and without `/embeddings`, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// Sent as a bearer token. Left out: no key is sent.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// The model's name on that server.
    pub model: String,
    /// Numbers in a vector. Left out: learned from the first answer.
    #[serde(default)]
    pub dimension: Option<usize>,
    /// Tokens of a text the model reads. Left out: unknown.
    #[serde(default)]
    pub max_tokens: Option<usize>,
    /// Languages it was trained for, ISO 639-3. Left out: any.
    #[serde(default)]
    pub languages: Option<Vec<String>>,
    /// Written before each query, for models that ask for it.
    #[serde(default)]
    pub query_prefix: String,
    /// Written before each document, for models that ask for it.
    #[serde(default)]
    pub document_prefix: String,
    /// Texts in one request.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Requests at the same time.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// Seconds to wait for one answer.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
    /// Tries of one request, the first included, when the server is busy or fails.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
}

const fn default_batch() -> usize {
    64
}

const fn default_concurrency() -> usize {
    4
}

const fn default_timeout() -> u64 {
    30
}

const fn default_attempts() -> u32 {
    4
}

impl OpenAiSettings {
    /// The embedder's id.
    #[must_use]
    pub fn id(&self) -> String {
        format!("openai:{}", self.name.as_ref().unwrap_or(&self.model))
    }

    fn check(&self, position: usize) -> Result<(), ModelError> {
        let wrong = |key: &str, problem: &str| {
            Err(ModelError::Settings {
                key: format!("openai[{position}].{key}"),
                problem: problem.to_owned(),
            })
        };
        if !self.base_url.starts_with("http://") && !self.base_url.starts_with("https://") {
            return wrong("base_url", "an address starting with http:// or https:// is needed");
        }
        if self.model.is_empty() {
            return wrong("model", "the model's name on the server is needed");
        }
        if self.batch == 0 || self.batch > 2048 {
            return wrong("batch", "use 1 to 2048 texts");
        }
        if self.concurrency == 0 || self.concurrency > 256 {
            return wrong("concurrency", "use 1 to 256 requests");
        }
        if self.timeout_seconds == 0 || self.attempts == 0 {
            return wrong("timeout_seconds", "`timeout_seconds` and `attempts` must be at least 1");
        }
        if self.dimension.is_some_and(|dimension| dimension == 0 || dimension > 65_535) {
            return wrong("dimension", "use 1 to 65535, or leave it out");
        }
        Ok(())
    }
}

impl EmbedderSettings {
    /// Checks the values that types cannot.
    ///
    /// # Errors
    /// `model_settings`, with the key that is wrong.
    pub fn check(&self) -> Result<(), ModelError> {
        for (position, server) in self.openai.iter().enumerate() {
            server.check(position)?;
            if self.openai.iter().take(position).any(|other| other.id() == server.id()) {
                let problem = format!("two servers have the id `{}`; give one another name", server.id());
                return Err(ModelError::Settings { key: format!("openai[{position}].name"), problem });
            }
        }
        Ok(())
    }

    /// The number of embedding threads after the default is applied.
    #[must_use]
    pub fn threads(&self) -> usize {
        if self.threads > 0 {
            return self.threads;
        }
        std::thread::available_parallelism().map_or(1, |count| (count.get() / 2).max(1))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::EmbedderSettings;

    fn parse(json: &str) -> Result<EmbedderSettings, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn defaults_need_no_configuration() {
        let settings = parse("{}").unwrap();
        assert_eq!(settings.default, "static-en-256");
        assert!(settings.threads() >= 1);
        settings.check().unwrap();
    }

    #[test]
    fn unknown_keys_are_refused() {
        let problem = parse(r#"{"thread": 2}"#).unwrap_err().to_string();
        assert!(problem.contains("unknown field `thread`"), "{problem}");
    }

    #[test]
    fn wrong_values_name_their_key() {
        let cases = [
            (r#"{"base_url":"ftp://x","model":"m"}"#, "models.embed.openai[0].base_url"),
            (r#"{"base_url":"http://x","model":""}"#, "models.embed.openai[0].model"),
            (r#"{"base_url":"http://x","model":"m","batch":0}"#, "models.embed.openai[0].batch"),
            (r#"{"base_url":"http://x","model":"m","dimension":0}"#, "models.embed.openai[0].dimension"),
            (
                r#"{"base_url":"http://x","model":"m"},{"base_url":"http://y","model":"m"}"#,
                "models.embed.openai[1].name",
            ),
        ];
        for (servers, key) in cases {
            let settings = parse(&format!(r#"{{"openai":[{servers}]}}"#)).unwrap();
            let problem = settings.check().unwrap_err().to_string();
            assert!(problem.contains(key), "{problem}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let settings =
            parse(r#"{"openai":[{"base_url":"http://x","model":"m","api_key":"hunter2"}]}"#).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}

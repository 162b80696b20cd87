//! Any server that speaks OpenAI's `POST /embeddings`.
//!
//! Texts go in batches; a busy or failing server is asked again a bounded number of times, after the time it names.
//! Every answer is checked: number, order, dimension, finiteness.

mod wire;

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use reqwest::{StatusCode, header::RETRY_AFTER};

use self::wire::Answer;
use crate::{
    embed::{EmbedRequest, Embedder, EmbedderInfo, Purpose, normalise},
    error::ModelError,
    events, http,
    settings::OpenAiSettings,
};

/// Longest pause that a server's `Retry-After` can ask of us; a longer one is passed on to the caller.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// First pause when the server names none; it doubles with each try.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Bytes of an answer for each text: 8,192 numbers of 24 digits and more.
const ANSWER_BYTES_PER_TEXT: usize = 256 * 1024;

/// An embedder behind HTTP.
pub struct OpenAi {
    settings: OpenAiSettings,
    address: String,
    client: reqwest::Client,
    /// What was known before the first answer.
    initial: EmbedderInfo,
    /// The same with the dimension that was learned.
    learned: OnceLock<EmbedderInfo>,
    first_pause: Duration,
}

/// Why one try failed, and whether another may help.
struct Failed {
    error: ModelError,
    again: bool,
}

impl OpenAi {
    /// A client for one server. Nothing is sent yet.
    ///
    /// # Errors
    /// `embedder_unavailable` when no client can be built, for example without trusted certificates.
    pub fn new(settings: &OpenAiSettings) -> Result<Self, ModelError> {
        let id = settings.id();
        let client = http::client(Duration::from_secs(settings.timeout_seconds), 0)
            .map_err(|problem| ModelError::unavailable(&id, problem))?;
        let initial = EmbedderInfo {
            id,
            dimension: settings.dimension.unwrap_or(0),
            max_tokens: settings.max_tokens,
            languages: settings.languages.clone(),
            dense_weight: 0.5,
            ranker: "transformer".to_owned(),
        };
        Ok(Self {
            settings: settings.clone(),
            address: format!("{}/embeddings", settings.base_url.trim_end_matches('/')),
            client,
            initial,
            learned: OnceLock::new(),
            first_pause: FIRST_PAUSE,
        })
    }

    fn prefixed(&self, text: &str, purpose: Purpose) -> String {
        let prefix = match purpose {
            Purpose::Query => &self.settings.query_prefix,
            Purpose::Document => &self.settings.document_prefix,
        };
        // Servers refuse an empty input; a space has no meaning either.
        if text.is_empty() && prefix.is_empty() { " ".to_owned() } else { format!("{prefix}{text}") }
    }

    async fn batch(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut pause = self.first_pause;
        let mut attempt = 1;
        loop {
            let failed = match self.try_once(texts).await {
                Ok(vectors) => return Ok(vectors),
                Err(failed) => failed,
            };
            let wait = match &failed.error {
                ModelError::Unavailable { retry_after: Some(wait), .. } => *wait,
                _ => pause,
            };
            if !failed.again || attempt >= self.settings.attempts || wait > LONGEST_PAUSE {
                return Err(failed.error);
            }
            events::request_retried(&self.initial.id, attempt, wait, &failed.error.to_string());
            tokio::time::sleep(wait).await;
            attempt += 1;
            pause *= 2;
        }
    }

    async fn try_once(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Failed> {
        let id = &self.initial.id;
        let mut request = self.client.post(&self.address).json(&wire::Request {
            model: &self.settings.model,
            input: texts,
            encoding_format: "float",
        });
        if let Some(key) = &self.settings.api_key {
            request = request.bearer_auth(key.expose());
        }
        // One limit for the whole exchange; the client's own is between two pieces.
        let limit = Duration::from_secs(self.settings.timeout_seconds);
        let exchange = async {
            let mut response =
                request.send().await.map_err(|error| self.no_answer(&http::explain(&error)))?;
            let status = response.status();
            let retry_after = retry_after(&response);
            let body = self.body(&mut response, texts.len()).await?;
            if !status.is_success() {
                return Err(self.refused(status, retry_after, &body));
            }
            Ok(body)
        };
        let body = tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or_else(|_| Err(self.no_answer("it did not answer in time")))?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|error| Failed {
            error: ModelError::mismatch(id, format!("the answer is not the expected JSON ({error})")),
            again: false,
        })?;
        answer
            .vectors(texts.len())
            .map_err(|problem| Failed { error: ModelError::mismatch(id, problem), again: false })
    }

    async fn body(&self, response: &mut reqwest::Response, texts: usize) -> Result<Vec<u8>, Failed> {
        let limit = (texts + 1) * ANSWER_BYTES_PER_TEXT;
        let mut body = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|error| self.no_answer(&http::explain(&error)))?
        {
            if body.len() + piece.len() > limit {
                let error = ModelError::mismatch(
                    &self.initial.id,
                    format!("the answer is longer than {limit} bytes"),
                );
                return Err(Failed { error, again: false });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn no_answer(&self, problem: &str) -> Failed {
        Failed { error: ModelError::unavailable(&self.initial.id, problem), again: true }
    }

    fn refused(&self, status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Failed {
        let id = self.initial.id.clone();
        let problem = wire::problem(body);
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let problem = format!("HTTP {}: {problem}", status.as_u16());
            return Failed { error: ModelError::Unavailable { id, problem, retry_after }, again: true };
        }
        Failed { error: ModelError::Rejected { id, status: status.as_u16(), problem }, again: false }
    }

    fn check_dimension(&self, vectors: &[Vec<f32>]) -> Result<(), ModelError> {
        let Some(first) = vectors.first() else { return Ok(()) };
        if self.initial.dimension == 0 {
            self.learned.get_or_init(|| EmbedderInfo { dimension: first.len(), ..self.initial.clone() });
        }
        let expected = self.info().dimension;
        match vectors.iter().find(|vector| vector.len() != expected) {
            None => Ok(()),
            Some(odd) => Err(ModelError::mismatch(
                &self.initial.id,
                format!("a vector has dimension {}, expected {expected}", odd.len()),
            )),
        }
    }
}

/// `Retry-After` in seconds; the form with a date is rare and counts as absent.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[async_trait]
impl Embedder for OpenAi {
    fn info(&self) -> &EmbedderInfo {
        self.learned.get().unwrap_or(&self.initial)
    }

    async fn embed(&self, request: EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut all = Vec::with_capacity(request.texts.len());
        for batch in request.texts.chunks(self.settings.batch) {
            let started = Instant::now();
            let texts: Vec<String> = batch.iter().map(|text| self.prefixed(text, request.purpose)).collect();
            let mut vectors = self.batch(&texts).await?;
            self.check_dimension(&vectors)?;
            vectors.iter_mut().for_each(|vector| normalise(vector));
            events::embedded(&self.initial.id, batch.len(), started.elapsed());
            all.append(&mut vectors);
        }
        Ok(all)
    }

    /// An estimate on the high side: four ASCII characters make a token, any other character makes one.
    fn count_tokens(&self, text: &str) -> usize {
        let ascii = text.bytes().filter(u8::is_ascii).count();
        let others = text.chars().filter(|character| !character.is_ascii()).count();
        ascii.div_ceil(4) + others
    }
}

#[cfg(test)]
mod tests;

//! BERT-family sentence encoders on the CPU: a folder of files in, vectors out.
//!
//! Texts of one batch lie behind each other without padding, so no arithmetic is spent on empty places; only
//! attention looks at one text at a time. Parallelism is over batches, one thread each.

mod bert;
mod ops;
mod weights;

use std::{path::Path, sync::Arc, time::Instant};

use async_trait::async_trait;
use rayon::prelude::*;
use tokenizers::Tokenizer;

use self::bert::Bert;
use crate::{
    embed::{EmbedRequest, Embedder, EmbedderInfo, normalise},
    error::ModelError,
    events,
    local::workers::Workers,
};

/// Tokens in one batch: enough rows for matrix multiplication to run at full speed, few enough that a layer's
/// intermediate values stay in the second-level cache.
const BATCH_TOKENS: usize = 512;

/// Tokens read of a text when the model does not say.
const DEFAULT_MAX_TOKENS: usize = 256;

/// A local transformer.
pub struct Transformer {
    info: EmbedderInfo,
    model: Arc<Model>,
    workers: Workers,
}

struct Model {
    tokenizer: Tokenizer,
    bert: Bert,
    max_tokens: usize,
}

impl Transformer {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` of a folder.
    ///
    /// # Errors
    /// `model_broken` when a file is missing or not what it should be.
    pub fn load(info: &EmbedderInfo, folder: &Path, threads: usize) -> Result<Self, ModelError> {
        let started = Instant::now();
        let broken = |problem: String| ModelError::broken(&info.id, problem);
        let mut tokenizer = Tokenizer::from_file(folder.join("tokenizer.json"))
            .map_err(|error| broken(format!("tokenizer.json: {error}")))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| broken(error.to_string()))?;
        let bert = Bert::load(folder).map_err(broken)?;
        if bert.hidden() != info.dimension {
            return Err(broken(format!("it has dimension {}, expected {}", bert.hidden(), info.dimension)));
        }
        let max_tokens = info.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS).min(bert.max_positions());
        events::model_loaded(&info.id, started.elapsed());
        let model = Arc::new(Model { tokenizer, bert, max_tokens });
        Ok(Self { info: info.clone(), model, workers: Workers::new(threads) })
    }
}

#[async_trait]
impl Embedder for Transformer {
    fn info(&self) -> &EmbedderInfo {
        &self.info
    }

    async fn embed(&self, request: EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        if request.texts.is_empty() {
            return Ok(Vec::new());
        }
        let started = Instant::now();
        let texts: Vec<String> = request.texts.iter().map(|&text| text.to_owned()).collect();
        let count = texts.len();
        let model = Arc::clone(&self.model);
        let vectors = self.workers.run(&self.info.id, move || model.embed(&texts)).await?;
        let vectors = vectors.map_err(|problem| ModelError::broken(&self.info.id, problem))?;
        events::embedded(&self.info.id, count, started.elapsed());
        Ok(vectors)
    }

    fn count_tokens(&self, text: &str) -> usize {
        // Without the two marks around a text: callers add up pieces.
        self.model.tokenizer.encode_fast(text, false).map_or(0, |encoding| encoding.len())
    }
}

impl Model {
    fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
        let mut sequences = texts
            .par_iter()
            .enumerate()
            .map(|(position, text)| Ok((position, self.token_ids(text)?)))
            .collect::<Result<Vec<_>, String>>()?;
        // Neighbours of like length make batches that take like time.
        sequences.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
        let done = batches(&sequences)
            .into_par_iter()
            .map(|batch| {
                let ids: Vec<&[u32]> = batch.iter().map(|(_, ids)| ids.as_slice()).collect();
                let vectors = self.bert.forward(&ids).map_err(|error| error.to_string())?;
                Ok(batch.iter().map(|(position, _)| *position).zip(vectors).collect::<Vec<_>>())
            })
            .collect::<Result<Vec<_>, String>>()?;
        let mut done: Vec<(usize, Vec<f32>)> = done.into_iter().flatten().collect();
        done.sort_by_key(|(position, _)| *position);
        Ok(done
            .into_iter()
            .map(|(_, mut vector)| {
                normalise(&mut vector);
                vector
            })
            .collect())
    }

    /// The ids with the marks around them; a long text keeps its beginning and the closing mark.
    fn token_ids(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|error| error.to_string())?;
        let mut ids = encoding.get_ids().to_vec();
        if ids.len() > self.max_tokens
            && let Some(close) = ids.last().copied()
        {
            ids.truncate(self.max_tokens.saturating_sub(1));
            ids.push(close);
        }
        Ok(ids)
    }
}

/// Cuts sequences into runs of about [`BATCH_TOKENS`] tokens.
fn batches<T>(sequences: &[(T, Vec<u32>)]) -> Vec<&[(T, Vec<u32>)]> {
    let mut cuts = Vec::new();
    let mut rest = sequences;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fitting = rest.iter().take_while(|(_, ids)| {
            tokens += ids.len();
            tokens <= BATCH_TOKENS
        });
        let (batch, after) = rest.split_at(fitting.count().max(1));
        cuts.push(batch);
        rest = after;
    }
    cuts
}

#[cfg(test)]
mod tests;

//! Vectors for callers, who may want to compare texts of their own.

use quarry_core::{Access, Action};
use quarry_models::{EmbedRequest, Purpose, dimension_of};

use crate::{engine::Engine, error::EngineError, govern::must};

/// Vectors, and what made them.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// The embedder's id.
    pub model: String,
    /// Numbers in one vector.
    pub dimension: usize,
    /// One for each text, in order.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens read; an estimate where the tokenizer is on a server.
    pub tokens: u64,
}

impl Engine {
    /// The id of the embedder that new collections get.
    #[must_use]
    pub fn default_embedder(&self) -> &str {
        self.inner().embedders.default_id()
    }

    /// The vectors of texts, by an embedder's id or else by the default one.
    ///
    /// # Errors
    /// `forbidden`, `unknown_embedder`, `model_not_installed`, `embedder_unavailable`.
    pub async fn embed(
        &self,
        access: &Access,
        model: Option<&str>,
        texts: Vec<String>,
        purpose: Purpose,
    ) -> Result<Embedded, EngineError> {
        must(access, Action::Search)?;
        let model = model.unwrap_or_else(|| self.default_embedder());
        let embedder = self.inner().embedders.open(model)?;
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = embedder.embed(EmbedRequest { texts: &borrowed, purpose }).await?;
        let dimension = match vectors.first() {
            Some(vector) => vector.len(),
            None => dimension_of(embedder.as_ref()).await?,
        };
        let model = embedder.info().id.clone();
        let counted = tokio::task::spawn_blocking(move || {
            texts.iter().map(|text| embedder.count_tokens(text) as u64).sum()
        });
        let tokens = counted.await.map_err(|error| EngineError::Task(error.to_string()))?;
        Ok(Embedded { model, dimension, vectors, tokens })
    }
}

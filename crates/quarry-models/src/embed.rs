//! The contract of everything that embeds text.

use async_trait::async_trait;

use crate::error::ModelError;

/// What an embedder is and how its scores are to be used.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbedderInfo {
    /// Its stable id: `static-en-256`, `all-minilm-l6-v2` or `openai:<name>`. Stored with every vector.
    pub id: String,
    /// Numbers in one vector; 0 while a server has not answered yet and nothing was configured.
    pub dimension: usize,
    /// Tokens of a text beyond which it does not read; `None` when it reads everything or nobody knows.
    pub max_tokens: Option<usize>,
    /// Languages it was trained for, ISO 639-3; `None` when any or unknown.
    pub languages: Option<Vec<String>>,
    /// Share of the dense leg when scores are fused, 0 to 1. Measured, so it belongs to the model and not to users.
    pub dense_weight: f32,
    /// Name of the ranker's weights that were fitted for its kind: `static` or `transformer`.
    pub ranker: String,
}

impl EmbedderInfo {
    /// Whether it was trained for a language (ISO 639-3).
    #[must_use]
    pub fn speaks(&self, language: &str) -> bool {
        self.languages.as_ref().is_none_or(|languages| languages.iter().any(|known| known == language))
    }
}

/// What the vectors are for. Some models write a different prefix for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To search with.
    Query,
    /// To be found.
    Document,
}

/// Texts to embed together.
#[derive(Clone, Copy, Debug)]
pub struct EmbedRequest<'a> {
    /// The texts, in the order their vectors come back.
    pub texts: &'a [&'a str],
    /// What for.
    pub purpose: Purpose,
}

/// Turns texts into vectors.
///
/// Contract (checked by [`crate::testing::embedder_contract`]): one vector for each text, in order; every vector has
/// the dimension of [`Embedder::info`] and length 1, or is all zeros where the text holds nothing the model knows; no
/// texts give no vectors; the same text gives the same vector, alone or in a batch (to 1e-4 in each number); dropping
/// the future is safe at any point and wastes at most the batch that is being computed.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// What it is.
    fn info(&self) -> &EmbedderInfo;

    /// The vectors of texts.
    ///
    /// # Errors
    /// `embedder_unavailable`, `embedder_rejected`, `embedder_mismatch` or `model_broken`.
    async fn embed(&self, request: EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError>;

    /// How many tokens a text is for this model; an estimate where the tokenizer is on a server.
    fn count_tokens(&self, text: &str) -> usize;
}

/// The dimension of an embedder, found by one call where it is not known yet.
///
/// # Errors
/// Whatever [`Embedder::embed`] fails with.
pub async fn dimension_of(embedder: &dyn Embedder) -> Result<usize, ModelError> {
    if embedder.info().dimension > 0 {
        return Ok(embedder.info().dimension);
    }
    let request = EmbedRequest { texts: &["dimension"], purpose: Purpose::Document };
    Ok(embedder.embed(request).await?.first().map_or(0, Vec::len))
}

/// Brings a vector to length 1 in place; one without direction or with a number that is not finite becomes all zeros.
pub(crate) fn normalise(vector: &mut [f32]) {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    let factor = if norm.is_finite() && norm > f32::MIN_POSITIVE { 1.0 / norm } else { 0.0 };
    for value in vector {
        *value = if factor == 0.0 { 0.0 } else { *value * factor };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use super::normalise;

    #[test]
    fn vectors_have_length_one_or_are_zero() {
        let mut vector = [3.0, 4.0];
        normalise(&mut vector);
        assert_eq!(vector, [0.6, 0.8]);
        for mut bad in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 1.0]] {
            normalise(&mut bad);
            assert_eq!(bad, [0.0, 0.0]);
        }
    }
}

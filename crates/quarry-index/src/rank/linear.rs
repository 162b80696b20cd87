//! The linear ranker's weights: data, with where they come from.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

use super::features::{FEATURES, FeatureVector, NAMES};

/// A weight for each feature, once with vectors and once for questions where vectors say nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearWeights {
    /// Format and meaning of the features.
    pub version: u32,
    /// The embedding model that the weights were fitted with.
    pub model: String,
    /// When, as a date.
    pub fitted: String,
    /// The sets they were fitted on.
    pub sets: Vec<String>,
    /// nDCG@10 of each set with weights that were fitted on the others.
    #[serde(default)]
    pub left_out: BTreeMap<String, f32>,
    /// Weights by feature name.
    pub hybrid: BTreeMap<String, f32>,
    /// Weights by feature name, for terms alone.
    pub lexical: BTreeMap<String, f32>,
}

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// Not the format.
    #[error("the ranker's weights cannot be read: {0}")]
    Format(#[from] serde_json::Error),
    /// Another version.
    #[error("the ranker's weights are of version {found}, this build reads version {VERSION}")]
    Version {
        /// What the file says.
        found: u32,
    },
    /// A feature this build does not have.
    #[error("the ranker's weights name the feature `{0}`, which this build does not have")]
    Feature(String),
}

/// Version of the weights file; changes with the features' meaning.
const VERSION: u32 = 1;

impl LinearWeights {
    /// Reads a weights file.
    ///
    /// # Errors
    /// When it is not JSON of this form, of another version, or names an unknown feature.
    pub fn parse(json: &str) -> Result<Self, WeightsError> {
        let weights: Self = serde_json::from_str(json)?;
        if weights.version != VERSION {
            return Err(WeightsError::Version { found: weights.version });
        }
        match weights.hybrid.keys().chain(weights.lexical.keys()).find(|name| !NAMES.contains(&name.as_str()))
        {
            Some(name) => Err(WeightsError::Feature(name.clone())),
            None => Ok(weights),
        }
    }

    /// The weights for the embedded static table.
    #[must_use]
    pub fn for_static() -> &'static Self {
        static WEIGHTS: OnceLock<LinearWeights> = OnceLock::new();
        WEIGHTS.get_or_init(|| shipped(include_str!("weights/static.json")))
    }

    /// The weights for transformer embeddings.
    #[must_use]
    pub fn for_transformer() -> &'static Self {
        static WEIGHTS: OnceLock<LinearWeights> = OnceLock::new();
        WEIGHTS.get_or_init(|| shipped(include_str!("weights/transformer.json")))
    }

    /// The weights as a vector; `trust` (0 to 1) says how much the vectors can be trusted for this question, and moves
    /// from the weights of terms alone to those with vectors.
    #[must_use]
    pub fn blend(&self, trust: f32) -> FeatureVector {
        let trust = if trust.is_finite() { trust.clamp(0.0, 1.0) } else { 0.0 };
        let mut blended = [0.0; FEATURES];
        for (slot, name) in blended.iter_mut().zip(NAMES) {
            let of = |weights: &BTreeMap<String, f32>| weights.get(name).copied().unwrap_or(0.0);
            *slot = trust * of(&self.hybrid) + (1.0 - trust) * of(&self.lexical);
        }
        blended
    }

    /// From fitted vectors.
    #[must_use]
    pub fn new(
        model: &str,
        fitted: &str,
        sets: Vec<String>,
        (hybrid, lexical): (FeatureVector, FeatureVector),
    ) -> Self {
        let named = |weights: FeatureVector| {
            NAMES
                .iter()
                .zip(weights)
                .filter(|(_, weight)| *weight != 0.0)
                .map(|(name, weight)| ((*name).to_owned(), (weight * 1e4).round() / 1e4))
                .collect()
        };
        Self {
            version: VERSION,
            model: model.to_owned(),
            fitted: fitted.to_owned(),
            sets,
            left_out: BTreeMap::new(),
            hybrid: named(hybrid),
            lexical: named(lexical),
        }
    }
}

/// A file of this build; a test reads both, so the fallback (BM25 alone) is never met.
fn shipped(json: &str) -> LinearWeights {
    LinearWeights::parse(json).unwrap_or_else(|_| {
        let mut bm25 = [0.0; FEATURES];
        bm25[0] = 1.0;
        LinearWeights::new("none", "", Vec::new(), (bm25, bm25))
    })
}

#[cfg(test)]
mod tests {
    use super::LinearWeights;

    #[test]
    fn shipped_weights_are_read() {
        for weights in [LinearWeights::for_static(), LinearWeights::for_transformer()] {
            assert_ne!(weights.model, "none");
            assert!(weights.hybrid.contains_key("cosine"));
        }
    }

    #[test]
    fn foreign_weights_are_refused() {
        for (json, said) in [
            ("{", "cannot be read"),
            (r#"{"version":9,"model":"m","fitted":"","sets":[],"hybrid":{},"lexical":{}}"#, "version 9"),
            (
                r#"{"version":1,"model":"m","fitted":"","sets":[],"hybrid":{"charm":1},"lexical":{}}"#,
                "`charm`",
            ),
        ] {
            assert!(LinearWeights::parse(json).unwrap_err().to_string().contains(said));
        }
    }
}

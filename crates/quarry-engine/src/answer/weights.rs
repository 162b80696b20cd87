//! The answerer's weights: data, fitted by `quarry eval fit`, with the sets they were fitted on.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::{Deserialize, Serialize};

use super::{evidence, extract};

const EMBEDDED: &str = include_str!("weights.json");

/// Weights by feature name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AnswerWeights {
    /// Raised when features change their meaning.
    pub version: u32,
    /// The sets they were fitted on.
    pub sets: Vec<String>,
    /// Of a sentence's features.
    pub sentence: BTreeMap<String, f32>,
    /// Of the evidence's features; the logistic function of their sum is the confidence.
    pub evidence: BTreeMap<String, f32>,
    /// The confidence from which the documents are said to answer.
    pub threshold: f32,
}

/// Weights in the order of the features.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) sentence: [f32; extract::FEATURES],
    pub(crate) evidence: [f32; evidence::FEATURES],
}

impl AnswerWeights {
    /// In the order of the features. A name that is missing weighs nothing.
    pub(crate) fn prepare(&self) -> Prepared {
        let of = |map: &BTreeMap<String, f32>, name: &&str| map.get(*name).copied().unwrap_or(0.0);
        Prepared {
            sentence: extract::NAMES.each_ref().map(|name| of(&self.sentence, name)),
            evidence: evidence::NAMES.each_ref().map(|name| of(&self.evidence, name)),
        }
    }

    /// The weights that the binary carries.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static WEIGHTS: OnceLock<AnswerWeights> = OnceLock::new();
        // A test reads the file; a broken one cannot be built.
        WEIGHTS.get_or_init(|| serde_json::from_str(EMBEDDED).unwrap_or_default())
    }
}

impl Prepared {
    /// The embedded weights, prepared once.
    pub(crate) fn embedded() -> &'static Self {
        static PREPARED: OnceLock<Prepared> = OnceLock::new();
        PREPARED.get_or_init(|| AnswerWeights::embedded().prepare())
    }

    pub(crate) fn score(&self, features: &[f32; extract::FEATURES]) -> f32 {
        self.sentence.iter().zip(features).map(|(weight, value)| weight * value).sum()
    }

    pub(crate) fn confidence(&self, features: &[f32; evidence::FEATURES]) -> f32 {
        let sum: f32 = self.evidence.iter().zip(features).map(|(weight, value)| weight * value).sum();
        1.0 / (1.0 + (-sum).exp())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{AnswerWeights, EMBEDDED};
    use crate::answer::{evidence, extract};

    #[test]
    fn the_embedded_weights_name_every_feature_and_no_other() {
        let weights: AnswerWeights = serde_json::from_str(EMBEDDED).unwrap();
        let sorted = |names: &[&str]| {
            let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(weights.sentence.keys().cloned().collect::<Vec<_>>(), sorted(&extract::NAMES));
        assert_eq!(weights.evidence.keys().cloned().collect::<Vec<_>>(), sorted(&evidence::NAMES));
        assert!((0.0..1.0).contains(&weights.threshold));
    }
}

//! From candidates to a ranking: features of each candidate, and a rule that weighs them.
//!
//! Pure functions over [`crate::Candidates`] and [`crate::QueryTerms`], the same for every engine. No text is analysed
//! here; everything comes from the packed terms that an engine returns with its candidates.

mod features;
mod feedback;
mod fit;
mod fusion;
mod linear;
mod order;
mod probe;
#[cfg(test)]
mod tests;
mod view;

pub use features::{FEATURES, FeatureVector, Lane, NAMES, features};
pub use fit::{FitOptions, QuerySamples, SetSamples, fit, fit_without};
pub use linear::{LinearWeights, WeightsError};
pub use order::{RankRequest, Ranked, Ranker, Share, rank};

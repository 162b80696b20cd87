//! Measuring: retrieval and answers on data sets with known truth, and fitting the weights of both.
//!
//! Data sets are folders in the BEIR layout. Everything runs through the engine's own verbs, so what is measured is
//! what users get.

mod compare;
mod dataset;
mod fit;
mod learn;
mod metrics;
mod run;

pub use compare::{Comparison, Difference, compare};
pub use dataset::{Dataset, DatasetError};
pub use fit::{FitOptions, FitReport, SetQuality, fit};
pub use run::{Ingest, Latency, Metrics, PerQuery, Report, RunOptions, Stage, run};

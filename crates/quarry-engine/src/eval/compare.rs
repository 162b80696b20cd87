//! Two reports side by side: did anything get worse, and for which questions.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::run::Report;

/// A measure may fall by this much before it counts as worse: below it lies what a tie broken otherwise does.
const TOLERANCE: f64 = 0.002;

/// How a report differs from a baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// Now minus then, by measure.
    pub metrics: Vec<Difference>,
    /// Questions whose nDCG@10 changed, the largest loss first.
    pub queries: Vec<Difference>,
    /// Whether a measure fell by more than the tolerance.
    pub worse: bool,
}

/// One value, then and now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// The measure's name, or the question's id.
    pub name: String,
    /// In the baseline.
    pub then: f64,
    /// In this report.
    pub now: f64,
}

/// Compares a report with a baseline of the same set.
#[must_use]
pub fn compare(now: &Report, then: &Report) -> Comparison {
    let measures = |report: &Report| {
        let metrics = &report.metrics;
        [
            ("ndcg_at_10", Some(metrics.ndcg_at_10)),
            ("recall_at_5", Some(metrics.recall_at_5)),
            ("recall_at_10", Some(metrics.recall_at_10)),
            ("recall_at_100", Some(metrics.recall_at_100)),
            ("mrr_at_10", Some(metrics.mrr_at_10)),
            ("answer_containment", metrics.answer_containment),
            ("answer_containment_at_1", metrics.answer_containment_at_1),
        ]
    };
    let metrics: Vec<Difference> = measures(now)
        .into_iter()
        .zip(measures(then))
        .filter_map(|((name, now), (_, then))| {
            Some(Difference { name: name.to_owned(), then: then?, now: now? })
        })
        .collect();
    let before: HashMap<&str, f64> =
        then.per_query.iter().map(|query| (query.id.as_str(), query.ndcg_at_10)).collect();
    let mut queries: Vec<Difference> = now
        .per_query
        .iter()
        .filter_map(|query| {
            let then = *before.get(query.id.as_str())?;
            let changed = (query.ndcg_at_10 - then).abs() > f64::EPSILON;
            changed.then(|| Difference { name: query.id.clone(), then, now: query.ndcg_at_10 })
        })
        .collect();
    queries.sort_by(|one, other| (one.now - one.then).total_cmp(&(other.now - other.then)));
    let worse = metrics.iter().any(|difference| difference.now < difference.then - TOLERANCE);
    Comparison { metrics, queries, worse }
}

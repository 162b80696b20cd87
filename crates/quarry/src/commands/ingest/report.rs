//! What came of an ingestion.

use std::time::Duration;

use quarry_core::CollectionName;
use serde::Serialize;

use crate::output::{Output, count};

/// A source and why it is not in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Left {
    pub(crate) source: String,
    pub(crate) reason: String,
}

/// The counts, and everything that is not in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) collection: CollectionName,
    /// Searchable now, whether new or not.
    pub(crate) documents: usize,
    pub(crate) created: usize,
    pub(crate) new_versions: usize,
    pub(crate) unchanged: usize,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    pub(crate) failed: Vec<Left>,
    /// Of a kind that is not read; only from folders.
    pub(crate) skipped: Vec<Left>,
}

/// Skipped files that are named; the rest is counted.
const NAMED: usize = 20;

impl Report {
    pub(super) fn new(collection: CollectionName) -> Self {
        Self {
            collection,
            documents: 0,
            created: 0,
            new_versions: 0,
            unchanged: 0,
            bytes: 0,
            seconds: 0.0,
            failed: Vec::new(),
            skipped: Vec::new(),
        }
    }

    pub(super) fn took(&mut self, time: Duration) {
        self.seconds = (time.as_secs_f64() * 1_000.0).round() / 1_000.0;
    }

    /// For people.
    pub(super) fn shown(&self, out: &Output) -> String {
        let mut text = self.problems();
        let parts = [(self.created, "new"), (self.new_versions, "changed"), (self.unchanged, "unchanged")];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        let documents = out.bold(&format!("{} searchable", count(self.documents, "document")));
        text.push_str(&format!("{documents} in `{}`{parts}, {:.1} s\n", self.collection, self.seconds));
        text
    }

    /// For people who want something else: only what went wrong, on standard error.
    pub(crate) fn remark(&self, out: &Output) {
        let problems = self.problems();
        if !problems.is_empty() {
            out.note(problems.trim_end());
        }
    }

    fn problems(&self) -> String {
        let mut text = String::new();
        for left in &self.failed {
            text.push_str(&format!("failed   {}: {}\n", left.source, left.reason));
        }
        for left in self.skipped.iter().take(NAMED) {
            text.push_str(&format!("skipped  {}: {}\n", left.source, left.reason));
        }
        if let Some(more) = self.skipped.len().checked_sub(NAMED).filter(|more| *more > 0) {
            text.push_str(&format!("skipped  {more} more; `--json` lists them all\n"));
        }
        text
    }
}

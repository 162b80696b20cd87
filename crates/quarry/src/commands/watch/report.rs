//! What is said of a pass: a line for each change, and a summary.

use std::time::Instant;

use serde::Serialize;

use crate::{
    failure::{Exit, Failure, Outcome},
    output::Output,
};

/// The counts of a pass.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Counts {
    pub(super) added: usize,
    pub(super) changed: usize,
    pub(super) renamed: usize,
    pub(super) removed: usize,
    pub(super) unchanged: usize,
    pub(super) skipped: usize,
    pub(super) failed: usize,
}

/// One change, as a program reads it.
#[derive(Debug, Serialize)]
struct Said<'a> {
    change: &'static str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Tells what happens as it happens.
pub(super) struct Report<'a> {
    out: &'a Output,
    started: Instant,
    pub(super) counts: Counts,
    /// Why documents whose files are gone were not removed.
    pub(super) kept: Option<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a Output) -> Self {
        Self { out, started: Instant::now(), counts: Counts::default(), kept: None }
    }

    pub(super) fn added(&mut self, source: &str) {
        self.counts.added += 1;
        self.say(&Said { change: "added", source, from: None, reason: None });
    }

    pub(super) fn changed(&mut self, source: &str) {
        self.counts.changed += 1;
        self.say(&Said { change: "changed", source, from: None, reason: None });
    }

    pub(super) fn renamed(&mut self, from: &str, source: &str) {
        self.counts.renamed += 1;
        self.say(&Said { change: "renamed", source, from: Some(from), reason: None });
    }

    pub(super) fn removed(&mut self, source: &str) {
        self.counts.removed += 1;
        self.say(&Said { change: "removed", source, from: None, reason: None });
    }

    pub(super) fn skipped(&mut self, source: &str, reason: &str) {
        self.counts.skipped += 1;
        self.say(&Said { change: "skipped", source, from: None, reason: Some(reason) });
    }

    pub(super) fn failed(&mut self, source: &str, reason: &str) {
        self.counts.failed += 1;
        self.say(&Said { change: "failed", source, from: None, reason: Some(reason) });
    }

    fn say(&self, said: &Said<'_>) {
        if self.out.json {
            self.out.raw(&(serde_json::to_string(said).unwrap_or_default() + "\n"));
            return;
        }
        let from = said.from.map(|from| format!("{from} -> ")).unwrap_or_default();
        let reason = said.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        self.out.raw(&format!("{:<8} {from}{}{reason}\n", said.change, said.source));
    }

    /// The summary, where there is something to say or somebody waits for it.
    pub(super) fn end(&self, always: bool) {
        let Counts { added, changed, renamed, removed, unchanged, failed, .. } = self.counts;
        let seconds = (self.started.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
        if let Some(kept) = &self.kept {
            self.out.note(kept);
        }
        if !always && added + changed + renamed + removed + failed == 0 {
            return;
        }
        if self.out.json {
            let summary = serde_json::json!({"pass": self.counts, "seconds": seconds});
            self.out.raw(&format!("{summary}\n"));
            return;
        }
        let parts = [
            (added, "added"),
            (changed, "changed"),
            (renamed, "renamed"),
            (removed, "removed"),
            (failed, "failed"),
            (unchanged, "unchanged"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        let parts = if parts.is_empty() { "nothing there".to_owned() } else { parts.join(", ") };
        self.out.raw(&format!("{parts}, {seconds:.1} s\n"));
    }

    /// What a single pass ends with.
    pub(super) fn outcome(&self) -> Outcome<()> {
        if let Some(kept) = &self.kept {
            return Err(Failure::new(Exit::Failed, "too_much_gone", kept.clone()));
        }
        if self.counts.failed == 0 {
            return Ok(());
        }
        Err(Failure::new(Exit::Partly, "documents_failed", "some files could not be added")
            .hint("the reasons stand above; mend the files and run it again"))
    }
}

//! `docs/reference/metrics.md`, collected from the places in the code that count.
//!
//! What a metric means is the doc comment of the function that counts it, or that function's name: one function an
//! event is a rule of the project, so the function is the event.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::tidy::Source;

const KINDS: [&str; 3] = ["counter", "gauge", "histogram"];

/// One metric, as all places that record it describe it.
#[derive(Default)]
struct Metric {
    kind: &'static str,
    labels: Vec<String>,
    meaning: String,
}

/// The page.
pub(crate) fn page(sources: &[Source]) -> String {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for source in sources.iter().filter(|source| source.is_module() && source.path.starts_with("crates/")) {
        collect(source, &mut metrics);
    }
    let mut page = String::from(
        "# Metrics\n\nCollected from the code by `cargo xtask codegen`. Durations are in seconds.\n\n\
         | metric | kind | labels | recorded when |\n|---|---|---|---|\n",
    );
    for (name, metric) in &metrics {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(page, "| `{name}` | {} | {} | {} |", metric.kind, labels.join(", "), metric.meaning);
    }
    page
}

fn collect(source: &Source, metrics: &mut BTreeMap<String, Metric>) {
    let mut comment = String::new();
    let mut meaning = String::new();
    let production: Vec<&str> = source.production().map(|(_, line)| line).collect();
    for (place, line) in production.iter().enumerate() {
        let trimmed = line.trim();
        if let Some(text) = trimmed.strip_prefix("///") {
            comment.push_str(text);
        } else if let Some((_, after)) = trimmed.split_once("fn ").filter(|(before, _)| before.len() < 24) {
            let name = after.split(['(', '<']).next().unwrap_or_default().replace('_', " ");
            meaning = Some(comment.trim()).filter(|text| !text.is_empty()).map_or(name, first_sentence);
            comment.clear();
        } else if !trimmed.starts_with("#[") {
            comment.clear();
        }
        let Some(kind) = KINDS.into_iter().find(|kind| trimmed.contains(&format!("{kind}!("))) else {
            continue;
        };
        // A call may be broken over lines; its name and labels stand in the next few.
        let call = production.get(place..(place + 6).min(production.len())).unwrap_or_default().join(" ");
        let call = call.split_once(&format!("{kind}!(")).map_or("", |(_, rest)| rest);
        let arguments = call.split([';', '{']).next().unwrap_or_default();
        let Some(name) = quoted(arguments).next().filter(|name| name.starts_with("quarry_")) else {
            continue;
        };
        let metric = metrics.entry(name.to_owned()).or_default();
        metric.kind = kind;
        if metric.meaning.is_empty() {
            metric.meaning.clone_from(&meaning);
        }
        for label in labels(arguments) {
            if !metric.labels.contains(&label) {
                metric.labels.push(label);
            }
        }
    }
}

fn first_sentence(comment: &str) -> String {
    comment.split_inclusive(". ").next().unwrap_or_default().trim().trim_end_matches('.').to_owned()
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// Texts that stand before an arrow.
fn labels(arguments: &str) -> Vec<String> {
    let before = arguments.split("=>").collect::<Vec<_>>();
    let named = before.iter().take(before.len().saturating_sub(1));
    named
        .filter_map(|part| part.trim_end().strip_suffix('"')?.rsplit('"').next())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_its_kind_labels_and_meaning() {
        let text = "\
//! Events.
/// A document could not be read. It may be tried again.
pub(crate) fn document_failed(job: &Job) {
    counter!(
        \"quarry_failed_total\", \"code\" => error.code(), \"outcome\" => \"dead\"
    ).increment(1);
}
fn queue_depth() { gauge!(\"quarry_jobs\", \"status\" => \"queued\").set(1.0); }
";
        let page = page(&[Source::new("crates/a/src/events.rs", text)]);
        assert!(
            page.contains(
                "| `quarry_failed_total` | counter | `code`, `outcome` | A document could not be read |"
            ),
            "{page}"
        );
        assert!(page.contains("| `quarry_jobs` | gauge | `status` | queue depth |"), "{page}");
    }
}

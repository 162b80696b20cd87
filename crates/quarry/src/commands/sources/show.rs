//! Sources and their runs, for people.

use quarry_engine::sources::{SourceItem, SourceRun, SourceRunState, SourceView};

use crate::output::{short, table};

/// Failures that are named; `runs --json` lists more.
const NAMED: usize = 20;

pub(super) fn listed(sources: &[SourceView]) -> String {
    if sources.is_empty() {
        return "no sources yet: `quarry sources add` makes one\n".to_owned();
    }
    let row = |one: &SourceView| {
        let every = match (one.paused, one.every_seconds) {
            (true, _) => "paused".to_owned(),
            (false, Some(seconds)) => time(seconds),
            (false, None) => "when asked".to_owned(),
        };
        let last = one.last_run.as_ref().map_or_else(|| "never".to_owned(), |run| word(run.state).to_owned());
        let changes = one.last_run.as_ref().map(changes).unwrap_or_default();
        vec![one.name.clone(), one.kind.as_str().to_owned(), one.collection.to_string(), every, last, changes]
    };
    let rows: Vec<_> = sources.iter().map(row).collect();
    table(&["NAME", "KIND", "COLLECTION", "EVERY", "LAST RUN", "WHAT IT DID"], &rows)
}

pub(super) fn shown(source: &SourceView) -> String {
    let mut lines = vec![
        ("name", source.name.clone()),
        ("id", source.id.to_string()),
        ("kind", source.kind.as_str().to_owned()),
        ("collection", source.collection.to_string()),
    ];
    lines.extend(source.place.path.clone().map(|path| ("path", path)));
    lines.extend(source.place.include.iter().map(|pattern| ("include", pattern.clone())));
    lines.extend(source.place.exclude.iter().map(|pattern| ("exclude", pattern.clone())));
    lines.extend(source.place.urls.iter().map(|url| ("url", url.clone())));
    if !source.place.metadata.is_empty() {
        lines.push(("metadata", serde_json::to_string(&source.place.metadata).unwrap_or_default()));
    }
    lines.extend(source.every_seconds.map(|seconds| ("every", time(seconds))));
    if source.paused {
        lines.push(("paused", "yes".to_owned()));
    }
    lines.extend(source.secret.clone().map(|secret| ("secret", format!("{secret} (shown this once)"))));
    lines.extend(source.next_due_at.map(|moment| ("next", moment.to_string())));
    let mut text: String = lines.into_iter().map(|(name, value)| format!("{name:<10} {value}\n")).collect();
    if let Some(run) = &source.last_run {
        text.push('\n');
        text.push_str(&run_shown(run));
    }
    text
}

pub(super) fn run_shown(run: &SourceRun) -> String {
    let mut text = String::new();
    for failure in run.failures.iter().take(NAMED) {
        text.push_str(&format!("failed     {}: {}\n", failure.key, failure.reason));
    }
    let more = run.counts.failed.saturating_sub(NAMED as u64);
    if more > 0 {
        text.push_str(&format!("failed     {more} more\n"));
    }
    text.push_str(&format!("run {} {}: {}\n", run.number, word(run.state), changes(run)));
    if let Some(error) = &run.error {
        text.push_str(&format!("           {error}\n"));
    }
    text
}

pub(super) fn runs_listed(runs: &[SourceRun]) -> String {
    if runs.is_empty() {
        return "no runs yet: `quarry sources sync NAME` begins one\n".to_owned();
    }
    let row = |run: &SourceRun| {
        let error = short(run.error.as_deref().unwrap_or_default(), 60);
        vec![
            run.number.to_string(),
            word(run.state).to_owned(),
            run.started_at.to_string(),
            changes(run),
            error,
        ]
    };
    table(&["RUN", "STATE", "STARTED", "WHAT IT DID", "ERROR"], &runs.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn items_listed(items: &[SourceItem]) -> String {
    if items.is_empty() {
        return "no entries\n".to_owned();
    }
    let row = |item: &SourceItem| {
        let document = item.document_id.map(|id| id.to_string()).unwrap_or_default();
        vec![item.state.clone(), document, short(&item.key, 80)]
    };
    table(&["STATE", "DOCUMENT", "KEY"], &items.iter().map(row).collect::<Vec<_>>())
}

const fn word(state: SourceRunState) -> &'static str {
    state.as_str()
}

/// `2 added, 40 unchanged`
fn changes(run: &SourceRun) -> String {
    let counts = &run.counts;
    let parts = [
        (counts.added, "added"),
        (counts.changed, "changed"),
        (counts.renamed, "renamed"),
        (counts.removed, "removed"),
        (counts.unchanged, "unchanged"),
        (counts.skipped, "skipped"),
        (counts.failed, "failed"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if parts.is_empty() { "nothing there".to_owned() } else { parts.join(", ") }
}

fn time(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units.into_iter().find(|(length, _)| seconds >= *length && seconds.is_multiple_of(*length));
    unit.map_or_else(|| format!("{seconds}s"), |(length, name)| format!("{}{name}", seconds / length))
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_shown_in_their_largest_whole_unit() {
        for (seconds, expected) in [(10, "10s"), (60, "1m"), (90, "90s"), (7_200, "2h"), (86_400, "1d")] {
            assert_eq!(time(seconds), expected);
        }
    }
}

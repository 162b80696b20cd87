//! Dependencies are pinned once, with the reason they were chosen.

use super::source::{Finding, Source};

/// Every dependency of the workspace carries a comment on its line.
///
/// Reason: a dependency is code that nobody here reviews; one line says what it buys, so that it can be dropped
/// when that is no longer true.
pub(super) fn reasons(source: &Source) -> Vec<Finding> {
    if source.path != "Cargo.toml" {
        return Vec::new();
    }
    section(source, |header| header == "[workspace.dependencies]")
        .filter(|(_, line)| !line.contains("path = ") && !line.contains(" # "))
        .map(|(number, line)| {
            let name = line.split([' ', '.', '=']).next().unwrap_or(line);
            source.finding(
                number,
                "reasons",
                format!("`{name}` has no reason: write ` # why this one` at the end of the line"),
            )
        })
        .collect()
}

/// Crates take their dependencies from the workspace.
///
/// Reason: two crates with two versions of one library compile it twice and cannot hand its types to each other.
pub(super) fn pinned_once(source: &Source) -> Vec<Finding> {
    // The fuzz targets are a workspace of their own, which can inherit nothing.
    if matches!(source.path.as_str(), "Cargo.toml" | "fuzz/Cargo.toml")
        || !source.path.ends_with("/Cargo.toml")
    {
        return Vec::new();
    }
    section(source, |header| header.ends_with("dependencies]"))
        .filter(|(_, line)| !line.contains("workspace = true"))
        .map(|(number, _)| {
            source.finding(
                number,
                "pinned-once",
                "pin this in the root Cargo.toml and write `name.workspace = true` here",
            )
        })
        .collect()
}

/// The entries of the sections that a test on their header picks.
fn section(source: &Source, wanted: fn(&str) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    source.lines().filter(move |(_, line)| {
        if line.starts_with('[') {
            inside = wanted(line.trim());
            return false;
        }
        let starts_entry = line.starts_with(|first: char| first.is_ascii_alphanumeric());
        inside && starts_entry && line.contains('=')
    })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_named() {
        let found = reasons(&Source::new(
            "Cargo.toml",
            "[workspace.dependencies]\nserde = \"1\" # the standard\nhyper = \"1\"\n[profile.dev]\ndebug = false\n",
        ));
        assert_eq!((found.len(), found[0].line), (1, 3));
        assert!(found[0].advice.starts_with("`hyper`"));
    }

    #[test]
    fn a_version_in_a_crate_is_refused() {
        let text = "[package]\nname = \"x\"\n[dependencies]\nserde.workspace = true\nhex = \"0.4\"\n[dev-dependencies]\ninsta = { version = \"1\" }\n";
        let lines: Vec<usize> =
            pinned_once(&Source::new("crates/x/Cargo.toml", text)).iter().map(|f| f.line).collect();
        assert_eq!(lines, [5, 7]);
    }
}

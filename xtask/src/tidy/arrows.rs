//! Which crate may use which: the table of the architecture.
//!
//! Reason: an arrow that points up or sideways is how a layer dissolves, and no compiler objects to it as long as
//! it makes no circle.

use toml::{Table, Value};

use super::source::{Finding, Source};

const CORE: &str = "quarry-core";
const MATERIALS: &[&str] = &["quarry-core", "quarry-parse", "quarry-models", "quarry-index", "quarry-store"];

/// A crate and the crates of this repository that its product may use.
const ARROWS: &[(&str, &[&str])] = &[
    (CORE, &[]),
    ("quarry-parse", &[CORE]),
    ("quarry-models", &[CORE]),
    ("quarry-index", &[CORE]),
    ("quarry-store", &[CORE]),
    ("quarry-engine", MATERIALS),
    ("quarry-server", &["quarry-engine", CORE]),
    (
        "quarry",
        &[
            CORE,
            "quarry-parse",
            "quarry-models",
            "quarry-index",
            "quarry-store",
            "quarry-engine",
            "quarry-server",
        ],
    ),
    ("xtask", &[]),
    ("quarry-fuzz", &["quarry-engine", "quarry-models", "quarry-parse", CORE]),
];

/// Every internal dependency must be an arrow of the table.
///
/// Tests may use whatever lies below their crate, since they put together what the handle puts together.
pub(super) fn arrows(source: &Source) -> Vec<Finding> {
    let Some(folder) = source.path.strip_suffix("/Cargo.toml") else { return Vec::new() };
    let Ok(manifest) = source.text.parse::<Table>() else {
        return vec![source.finding(1, "arrows", "this manifest is not TOML")];
    };
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let name = name.unwrap_or(folder);
    let Some(allowed) = allowed(name) else {
        return vec![source.finding(
            1,
            "arrows",
            format!("`{name}` is not in the table of crates in xtask/src/tidy/arrows.rs"),
        )];
    };
    let below = below(name);
    let normal =
        ["dependencies", "build-dependencies"].into_iter().flat_map(|kind| internal(&manifest, kind));
    let wrong = normal.filter(|used| !allowed.contains(&used.as_str())).map(|used| (used, "", allowed));
    let wrong_in_tests =
        internal(&manifest, "dev-dependencies").into_iter().filter(|used| !below.contains(&used.as_str()));
    wrong
        .map(|(used, _, allowed)| (used, listed(allowed)))
        .chain(wrong_in_tests.map(|used| (used, format!("{} in tests", listed(&below)))))
        .map(|(used, may)| {
            let line =
                source.lines().find(|(_, line)| line.starts_with(&used)).map_or(1, |(number, _)| number);
            source.finding(
                line,
                "arrows",
                format!(
                    "`{name}` may not use `{used}`, only {may}: move the code, or take the arrow to an ADR"
                ),
            )
        })
        .collect()
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(from, _)| *from == name).map(|(_, to)| *to)
}

/// What lies below a crate, following arrows to the end.
fn below(name: &str) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    let mut next: Vec<&'static str> = allowed(name).unwrap_or_default().to_vec();
    while let Some(used) = next.pop() {
        if !found.contains(&used) {
            found.push(used);
            next.extend(allowed(used).unwrap_or_default());
        }
    }
    found.sort_unstable();
    found
}

fn internal(manifest: &Table, kind: &str) -> Vec<String> {
    let names = manifest.get(kind).and_then(Value::as_table).into_iter().flat_map(Table::keys);
    names.filter(|name| *name == "quarry" || name.starts_with("quarry-")).cloned().collect()
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none of this repository's crates".into() } else { names.join(", ") }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn manifest(name: &str, sections: &str) -> Vec<Finding> {
        arrows(&Source::new(
            &format!("crates/{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\n{sections}"),
        ))
    }

    #[test]
    fn arrows_of_the_table_pass() {
        assert_eq!(
            manifest(
                "quarry-engine",
                "[dependencies]\nquarry-store.workspace = true\nserde.workspace = true"
            ),
            []
        );
        assert_eq!(manifest("quarry-server", "[dev-dependencies]\nquarry-store.workspace = true"), []);
    }

    #[test]
    fn an_arrow_sideways_is_refused_with_its_line() {
        let found =
            manifest("quarry-index", "[dependencies]\nserde.workspace = true\nquarry-store.workspace = true");
        assert_eq!((found.len(), found[0].line), (1, 5));
        assert!(found[0].advice.starts_with("`quarry-index` may not use `quarry-store`, only quarry-core"));
    }

    #[test]
    fn an_arrow_past_the_engine_is_refused() {
        assert_eq!(manifest("quarry-server", "[dependencies]\nquarry-store.workspace = true").len(), 1);
    }

    #[test]
    fn tests_may_not_look_up_either() {
        assert_eq!(manifest("quarry-store", "[dev-dependencies]\nquarry-engine.workspace = true").len(), 1);
        assert_eq!(manifest("quarry-store", "[dev-dependencies]\nquarry-index.workspace = true").len(), 1);
    }

    #[test]
    fn a_crate_that_nobody_entered_is_refused() {
        assert!(manifest("quarry-agent", "")[0].advice.contains("not in the table"));
    }
}

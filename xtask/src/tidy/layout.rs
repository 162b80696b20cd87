//! Sizes, names and places of files.

use super::source::{Finding, Source};

/// Files are split before they reach this many lines.
const COMFORTABLE: usize = 250;
/// And must be by this one.
const LONGEST: usize = 500;
/// Names that say nothing about what they hold, so that everything ends up there.
const VAGUE: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "scripts"];
/// Endings that say nothing about what a type is.
const VAGUE_TYPES: &[&str] = &["Manager", "Service", "Helper", "Impl"];

/// Production code of a file stays short. Tests are not counted: cutting them in two helps nobody.
///
/// Reason: a file that fits on a few screens has one subject, and its name can say which.
pub(super) fn length(source: &Source) -> Vec<Finding> {
    let written_by_hand =
        source.is_module() || source.path.starts_with("bench/") && source.path.ends_with(".py");
    if !written_by_hand {
        return Vec::new();
    }
    let lines = source.production().count();
    let advice = format!("{lines} lines of production code: move one subject into a file of its own");
    if lines <= COMFORTABLE {
        Vec::new()
    } else if lines <= LONGEST {
        vec![source.finding(lines, "length", advice).warning()]
    } else {
        vec![source.finding(lines, "length", format!("{advice}; {LONGEST} is the limit"))]
    }
}

/// `mod.rs` and `lib.rs` declare and document; they compute nothing.
///
/// Reason: they are the tables of contents, and what is hidden in one is not found by its name.
pub(super) fn facades(source: &Source) -> Vec<Finding> {
    if !source.is_module() || !matches!(source.name(), "mod.rs" | "lib.rs") {
        return Vec::new();
    }
    let computes =
        |line: &str| line.split_whitespace().any(|word| word == "fn") && !line.trim_start().starts_with("//");
    source
        .production()
        .find(|(_, line)| computes(line))
        .map(|(number, _)| {
            source.finding(number, "facades", "move this function into a file named after what it does")
        })
        .into_iter()
        .collect()
}

/// Every module opens with `//!`: what it holds, how it fits, what it does not do.
///
/// Reason: the first screen must tell a reader whether this is the file they want.
pub(super) fn openings(source: &Source) -> Vec<Finding> {
    if !source.is_module() {
        return Vec::new();
    }
    let mut inside_attribute = false;
    let first = source.lines().find(|(_, line)| {
        let attribute = inside_attribute || line.starts_with("#![");
        inside_attribute = attribute && !line.trim_end().ends_with(']');
        !attribute && !line.trim().is_empty()
    });
    match first {
        Some((_, line)) if line.starts_with("//!") => Vec::new(),
        _ => vec![source.finding(1, "openings", "open the file with `//!` and say what it holds")],
    }
}

/// Files, folders and types are named after what they are.
///
/// Reason: a vague name collects whatever has no home.
pub(super) fn names(source: &Source) -> Vec<Finding> {
    if !source.is_module() {
        return Vec::new();
    }
    let vague_path =
        source.path.trim_end_matches(".rs").split('/').find(|part| VAGUE.contains(part)).map(|part| {
            source.finding(
                1,
                "names",
                format!("`{part}` says nothing about what is inside: name it after that"),
            )
        });
    let vague_types = source.production().filter_map(|(number, line)| {
        let name = declared_type(line)?;
        let ending = VAGUE_TYPES.iter().find(|ending| name.ends_with(**ending) && name != **ending)?;
        Some(source.finding(number, "names", format!("`{name}`: say what it is; `{ending}` fits anything")))
    });
    vague_path.into_iter().chain(vague_types).collect()
}

/// At most two levels of folders below `src/`.
///
/// Reason: deeper trees hide files, and a crate that needs them is two crates.
pub(super) fn depth(source: &Source) -> Vec<Finding> {
    let below = source.path.split_once("/src/").map_or(0, |(_, rest)| rest.matches('/').count());
    if source.is_module() && below > 2 {
        return vec![source.finding(1, "depth", "more than two folders below src/: move it up")];
    }
    Vec::new()
}

fn declared_type(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    if !matches!(words.next()?, "struct" | "enum" | "trait" | "type") {
        return None;
    }
    words.next()?.split(|other: char| !other.is_alphanumeric()).next()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    const MODULE: &str = "crates/quarry-engine/src/documents.rs";

    #[test]
    fn a_long_file_is_warned_about_and_a_very_long_one_refused() {
        let with = |lines: usize| length(&Source::new(MODULE, &"let x = 1;\n".repeat(lines)));
        assert_eq!(with(250), []);
        assert!(!with(251)[0].fatal);
        assert!(with(501)[0].fatal);
    }

    #[test]
    fn unit_tests_do_not_count_and_other_files_neither() {
        let text = format!("x\n#[cfg(test)]\n{}", "y\n".repeat(900));
        assert_eq!(length(&Source::new(MODULE, &text)), []);
        assert_eq!(length(&Source::new("crates/quarry-engine/tests/it/main.rs", &text.repeat(9))), []);
    }

    #[test]
    fn a_facade_that_computes_is_refused() {
        let text = "//! Answers.\nmod extract;\npub use extract::Answer;\n\npub fn answer() {}\n";
        assert_eq!(facades(&Source::new("crates/quarry-engine/src/answer/mod.rs", text))[0].line, 5);
        assert_eq!(facades(&Source::new(MODULE, text)), []);
        assert_eq!(facades(&Source::new("crates/a/src/lib.rs", "//! Holds the fn of it.\npub mod a;\n")), []);
    }

    #[test]
    fn a_module_without_an_opening_is_refused() {
        assert_eq!(openings(&Source::new(MODULE, "use std::fs;\n")).len(), 1);
        assert_eq!(openings(&Source::new(MODULE, "")).len(), 1);
        assert_eq!(openings(&Source::new(MODULE, "#![allow(\n    dead_code,\n)]\n\n//! Holds it.\n")), []);
    }

    #[test]
    fn vague_names_are_refused() {
        assert_eq!(names(&Source::new("crates/a/src/utils.rs", "")).len(), 1);
        assert_eq!(names(&Source::new("crates/a/src/common/x.rs", "")).len(), 1);
        assert_eq!(names(&Source::new(MODULE, "pub(crate) struct JobManager {\n"))[0].line, 1);
        assert_eq!(names(&Source::new(MODULE, "impl tower::Service<R> for Limit {\nstruct Limit;\n")), []);
    }

    #[test]
    fn deep_trees_are_refused() {
        assert_eq!(depth(&Source::new("crates/a/src/b/c/d.rs", "")), []);
        assert_eq!(depth(&Source::new("crates/a/src/b/c/d/e.rs", "")).len(), 1);
    }
}

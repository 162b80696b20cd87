//! What is written between the code.

use super::source::{Finding, Source};

/// Parts of paths that exist on one machine only. Put together here, so that this file does not trip over itself.
const MACHINE: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!("bash_", "jobs"),
];
/// Hosts that package managers know by themselves.
const REGISTRIES: &[&str] = &[
    concat!("static.", "crates.io"),
    concat!("index.", "crates.io"),
    concat!("files.python", "hosted.org"),
    concat!("registry.npm", "js.org"),
    concat!("deb.", "debian.org"),
];

/// No paths of one machine, and no registry's host.
///
/// Reason: the first work for one person only; the second belong in a package manager's settings, where a mirror
/// can take their place.
pub(super) fn machine(source: &Source) -> Vec<Finding> {
    let about = |number: usize, line: &str| {
        let path = MACHINE.iter().find(|path| line.contains(**path)).map(|path| {
            source.finding(number, "machine", format!("`{path}` is a place on one machine: use a path from the root, a flag or a temporary folder"))
        });
        let host = REGISTRIES.iter().find(|host| line.contains(**host)).map(|host| {
            source.finding(
                number,
                "machine",
                format!("`{host}` belongs in a package manager's settings: name the package instead"),
            )
        });
        path.or(host)
    };
    source.lines().filter_map(|(number, line)| about(number, line)).collect()
}

/// Work that is left carries the name of who will do it.
///
/// Reason: without one it is done by nobody.
pub(super) fn todos(source: &Source) -> Vec<Finding> {
    if !is_code(source) {
        return Vec::new();
    }
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let owned =
        |rest: &str| rest.strip_prefix('(').is_some_and(|rest| !rest.starts_with(')') && rest.contains(')'));
    source
        .lines()
        .filter(|(_, line)| marks.iter().any(|mark| line.split(mark).skip(1).any(|rest| !owned(rest))))
        .map(|(number, _)| {
            source.finding(number, "todos", "write `(owner)` behind the mark, open an issue, or do it now")
        })
        .collect()
}

/// No rulers and boxes made of punctuation.
///
/// Reason: a file that needs them holds two subjects, and a file has a name for each.
pub(super) fn banners(source: &Source) -> Vec<Finding> {
    if !is_code(source) {
        return Vec::new();
    }
    source
        .lines()
        .filter(|(_, line)| is_banner(line))
        .map(|(number, _)| {
            source.finding(number, "banners", "remove the ruler; where a file needs parts, make them files")
        })
        .collect()
}

fn is_banner(line: &str) -> bool {
    let line = line.trim();
    if !(line.starts_with("//") || line.starts_with('#') || line.starts_with("/*")) {
        return false;
    }
    let ruler = |mark: char| {
        let longest = line.split(|other: char| other != mark).map(str::len).max().unwrap_or(0);
        longest >= 5
    };
    ['-', '=', '*', '#', '/', '~', '─'].into_iter().any(ruler)
}

fn is_code(source: &Source) -> bool {
    [".rs", ".toml", ".py", ".sh", ".yml", ".sql", "Makefile"]
        .iter()
        .any(|ending| source.path.ends_with(ending))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Source) -> Vec<Finding>, text: &str) -> Vec<usize> {
        rule(&Source::new("crates/a/src/b.rs", text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn places_on_one_machine_are_refused() {
        let text = format!("let a = \"x\";\nlet b = \"{}me/ann/x\";\ncurl {}crates.io\n", "/ho", "static.");
        assert_eq!(lines(machine, &text), [2, 3]);
    }

    #[test]
    fn work_left_needs_an_owner() {
        let mark = concat!("TO", "DO");
        assert_eq!(
            lines(todos, &format!("// {mark}: later\n// {mark}(ann): later\n// {mark}(): x\n")),
            [1, 3]
        );
    }

    #[test]
    fn rulers_are_refused_and_tables_are_not() {
        let text = "// -------- parsing --------\n////////////\n// a - b -- c\n//! | a | b |\n//! |---|---|\nlet x = \"=====\";\n";
        assert_eq!(lines(banners, text), [1, 2]);
    }
}

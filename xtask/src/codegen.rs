//! `docs/reference/`: written from the built binary and the code, so that it cannot say something else than they do.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{metrics, tidy, tools};

/// A generated file, and the arguments of `quarry` that print it.
struct Reference {
    file: &'static str,
    arguments: &'static [&'static str],
}

const FOLDER: &str = "docs/reference";
const REFERENCES: &[Reference] = &[
    Reference { file: "openapi.json", arguments: &["openapi"] },
    Reference { file: "config.md", arguments: &["config", "reference"] },
    Reference { file: "quarry.example.toml", arguments: &["config", "example"] },
    Reference { file: "cli.md", arguments: &["cli-reference"] },
    Reference { file: "permissions.md", arguments: &["keys", "roles"] },
];

/// Writes the references; with `check`, compares instead and says of each where it is stale.
pub(crate) fn run(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for (file, text) in generated()? {
        let path = tools::root().join(FOLDER).join(file);
        if check {
            stale.extend(difference(&path, &text).map(|what| format!("{FOLDER}/{file}: {what}")));
        } else {
            write(&path, &text)?;
        }
    }
    if !stale.is_empty() {
        bail!(
            "generated references are stale; `cargo xtask codegen` writes them anew\n  {}",
            stale.join("\n  ")
        );
    }
    Ok(())
}

/// Every reference with its text.
fn generated() -> Result<Vec<(&'static str, String)>> {
    tools::run(&mut tools::cargo(&["build", "--locked", "--quiet", "--workspace"]))?;
    let binary = tools::target().join("debug/quarry");
    let mut texts = vec![("metrics.md", metrics::page(&tidy::all(&tools::root())))];
    for reference in REFERENCES {
        let printed =
            tools::output(Command::new(&binary).args(reference.arguments).current_dir(tools::root()))?;
        texts.push((reference.file, printed));
    }
    Ok(texts)
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("    wrote {}", path.display());
    Ok(())
}

/// Where a file on disk departs from what was printed; `None` when they are equal.
fn difference(path: &Path, printed: &str) -> Option<String> {
    let Ok(written) = fs::read_to_string(path) else { return Some("is not there".into()) };
    if written == printed {
        return None;
    }
    let line = written.lines().zip(printed.lines()).take_while(|(old, new)| old == new).count() + 1;
    Some(format!("differs from line {line} on"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_named_with_its_first_differing_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.md");
        assert_eq!(difference(&path, "a\n").as_deref(), Some("is not there"));
        fs::write(&path, "a\nb\n").unwrap();
        assert_eq!(difference(&path, "a\nb\n"), None);
        assert_eq!(difference(&path, "a\nc\n").as_deref(), Some("differs from line 2 on"));
        assert_eq!(difference(&path, "a\nb\nc\n").as_deref(), Some("differs from line 3 on"));
    }
}

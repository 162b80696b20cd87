//! The files that rules read, and what they say about them.

use std::{fs, path::Path};

use walkdir::{DirEntry, WalkDir};

/// Folders that hold nothing a person wrote here.
const SKIPPED_FOLDERS: &[&str] = &["target", ".git", "node_modules", ".venv", "__pycache__", "quarry-data"];
/// Endings of files that rules can read.
const READ: &[&str] = &[
    "rs", "toml", "md", "py", "sh", "yml", "yaml", "json", "txt", "Makefile", "run", "sql", "html", "js",
    "ts", "css",
];
/// Larger files are data.
const LARGEST: u64 = 1 << 20;

/// One file of the repository.
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl Source {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Its lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(position, line)| (position + 1, line))
    }

    /// The lines before the module of unit tests: what is compiled into the product.
    pub(crate) fn production(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }

    /// Rust that is compiled into a crate or a chore. A file `tests.rs` is a module of unit tests.
    pub(crate) fn is_module(&self) -> bool {
        self.is_rust() && self.path.contains("/src/") && !self.path.ends_with("/tests.rs")
    }

    /// Any Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The last part of its path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// A finding about a line of it.
    pub(crate) fn finding(&self, line: usize, rule: &'static str, advice: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, rule, advice: advice.into(), fatal: true }
    }
}

/// Something to mend, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    /// What to do, with the reason.
    pub(crate) advice: String,
    /// Whether the run fails; otherwise it is a warning.
    pub(crate) fatal: bool,
}

impl Finding {
    pub(crate) fn warning(self) -> Self {
        Self { fatal: false, ..self }
    }
}

/// Every file that rules can read, in the order of their paths.
pub(crate) fn all(root: &Path) -> Vec<Source> {
    let walk = WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(is_ours);
    walk.flatten().filter_map(|entry| read(root, &entry)).collect()
}

fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    !(entry.file_type().is_dir() && SKIPPED_FOLDERS.contains(&name.as_ref()))
}

fn read(root: &Path, entry: &DirEntry) -> Option<Source> {
    let path = entry.path().strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
    let ending = path.rsplit(['.', '/']).next().unwrap_or_default();
    let wanted = entry.file_type().is_file() && READ.contains(&ending) && !path.starts_with("models/");
    if !wanted || entry.metadata().ok()?.len() > LARGEST {
        return None;
    }
    Some(Source { text: fs::read_to_string(entry.path()).ok()?, path })
}

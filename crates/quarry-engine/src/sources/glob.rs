//! Patterns of paths: `*` is any run of characters but `/`, `**` any run of whole parts, `?` one character but `/`. A
//! pattern without `/` is about the last part, wherever it is.

/// Patterns that a path must fit, and such that it must not.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs {
    include: Vec<Vec<String>>,
    exclude: Vec<Vec<String>>,
}

impl Globs {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Self {
        let parts = |patterns: &[String]| patterns.iter().map(|pattern| parts(pattern)).collect();
        Self { include: parts(include), exclude: parts(exclude) }
    }

    /// Whether a file belongs to the source.
    pub(super) fn admit(&self, path: &str) -> bool {
        let fits = |patterns: &[Vec<String>]| patterns.iter().any(|pattern| matches(pattern, path));
        (self.include.is_empty() || fits(&self.include)) && !fits(&self.exclude)
    }

    /// Whether a folder is left out with everything below it.
    pub(super) fn skip(&self, folder: &str) -> bool {
        // What stands below it does not matter where everything below is meant.
        self.exclude.iter().any(|pattern| {
            matches(pattern, folder)
                || pattern.split_last().is_some_and(|(last, rest)| last == "**" && matches(rest, folder))
        })
    }
}

fn parts(pattern: &str) -> Vec<String> {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let anywhere = !pattern.contains('/');
    let own = pattern.split('/').map(str::to_owned);
    anywhere.then(|| "**".to_owned()).into_iter().chain(own).collect()
}

fn matches(pattern: &[String], path: &str) -> bool {
    let path: Vec<&str> = path.split('/').collect();
    fits(pattern, &path)
}

/// Backtracks over `**` only, of which patterns have few; positions that failed are not tried again.
fn fits(pattern: &[String], path: &[&str]) -> bool {
    // Which prefixes of the path fit the pattern so far.
    let mut reached: Vec<bool> = std::iter::once(true).chain(path.iter().map(|_| false)).collect();
    for wanted in pattern {
        let mut next = vec![false; reached.len()];
        let mut open = false;
        for (place, slot) in next.iter_mut().enumerate() {
            let here = reached.get(place).copied().unwrap_or_default();
            if wanted == "**" {
                open |= here;
                *slot = open;
            } else if let Some(before) = place.checked_sub(1) {
                let part = path.get(before).copied().unwrap_or_default();
                *slot = reached.get(before).copied().unwrap_or_default() && part_fits(wanted, part);
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// One part of a path against one part of a pattern.
fn part_fits(pattern: &str, part: &str) -> bool {
    let part: Vec<char> = part.chars().collect();
    let mut reached: Vec<bool> = std::iter::once(true).chain(part.iter().map(|_| false)).collect();
    for wanted in pattern.chars() {
        let mut next = vec![false; reached.len()];
        let mut open = false;
        for (place, slot) in next.iter_mut().enumerate() {
            let here = reached.get(place).copied().unwrap_or_default();
            if wanted == '*' {
                open |= here;
                *slot = open;
            } else if let Some(before) = place.checked_sub(1) {
                let same = wanted == '?' || part.get(before) == Some(&wanted);
                *slot = same && reached.get(before).copied().unwrap_or_default();
            }
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Globs;

    #[test]
    fn patterns_mean_what_people_expect() {
        for (pattern, path, expected) in [
            ("*.md", "a.md", true),
            ("*.md", "deep/er/a.md", true),
            ("*.md", "a.mdx", false),
            ("docs/*.md", "docs/a.md", true),
            ("docs/*.md", "docs/b/a.md", false),
            ("docs/**", "docs/b/a.md", true),
            ("docs/**/*.md", "docs/a.md", true),
            ("**/drafts/**", "a/drafts/b/c", true),
            ("**/drafts/**", "a/draft/b", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("./docs/", "docs", true),
            ("*", "any/thing", true),
            ("**", "any/thing", true),
            ("", "a", false),
            ("ü*.t?t", "überall.txt", true),
        ] {
            assert_eq!(Globs::new(&[pattern.to_owned()], &[]).admit(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_excluded_wins_and_takes_folders_along() {
        let globs = Globs::new(&["*.md".to_owned()], &["drafts/**".to_owned(), "private".to_owned()]);
        assert!(globs.admit("a.md") && !globs.admit("drafts/a.md") && !globs.admit("a.txt"));
        assert!(globs.skip("drafts") && globs.skip("x/private") && !globs.skip("docs"));
    }

    #[test]
    fn hostile_patterns_take_no_time() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!Globs::new(&[pattern], &[]).admit(&"a".repeat(1_000)));
        let pattern = "**/".repeat(200) + "x";
        assert!(!Globs::new(&[pattern], &[]).admit(&"a/".repeat(500)));
    }
}
